// ANCHOR: head
//! Stage `tokenizer`: byte-pair merges learnt from the training documents.

use crate::parts::Origin;
use crate::rank_0::by_rank_0;
use crate::run::Run;
use crate::stages::data;
use anyhow::{Context, Result, anyhow, bail, ensure};
use indicatif::ProgressBar;
use muon::Collective;
use serde::{Deserialize, Serialize};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;
use tokenizer::Progress;
use tokenizer::{FindMerges, Tokenizer, TrainSettings, train_with};
// ANCHOR_END: head

// ANCHOR: note
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TokenizerNote {
    pub vocab_size: usize,
    pub trained_on_bytes: usize,
    pub seconds: f64,
    /// On validation documents, which the merges were not learnt from.
    pub bytes_per_token: f64,
    /// Where the merges were not found by chapter 01's own code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugged: Option<PluggedMerges>,
}

/// What finding the merges took, on the same chunks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PluggedMerges {
    pub merges: usize,
    pub seconds: f64,
    pub chapters_seconds: f64,
}
// ANCHOR_END: note

// ANCHOR: run
/// Rank 0 looks for the merges; the others wait.
pub fn run(run: &Run, ranks: &dyn Collective) -> Result<TokenizerNote> {
    by_rank_0(ranks, || learnt(run))
}

fn learnt(run: &Run) -> Result<TokenizerNote> {
    if let Some(note) = run
        .folder
        .finished::<TokenizerNote>("tokenizer", &run.folder.tokenizer())?
    {
        run.say(
            "tokenizer",
            &format!("{} tokens, kept from before", note.vocab_size),
        );
        return Ok(note);
    }
    run.folder.begin("tokenizer")?;
    let started = Instant::now();
    let recipe = &run.recipe.tokenizer;
    let settings = TrainSettings {
        max_chars: Some(recipe.max_chars),
        ..TrainSettings::new(recipe.vocab_size)
    };
    // Hidden where the standard error is no terminal.
    let bar = ProgressBar::new_spinner();
    let mut trained_on_bytes = 0;
    let mut progress = |now| {
        if let Progress::Counting { bytes, .. } = now {
            trained_on_bytes = bytes;
        }
        show(&bar, now);
    };
    let merges = &run.parts.merges;
    let (tokenizer, plugged) = match &merges.origin {
        None => {
            let tokenizer = data::from_training_texts(run, |texts| {
                tokenizer::train(texts, &settings, &mut progress)
            })?;
            (tokenizer, None)
        }
        Some(origin) => plugged(merges.function, origin, run, &settings, &mut progress)?,
    };
    bar.finish_and_clear();
    let seconds = started.elapsed().as_secs_f64();

    let held_out = data::validation_texts(run, 200_000)?;
    let (mut bytes, mut tokens) = (0, 0);
    for text in &held_out {
        let ids = tokenizer.encode(text);
        ensure!(
            tokenizer.decode(&ids) == *text,
            "the tokenizer does not give a validation document back; this is a bug"
        );
        bytes += text.len();
        tokens += ids.len();
    }
    let path = run.folder.tokenizer();
    let parent = path.parent().context("a tokenizer lies in a folder")?;
    std::fs::create_dir_all(parent)
        .with_context(|| format!("cannot create {}", parent.display()))?;
    tokenizer.save(&path)?;
    let note = TokenizerNote {
        vocab_size: tokenizer.vocab_size(),
        trained_on_bytes,
        seconds,
        bytes_per_token: bytes as f64 / tokens.max(1) as f64,
        plugged,
    };
    run.folder.write_note("tokenizer", &note)?;
    run.say(
        "tokenizer",
        &format!(
            "{} tokens from {:.1} MB in {seconds:.1} s · {:.2} bytes per token",
            note.vocab_size,
            trained_on_bytes as f64 / 1e6,
            note.bytes_per_token
        ),
    );
    Ok(note)
}

/// The tokenizer that this run trained.
pub fn load(run: &Run) -> Result<Tokenizer> {
    let path = run.folder.tokenizer();
    ensure!(
        path.exists(),
        "{} is missing; run the stage `tokenizer` first",
        path.display()
    );
    run.folder.trust("tokenizer")?;
    Ok(Tokenizer::load(&path)?)
}
// ANCHOR_END: run

// ANCHOR: bar
/// The three parts of training a tokenizer, one after the other.
fn show(bar: &ProgressBar, now: Progress) {
    let said = match now {
        Progress::Counting { bytes, chunks, .. } => {
            format!("{:.1} MB read, {chunks} chunks found", bytes as f64 / 1e6)
        }
        Progress::Indexing { chunks } => format!("{chunks} chunks laid out"),
        Progress::Merging { done, total } => format!("{done} of {total} merges"),
    };
    bar.set_message(format!("tokenizer: {said}"));
    bar.tick();
}
// ANCHOR_END: bar

// ANCHOR: plugged
/// A tokenizer whose merges are found by `find`, and the seconds that the finding took.
fn trained(
    find: FindMerges,
    run: &Run,
    settings: &TrainSettings,
    progress: &mut dyn FnMut(Progress),
) -> Result<(Tokenizer, f64)> {
    let mut seconds = 0.0;
    let timed = |counts: &_, wanted, progress: &mut dyn FnMut(_)| {
        let started = Instant::now();
        let merges = find(counts, wanted, progress);
        seconds = started.elapsed().as_secs_f64();
        merges
    };
    let tokenizer =
        data::from_training_texts(run, |texts| train_with(timed, texts, settings, progress))?;
    Ok((tokenizer, seconds))
}

/// The same with merges that somebody else finds. They were looked at on small texts before; the chapter's own code takes a
/// moment, so here they are compared on the text that counts.
fn plugged(
    find: FindMerges,
    origin: &Origin,
    run: &Run,
    settings: &TrainSettings,
    progress: &mut dyn FnMut(Progress),
) -> Result<(Tokenizer, Option<PluggedMerges>)> {
    let (chapters, chapters_seconds) = trained(tokenizer::train::merges, run, settings, progress)?;
    let complaint = |problem: &str| {
        let problem = format!("{problem} on the training text, though it held on small texts");
        origin.complaint(&problem)
    };
    let asked = AssertUnwindSafe(|| trained(find, run, settings, progress));
    let (tokenizer, seconds) = catch_unwind(asked)
        .map_err(|_| anyhow!(complaint("panicked (the lines above say where)")))?
        .with_context(|| complaint("failed"))?;
    let (right, found) = (
        chapters.vocabulary().merges(),
        tokenizer.vocabulary().merges(),
    );
    // Fewer merges than asked for are an error above; more would be too.
    let part = right
        .iter()
        .zip(found)
        .take_while(|(right, found)| right == found)
        .count();
    if part < right.len().max(found.len()) {
        bail!(complaint(&format!(
            "made the chapter's first {part} merges and then others"
        )));
    }
    let plugged = PluggedMerges {
        merges: found.len(),
        seconds,
        chapters_seconds,
    };
    Ok((tokenizer, Some(plugged)))
}
// ANCHOR_END: plugged

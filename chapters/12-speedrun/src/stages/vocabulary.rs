// ANCHOR: head
//! Stage `tokenizer`: byte-pair merges learnt from the training documents.

use crate::run::Run;
use crate::stages::data;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::time::Instant;
use tokenizer::{Tokenizer, TrainSettings};
// ANCHOR_END: head

// ANCHOR: note
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TokenizerNote {
    pub vocab_size: usize,
    pub trained_on_bytes: usize,
    pub seconds: f64,
    /// On validation documents, which the merges were not learnt from.
    pub bytes_per_token: f64,
}
// ANCHOR_END: note

// ANCHOR: run
pub fn run(run: &Run) -> Result<TokenizerNote> {
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
    let texts = data::training_texts(run, recipe.max_chars)?;
    let trained_on_bytes = texts.iter().map(String::len).sum();
    let settings = TrainSettings {
        max_chars: Some(recipe.max_chars),
        ..TrainSettings::new(recipe.vocab_size)
    };
    let tokenizer = tokenizer::train(texts.into_iter(), &settings, &mut |_| ())?;
    let seconds = started.elapsed().as_secs_f64();

    let held_out = data::validation_texts(run, 200_000)?;
    let (mut bytes, mut tokens) = (0, 0);
    for text in &held_out {
        let ids = tokenizer.encode(text);
        anyhow::ensure!(
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
    anyhow::ensure!(
        path.exists(),
        "{} is missing; run the stage `tokenizer` first",
        path.display()
    );
    Ok(Tokenizer::load(&path)?)
}
// ANCHOR_END: run

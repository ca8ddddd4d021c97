// ANCHOR: head
//! Stage `data`: documents to pretrain on and conversations to fine-tune on.
//!
//! The documents are the embedded world's, or the user's own folder of text (`--text`). The conversations are the
//! embedded world's in both cases.
//!
//! A recipe on real data has all of it fetched by chapter 02: what is missing in the run's data folder, and nothing else.

use crate::rank_0::by_rank_0;
use crate::recipe::{DamagedGroups, Data, Packing};
use crate::run::Run;
use anyhow::{Context, Error, Result, bail};
use dataset::corpus::OpenSettings;
use dataset::download::{Bars, Catalogue, Order, Settings, provide};
use dataset::tidepool::{CorpusSettings, World, write_corpus};
use dataset::{
    BatchSource, Corpus, Damage, DocumentSource, PackingSettings, Position, PretrainBatches,
    StreamBatches, open_corpus,
};
use muon::Collective;
use serde::{Deserialize, Serialize};
use sft::Kind;
use std::time::Instant;
use tokenizer::Tokenizer;
// ANCHOR_END: head

// ANCHOR: note
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DataNote {
    /// One line for the report.
    pub about: String,
    pub seconds: f64,
}
// ANCHOR_END: note

// ANCHOR: run
/// Rank 0 makes or fetches them; the others wait.
pub fn run(run: &Run, ranks: &dyn Collective) -> Result<DataNote> {
    by_rank_0(ranks, || provided(run))
}

fn provided(run: &Run) -> Result<DataNote> {
    let started = Instant::now();
    let Data::Tidepool {
        entities,
        corpus: settings,
    } = &run.recipe.data
    else {
        // Real shards: the user's folder is read as it is.
        return external(run, started);
    };
    let world = world(run)?;
    let settings = CorpusSettings {
        seed: run.recipe.seed,
        ..settings.clone()
    };
    // Leaves a complete corpus of the same world and settings as it is.
    let manifest = write_corpus(&world, &run.folder.data(), &settings)?;
    let mut about = format!(
        "tidepool: {entities} entities, {:.1} MB of documents, {} files, {} distinct words",
        manifest.pretraining_bytes() as f64 / 1e6,
        manifest.files.len(),
        manifest.distinct_words
    );
    if let Some(text) = &run.text {
        corpus(run)?; // fails now rather than later if the folder holds no text
        about = format!(
            "documents from {}; conversations from {about}",
            text.display()
        );
    }
    let mut note = DataNote {
        about,
        seconds: started.elapsed().as_secs_f64(),
    };
    // The same data found again: the time of making it is the one that counts.
    if let Some(made) = run
        .folder
        .finished::<DataNote>("data", &run.folder.data())?
        && made.about == note.about
    {
        note = made;
    }
    run.folder.write_note("data", &note)?;
    run.say("data", &format!("{} · {:.1} s", note.about, note.seconds));
    Ok(note)
}

fn external(run: &Run, started: Instant) -> Result<DataNote> {
    let (catalogue, data) = (Catalogue::built_in(), run.folder.data());
    let order = order(run, &catalogue);
    let settings = Settings::from_environment()?;
    let provided = provide(&catalogue, &order, &data, &settings, &Bars::default())
        .with_context(|| format!("the data of the recipe {}", run.recipe.name))?;
    for remark in &provided.remarks {
        run.say("data", remark);
    }
    corpus(run)?; // fails now rather than later if the shards cannot be read
    let documents = match (&run.text, &order.shards) {
        (Some(text), _) => text.display().to_string(),
        (None, Some((repository, Some(count)))) => format!("{count} shards of {repository}"),
        (None, _) => "all shards".to_owned(),
    };
    let note = DataNote {
        about: format!("documents from {documents}; {} files", provided.files),
        seconds: started.elapsed().as_secs_f64(),
    };
    run.folder.write_note("data", &note)?;
    run.say(
        "data",
        &format!(
            "{}, {} of them fetched now · {:.1} s",
            note.about, provided.fetched, note.seconds
        ),
    );
    Ok(note)
}
// ANCHOR_END: run

// ANCHOR: missing
/// What a recipe on real data needs and the run's data folder does not have. What somebody has put there by hand stays.
fn order(run: &Run, catalogue: &Catalogue) -> Order {
    let recipe = &run.recipe;
    let mut sets: Vec<&str> = Vec::new();
    let stages = recipe.mid.iter().chain(&recipe.sft);
    let mixtures = stages.flat_map(|stage| [Some(&stage.mixture), stage.validation.as_ref()]);
    for source in mixtures.flatten().flat_map(|mixture| &mixture.sources) {
        sets.extend(match source.kind {
            Kind::Smoltalk => &["smoltalk"][..],
            Kind::Mmlu => &["mmlu"],
            Kind::Arc => &["arc-easy", "arc-challenge"],
            Kind::Gsm8k => &["gsm8k"],
            Kind::Identity => &["identity"],
            Kind::SimpleSpelling | Kind::SpellingBee => &["words"],
            Kind::Pages => &[], // of the corpus, which is there already
        });
    }
    if recipe.rl.is_some() {
        sets.push("gsm8k");
    }
    if recipe.evals.is_some() {
        sets.extend(["core", "arc-easy", "arc-challenge", "mmlu", "gsm8k"]);
        sets.extend(["humaneval", "words"]);
    }
    sets.sort_unstable();
    sets.dedup();
    let data = run.folder.data();
    sets.retain(|name| !catalogue.is_in_place(name, &data));
    let shards = match (&run.text, &recipe.data) {
        (
            None,
            Data::Shards {
                repository, shards, ..
            },
        ) => Some((repository.clone(), Some(*shards))),
        _ => None,
    };
    Order {
        shards,
        sets: sets.into_iter().map(str::to_owned).collect(),
    }
}
// ANCHOR_END: missing

// ANCHOR: world
/// The embedded world of this run.
pub fn world(run: &Run) -> Result<World> {
    let Data::Tidepool { entities, .. } = run.recipe.data else {
        bail!("the recipe {} has no embedded world", run.recipe.name);
    };
    Ok(World::new(run.recipe.seed, entities)?)
}

/// Why this run's base model cannot know the embedded world, if it cannot.
pub fn no_world(run: &Run) -> Option<String> {
    match (&run.recipe.data, &run.text) {
        (Data::Shards { .. }, _) => Some("the recipe has no embedded world".into()),
        (_, Some(text)) => Some(format!(
            "the base model was trained on {}, which does not state the world's facts",
            text.display()
        )),
        _ => None,
    }
}
// ANCHOR_END: world

// ANCHOR: documents
/// The run's documents, training and validation apart.
fn corpus(run: &Run) -> Result<Corpus> {
    run.folder.trust("data")?;
    let folder = run
        .text
        .clone()
        .unwrap_or_else(|| run.folder.data().join("pretrain"));
    // Best fit crops what is longer than a row, and of one long text it would crop nearly all. At 2.5 characters per
    // token, a careful guess that needs no tokenizer yet, a piece fits into a row.
    let mut settings = OpenSettings::default();
    settings.texts.max_document_chars = run.recipe.model.context as usize * 5 / 2;
    // The same shard always, however many are there: else the next download would make training text of it.
    if let (
        None,
        Data::Shards {
            repository,
            damaged_groups,
            ..
        },
    ) = (&run.text, &run.recipe.data)
    {
        let set = Catalogue::built_in();
        settings.validation_shard = Some(set.shard_set(repository)?.validation());
        settings.damage = match damaged_groups {
            DamagedGroups::Stop => Damage::Stop,
            DamagedGroups::Skip => Damage::skip_loudly(),
        };
    }
    open_corpus(&folder, &settings)
        .with_context(|| format!("cannot read documents from {}", folder.display()))
}

/// The training documents, once each, read as they are asked for: a corpus does not have to fit into memory.
struct TrainingTexts {
    source: Box<dyn DocumentSource>,
    /// What ended the reading early.
    failed: Option<dataset::Error>,
}

impl Iterator for TrainingTexts {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        if self.failed.is_some() {
            return None;
        }
        match self.source.next_document() {
            Ok(document) => (document.at.epoch <= 1).then_some(document.text),
            Err(error) => {
                self.failed = Some(error);
                None
            }
        }
    }
}

/// What `train` makes of the training documents. An error of the reading comes first: it is why there were too few texts.
pub fn from_training_texts<T>(
    run: &Run,
    train: impl FnOnce(&mut dyn Iterator<Item = String>) -> Result<T, tokenizer::Error>,
) -> Result<T> {
    let mut texts = TrainingTexts {
        source: corpus(run)?.train,
        failed: None,
    };
    let trained = train(&mut texts);
    match texts.failed {
        Some(error) => Err(error.into()),
        None => Ok(trained?),
    }
}

/// Validation documents until `characters` are reached, or all of them once.
pub fn validation_texts(run: &Run, characters: usize) -> Result<Vec<String>> {
    let mut source = corpus(run)?.validation;
    let (mut texts, mut seen) = (Vec::new(), 0);
    while seen < characters {
        let document = source.next_document()?;
        if document.at.epoch > 1 {
            break;
        }
        seen += document.text.chars().count();
        texts.push(document.text);
    }
    Ok(texts)
}
// ANCHOR_END: documents

// ANCHOR: batches
/// Training batches, from `position` or from the beginning, as the recipe says; by best fit whatever it says if the run has a rule of
/// its own, which is a rule for best fit.
pub fn training_batches(
    run: &Run,
    tokenizer: &Tokenizer,
    rows: usize,
    time: usize,
    position: Option<Position>,
) -> Result<Box<dyn BatchSource>> {
    let (source, settings) = (corpus(run)?.train, PackingSettings::new(rows, time));
    let choose = run.parts.packing.function;
    if choose.is_none() && run.recipe.train.packing == Packing::Stream {
        let mut batches = StreamBatches::new(source, tokenizer, settings)?;
        if let Some(position) = position {
            batches.resume(&position)?;
        }
        return Ok(Box::new(batches));
    }
    let mut batches = PretrainBatches::new(source, tokenizer, settings)?;
    if let Some(choose) = choose {
        batches = batches.choosing(choose);
    }
    if let Some(position) = position {
        batches.resume(&position)?;
    }
    Ok(Box::new(batches))
}

/// An error of training, with the name of the exercise where a rule that was plugged in may be to blame.
pub fn blamed(run: &Run, error: pretrain::Error) -> Error {
    let problem = match &error {
        pretrain::Error::Data(dataset::Error::Choice { .. }) => "failed",
        // The thread makes ids of texts too, but that is the chapters' own code.
        pretrain::Error::Data(dataset::Error::Panicked { .. }) => {
            "seems to have panicked (the lines above say where)"
        }
        _ => return error.into(),
    };
    match &run.parts.packing.origin {
        Some(origin) => Error::new(error).context(origin.complaint(&format!(
            "{problem} on the training text, though it held on other buffers"
        ))),
        None => error.into(),
    }
}

/// Packed validation batches, by the chapter's own rule whatever the run's is.
pub fn validation_batches(
    run: &Run,
    tokenizer: &Tokenizer,
    rows: usize,
    time: usize,
) -> Result<PretrainBatches> {
    Ok(PretrainBatches::new(
        corpus(run)?.validation,
        tokenizer,
        PackingSettings::new(rows, time),
    )?)
}
// ANCHOR_END: batches

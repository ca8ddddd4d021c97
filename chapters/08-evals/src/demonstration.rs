// ANCHOR: head
//! A small base model, trained in half a minute, and its examination before and after.

use std::path::Path;

use anyhow::Result;
use dataset::tidepool::{CorpusSettings, World, write_corpus};
use dataset::{
    DocumentSource, MemoryDocuments, PackingSettings, Prefetch, PretrainBatches,
    corpus::OpenSettings, open_corpus,
};
use evals::chat::{
    self, ChatMeans, ChatScore, ChoiceTask, Form, by_continuation, by_letter, drawn,
};
use evals::core::{Bundle, CoreScore, CoreSettings, Item, evaluate, order, question, table};
use evals::{Bootstrap, Task};
use muon::{Optimizer, PlainUpdates, Rates2025, Solo, groups_2025};
use pretrain::{Evaluation, Interrupt, Metrics, Schedule, Settings, Trainer};
use tensors::Machine;
use tokenizer::{Tokenizer, TrainSettings};
use transformer::{Causal, Config, Gpt, Plain, PlainScorer, dial};

/// T, and the model's context: the bundle's prompts with three shots just fit.
pub const TIME: usize = 128;
pub const ROWS: usize = 16;
pub const STEPS: u64 = 300;
// ANCHOR_END: head

// ANCHOR: run
pub fn run(machine: &Machine) -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let data = scratch.path().join("tidepool");
    write_corpus(&World::new(1, 30)?, &data, &corpus_settings())?;
    let tokenizer = train_tokenizer(&data)?;
    let bundle = Bundle::open(&data.join("core"))?;
    show_one_of_each_kind(&bundle, &tokenizer)?;

    let fresh = fresh_model(&tokenizer, machine)?;
    println!(
        "\nBefore training:\n{}",
        table(&core(&fresh, &tokenizer, &bundle)?)
    );
    let gpt = trained(documents(&data)?, &tokenizer, scratch.path(), machine)?;
    println!(
        "\nAfter {STEPS} steps of {} tokens:\n{}",
        ROWS * TIME,
        table(&core(&gpt, &tokenizer, &bundle)?)
    );
    println!(
        "\nQuestions with options, asked in two ways (the model has never seen a conversation):\n{}",
        chat::table(&both_ways(&gpt, &tokenizer, &data)?, &Bootstrap::default())
            .lines()
            .filter(|line| !line.contains("ChatCORE"))
            .collect::<Vec<_>>()
            .join("\n")
    );
    Ok(())
}

pub fn core(gpt: &Gpt, tokenizer: &Tokenizer, bundle: &Bundle) -> Result<CoreScore> {
    let scorer = PlainScorer::new(gpt, &Plain);
    let settings = CoreSettings::new(TIME);
    Ok(evaluate(
        bundle,
        tokenizer,
        &scorer,
        &settings,
        &mut |_| (),
    )?)
}

/// ARC-Easy's twin by letter, and by continuation as a page of text.
fn both_ways(gpt: &Gpt, tokenizer: &Tokenizer, data: &Path) -> Result<Vec<ChatScore>> {
    let task = ChoiceTask::open("ARC-Easy", &data.join("arc/ARC-Easy/test.jsonl"))?;
    let scorer = PlainScorer::new(gpt, &Plain);
    let means = ChatMeans::new(tokenizer, TIME);
    let indices = drawn(&task as &dyn Task, None);
    Ok(vec![
        by_letter(&task, &indices, &means, &scorer)?,
        by_continuation(&task, &indices, Form::Page, &means, &scorer)?,
    ])
}
// ANCHOR_END: run

// ANCHOR: show
/// The first question of the first task of each kind, with what is scored between ⟦ and ⟧.
fn show_one_of_each_kind(bundle: &Bundle, tokenizer: &Tokenizer) -> Result<()> {
    let mut shown = Vec::new();
    for task in &bundle.tasks {
        if shown.contains(&task.kind) {
            continue;
        }
        shown.push(task.kind);
        println!("\n{} ({}):", task.kind.name(), task.label);
        let items = task.items()?;
        let asked: Vec<&Item> = order(items.len(), None)
            .into_iter()
            .map(|item| &items[item])
            .collect();
        for row in question(task, &asked, 0, tokenizer).rows {
            let text = |ids: &[u32]| tokenizer.decode(ids);
            println!(
                "  {}⟦{}⟧",
                text(&row.ids[1..row.start]),
                text(&row.ids[row.start..])
            );
        }
    }
    Ok(())
}
// ANCHOR_END: show

// ANCHOR: model
pub fn corpus_settings() -> CorpusSettings {
    CorpusSettings {
        bytes: 2_000_000,
        ..CorpusSettings::smoke()
    }
}

/// 768 tokens, from the pretraining text.
pub fn train_tokenizer(data: &Path) -> Result<Tokenizer> {
    let mut texts = open_corpus(&data.join("pretrain"), &OpenSettings::default())?.train;
    let texts = (0..2_000)
        .map(|_| Ok(texts.next_document()?.text))
        .collect::<Result<Vec<String>>>()?;
    let settings = TrainSettings::new(768);
    Ok(tokenizer::train(texts.into_iter(), &settings, &mut |_| ())?)
}

/// Three layers of width 96.
pub fn fresh_model(tokenizer: &Tokenizer, machine: &Machine) -> Result<Gpt> {
    let config = Config {
        layers: 3,
        width: 96,
        heads: 2,
        kv_heads: 2,
        ..Config::d(2, tokenizer.vocab_size() as i64, TIME as i64)?
    };
    Ok(Gpt::new(&config, machine.device, 1)?.with_compute(machine.compute))
}
// ANCHOR_END: model

// ANCHOR: train
/// The training documents of a corpus.
pub fn documents(data: &Path) -> Result<Vec<String>> {
    let mut corpus = open_corpus(&data.join("pretrain"), &OpenSettings::default())?.train;
    let mut texts = Vec::new();
    loop {
        // A source never ends; the second epoch begins with the first document again.
        let text = corpus.next_document()?.text;
        if texts.first() == Some(&text) {
            return Ok(texts);
        }
        texts.push(text);
    }
}

/// A fresh model, trained on `texts` with chapter 05's loop.
pub fn trained(
    texts: Vec<String>,
    tokenizer: &Tokenizer,
    folder: &Path,
    machine: &Machine,
) -> Result<Gpt> {
    let gpt = fresh_model(tokenizer, machine)?;
    let source = Box::new(MemoryDocuments::open(vec![texts], 0, 1)?);
    let batches = PretrainBatches::new(source, tokenizer, PackingSettings::new(ROWS, TIME))?;
    let groups = groups_2025(
        gpt.parameters(),
        gpt.config().width,
        &Rates2025::default(),
        gpt.compute(),
    )?;
    std::fs::create_dir_all(folder)?;
    let mut metrics = Metrics::open(&folder.join("metrics.jsonl"))?;
    let trainer = Trainer {
        gpt: &gpt,
        kernels: &Plain,
        context: Box::new(Causal),
        optimizer: Optimizer::new(groups, Box::new(PlainUpdates), Box::new(Solo))?,
        tokenizer,
        batches: Box::new(Prefetch::new(batches, 4)),
        evaluate: Box::new(|_, _| Ok(Evaluation::default())),
        metrics: &mut metrics,
        interrupt: Interrupt::never(),
        settings: Settings {
            stage: "base".into(),
            schedule: Schedule::october_2025(STEPS, 0.0, 0.4, 0.0),
            accumulation: 1,
            clip: Some(1.0),
            evaluate_every: 0,
            checkpoint_seconds: 1e9,
            folder: folder.join("base"),
            recipe: "demonstration".into(),
            flops_per_token: dial::flops_per_token(gpt.config()) as f64,
            durability: pretrain::Durability::default(),
            peak_flops: None,
        },
    };
    let state = trainer.fresh_state();
    trainer.run(state)?;
    Ok(gpt)
}
// ANCHOR_END: train

// ANCHOR: head
//! The demonstration of chapter 07: conversations with their mask in colour, the published mixtures counted, then midtraining
//! and fine-tuning of some seconds each.
//!
//! The model starts fresh, so it has no knowledge to talk about: what it learns here is the *form* of an answer.

use dataset::tidepool::{CorpusSettings, World, write_corpus};
use dataset::{Conversation, Message};
use muon::{Rates2025, Solo};
use pretrain::{Durability, Evaluation, Interrupt, Metrics};
use sft::{
    Mixture, MixtureRecipe, SftRun, StageRecipe, evaluate_by_source, fine_tune, open_mixture,
    published, render, visualise,
};
use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::Path;
use std::rc::Rc;
use tokenizer::{Special, Tokenizer, TrainSettings};
use transformer::{
    Causal, Config, Gpt, NaiveSampler, Plain, PlainScorer, Prompt, Sampler, Sampling,
};

/// T, and the model's context.
const TIME: usize = 128;
// ANCHOR_END: head

// ANCHOR: stages
/// Both stages, as a recipe file would hold them.
const STAGES: [(&str, &str); 2] = [
    (
        "mid",
        r#"{
        "mixture": { "seed": 1, "sources": [
            { "kind": "smoltalk" },
            { "kind": "mmlu" },
            { "kind": "gsm8k" },
            { "kind": "identity", "repeats": 2 },
            { "kind": "spelling_bee", "rows": 300 } ] },
        "supervise": "everything",
        "epochs": 1.0, "batch_tokens": 2048, "device_rows": 16,
        "rate_scale": 1.0, "ramp": { "warmdown_ratio": 0.2 }, "clip": 1.0, "checkpoint_seconds": 600.0
    }"#,
    ),
    (
        "sft",
        r#"{
        "mixture": { "seed": 2, "sources": [
            { "kind": "smoltalk", "repeats": 2 },
            { "kind": "mmlu" },
            { "kind": "gsm8k" },
            { "kind": "spelling_bee", "rows": 300, "repeats": 0.5 } ] },
        "supervise": "assistant",
        "epochs": 2.0, "batch_tokens": 2048, "device_rows": 16,
        "rate_scale": 0.5, "ramp": { "warmdown_ratio": 1.0 }, "clip": 1.0, "checkpoint_seconds": 600.0
    }"#,
    ),
];

/// What is scored, source by source: conversations that no stage has seen.
const VALIDATION: &str = r#"{ "sources": [
    { "kind": "smoltalk", "split": "test" },
    { "kind": "mmlu", "split": "test" },
    { "kind": "gsm8k", "split": "test" },
    { "kind": "spelling_bee", "rows": 100, "split": "test" } ] }"#;
// ANCHOR_END: stages

// ANCHOR: main
fn main() -> anyhow::Result<()> {
    let machine = tensors::start(&tensors::Choice::default())?;
    let scratch = tempfile::tempdir()?;
    let world = scratch.path().join("tidepool");
    write_corpus(&World::new(1, 100)?, &world, &CorpusSettings::smoke())?;
    let validation: MixtureRecipe = serde_json::from_str(VALIDATION)?;
    let validation = open_mixture(&validation, &world, 0, 1)?;
    let stages: Vec<(&str, StageRecipe)> = STAGES
        .iter()
        .map(|(name, text)| Ok((*name, serde_json::from_str(text)?)))
        .collect::<anyhow::Result<_>>()?;
    let everything = open_mixture(&stages[0].1.mixture, &world, 0, 1)?;
    let tokenizer = train_tokenizer(&everything)?;

    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    match colour {
        true => println!("\nGreen is trained on, red is context:"),
        false => println!("\nWhat is trained on stands between [ and ]:"),
    }
    for ingredient in &everything.ingredients()[..3] {
        let rendered = render(&ingredient.source.get(0)?, &tokenizer, usize::MAX)?;
        println!("\n{}", visualise(&rendered, &tokenizer, colour));
    }

    println!("\nnanochat's mixtures, conversations per epoch:");
    for (name, recipe) in [
        ("midtraining, October 2025", published::mid_2025()),
        ("midtraining, January 2026", published::mid_2026()),
        ("fine-tuning, October 2025", published::sft_2025()),
        ("fine-tuning, 2026", published::sft_2026(true)),
    ] {
        let conversations = recipe.published_conversations().unwrap_or(0);
        println!("  {name}: {conversations:>9}");
    }

    let mut from = scratch.path().join("base");
    std::fs::create_dir(&from)?;
    let mut gpt = fresh_model(&tokenizer, &machine, &from)?;
    let question = validation.ingredients()[0].source.get(1)?.messages[0].text();
    println!("\nasked    {question}");
    let mut metrics = Metrics::open(&scratch.path().join("metrics.jsonl"))?;
    report("before", &gpt, &tokenizer, &validation, &question)?;
    for (stage, recipe) in &stages {
        let folder = scratch.path().join(stage);
        (gpt, _) = fine_tune(SftRun {
            base: &from,
            folder: &folder,
            machine: &machine,
            kernels: &Plain,
            context: Box::new(Causal),
            tokenizer: &tokenizer,
            mixture: open_mixture(&recipe.mixture, &world, 0, 1)?,
            evaluate: Box::new(|_, _| Ok(Evaluation::default())),
            metrics: &mut metrics,
            interrupt: Interrupt::listen(),
            settings: recipe.settings(stage, Rates2025::default(), TIME)?,
            durability: Durability::default(),
            peak_flops: None,
            ranks: Rc::new(Solo),
        })?;
        report(stage, &gpt, &tokenizer, &validation, &question)?;
        from = folder;
    }
    Ok(())
}

/// The answer to a question, and the scores of each source.
fn report(
    when: &str,
    gpt: &Gpt,
    tokenizer: &Tokenizer,
    validation: &Mixture,
    question: &str,
) -> anyhow::Result<()> {
    println!("\n{when:<8} {}", answer(gpt, tokenizer, question)?);
    let scorer = PlainScorer::new(gpt, &Plain);
    for score in evaluate_by_source(&scorer, gpt.config(), tokenizer, validation, 50)? {
        println!("  {score}");
    }
    Ok(())
}
// ANCHOR_END: main

// ANCHOR: parts
/// 700 tokens, from the conversations themselves.
fn train_tokenizer(mixture: &Mixture) -> anyhow::Result<Tokenizer> {
    let mut texts = Vec::new();
    for ingredient in mixture.ingredients() {
        for index in 0..ingredient.source.len() {
            let talk = ingredient.source.get(index)?;
            texts.extend(talk.messages.iter().map(Message::text));
        }
    }
    Ok(tokenizer::train(
        texts.into_iter(),
        &TrainSettings::new(700),
        &mut |_| (),
    )?)
}

/// Two layers of width 96, saved as a model folder.
fn fresh_model(
    tokenizer: &Tokenizer,
    machine: &tensors::Machine,
    folder: &Path,
) -> anyhow::Result<Gpt> {
    let shape = Config::d(2, tokenizer.vocab_size() as i64, TIME as i64)?;
    let config = Config {
        width: 96,
        heads: 2,
        kv_heads: 2,
        ..shape
    };
    let gpt = Gpt::new(&config, machine.device, 1)?.with_compute(machine.compute);
    transformer::save_folder(&gpt, folder)?;
    tokenizer.save(&folder.join("tokenizer.json"))?;
    Ok(gpt)
}

/// The likeliest answer, at most 24 tokens of it.
fn answer(gpt: &Gpt, tokenizer: &Tokenizer, question: &str) -> anyhow::Result<String> {
    let conversation = Conversation {
        messages: vec![Message::user(question)],
    };
    let prompt = Prompt {
        ids: sft::render_for_completion(&conversation, tokenizer)?,
        settings: Sampling {
            temperature: 0.0,
            top_k: 0,
            max_tokens: 24,
            stop: vec![tokenizer.special(Special::AssistantEnd)],
            ..Sampling::default()
        },
        seed: 0,
    };
    let samples = NaiveSampler::new(gpt, &Plain)
        .sample(&[prompt], None, &mut |_| ControlFlow::Continue(()))?;
    Ok(tokenizer.decode(&samples[0].ids).escape_debug().to_string())
}
// ANCHOR_END: parts

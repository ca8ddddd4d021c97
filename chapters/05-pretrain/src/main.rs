// ANCHOR: head
//! The demonstration of chapter 05: a small base model that learns to write sentences about tidepool.
//!
//! `cargo run --bin pretrain` trains for under a minute on two cores and prints what the model writes before, during
//! and after.

use anyhow::Result;
use dataset::tidepool::{CorpusSettings, World, write_corpus};
use dataset::{
    Batch, BatchSource, PackingSettings, Prefetch, PretrainBatches, corpus::OpenSettings,
    open_corpus,
};
use muon::{Optimizer, PlainUpdates, Rates2025, Solo, groups_2025};
use pretrain::{
    Durability, Evaluation, Interrupt, KneserNey, Metrics, Outcome, Schedule, Settings, Trainer,
    bits_per_byte, take_batches, token_bytes_table,
};
use std::ops::ControlFlow;
use tokenizer::{Special, Tokenizer, TrainSettings};
use transformer::{Causal, Config, Gpt, NaiveSampler, Plain, Prompt, Sampler, Sampling, dial};

const ROWS: usize = 16;
const TIME: usize = 64;
const STEPS: u64 = 400;
// ANCHOR_END: head

// ANCHOR: main
fn main() -> Result<()> {
    let machine = tensors::start(&tensors::Choice::default())?;
    let scratch = tempfile::tempdir()?;

    // Text: an encyclopedia, stories and questions about forty made-up creatures, things and places.
    let world = World::new(1, 40)?;
    let data = scratch.path().join("data");
    write_corpus(
        &world,
        &data,
        &CorpusSettings {
            bytes: 2_000_000,
            ..CorpusSettings::smoke()
        },
    )?;
    let open = || open_corpus(&data.join("pretrain"), &OpenSettings::default());
    let mut texts = open()?.train;
    let texts: Vec<String> = (0..2_000)
        .map(|_| Ok(texts.next_document()?.text))
        .collect::<Result<_>>()?;
    let tokenizer = tokenizer::train(texts.into_iter(), &TrainSettings::new(512), &mut |_| ())?;
    let batches =
        |source| PretrainBatches::new(source, &tokenizer, PackingSettings::new(ROWS, TIME));
    let validation = take_batches(&mut batches(open()?.validation)?, 32)?;

    // Model and optimizer.
    let config = Config {
        layers: 3,
        width: 96,
        heads: 2,
        kv_heads: 2,
        ..Config::d(2, 512, TIME as i64)?
    };
    let gpt = Gpt::new(&config, machine.device, 1)?;
    println!(
        "{} parameters, {} steps of {} tokens",
        dial::parameter_count(&config),
        STEPS,
        ROWS * TIME
    );
    let groups = groups_2025(
        gpt.parameters(),
        config.width,
        &Rates2025::default(),
        gpt.compute(),
    )?;
    let optimizer = Optimizer::new(groups, Box::new(PlainUpdates), Box::new(Solo))?;

    let lengths = token_bytes_table(&tokenizer.token_bytes(), machine.device);
    let mut metrics = Metrics::open(&scratch.path().join("metrics.jsonl"))?;
    let trainer = Trainer {
        gpt: &gpt,
        kernels: &Plain,
        context: Box::new(Causal),
        optimizer,
        tokenizer: &tokenizer,
        batches: Box::new(Prefetch::new(batches(open()?.train)?, 4)),
        evaluate: Box::new(|gpt, _| {
            let bits_per_byte = Some(bits_per_byte(gpt, &Plain, &validation, &lengths)?);
            let samples = vec![("The ".to_string(), continue_text(gpt, &tokenizer, "The")?)];
            Ok(Evaluation {
                bits_per_byte,
                samples,
            })
        }),
        metrics: &mut metrics,
        interrupt: Interrupt::listen(),
        settings: Settings {
            stage: "base".into(),
            schedule: Schedule::october_2025(STEPS, 0.0, 0.4, 0.0),
            accumulation: 1,
            clip: Some(1.0),
            evaluate_every: 100,
            checkpoint_seconds: 60.0,
            folder: scratch.path().join("base"),
            durability: Durability::default(),
            recipe: "demonstration".into(),
            flops_per_token: dial::flops_per_token(&config) as f64,
            peak_flops: Some(tensors::measure_gemm_gflops(&machine) * 1e9),
        },
    };
    let state = trainer.fresh_state();
    let Outcome::Finished(state) = trainer.run(state)? else {
        return Ok(());
    };

    let mut seen = batches(open()?.train)?;
    let seen = (0..STEPS)
        .map(|_| Ok(rows(&seen.next_batch()?)))
        .collect::<Result<Vec<_>>>()?
        .concat();
    let trigram = KneserNey::train(512, seen.iter().map(Vec::as_slice));
    let held_out: Vec<Vec<u32>> = validation.iter().flat_map(rows).collect();
    println!(
        "bits per byte  model {:.4}",
        state.bits_per_byte.unwrap_or(f64::INFINITY)
    );
    println!(
        "               Kneser–Ney trigram of the same tokens {:.4}",
        trigram.bits_per_byte(held_out.iter().map(Vec::as_slice), &tokenizer.token_bytes())
    );
    Ok(())
}
// ANCHOR_END: main

// ANCHOR: pieces
/// Greedy continuation of a beginning.
fn continue_text(
    gpt: &Gpt,
    tokenizer: &Tokenizer,
    beginning: &str,
) -> Result<String, pretrain::Error> {
    let bos = tokenizer.special(Special::Bos);
    let mut ids = vec![bos];
    tokenizer.encode_into(beginning, &mut ids);
    let settings = Sampling {
        temperature: 0.0,
        top_k: 0,
        max_tokens: 40,
        stop: vec![bos],
        ..Sampling::default()
    };
    let prompt = Prompt {
        ids,
        settings,
        seed: 0,
    };
    let samples = NaiveSampler::new(gpt, &Plain)
        .sample(&[prompt], None, &mut |_| ControlFlow::Continue(()))?;
    Ok(tokenizer.decode(&samples[0].ids))
}

/// The rows of T + 1 tokens of a batch.
fn rows(batch: &Batch) -> Vec<Vec<u32>> {
    let inputs = batch.inputs.chunks(batch.time);
    let last = batch
        .targets
        .chunks(batch.time)
        .filter_map(|row| row.last());
    inputs
        .zip(last)
        .map(|(row, last)| row.iter().chain([last]).map(|&id| id as u32).collect())
        .collect()
}
// ANCHOR_END: pieces

//! A run small enough to be done again for every fault.

use dataset::{Batch, BatchSource, Position};
use muon::{Optimizer, PlainUpdates, Rates2025, Solo, groups_2025};
use pretrain::{
    Durability, Error, Evaluation, Interrupt, Metrics, Outcome, Schedule, Settings, TrainState,
    Trainer, checkpoint,
};
use serde_json::Value;
use std::path::Path;
use tch::Device;
use tokenizer::{Tokenizer, TrainSettings};
use transformer::{Causal, Config, Gpt, Kernels, Plain};

pub const STEPS: u64 = 20;

/// Rows that count upwards.
struct Counting(Position);

impl BatchSource for Counting {
    fn next_batch(&mut self) -> Result<Batch, dataset::Error> {
        let number = self.0.batches as i64;
        self.0.batches += 1;
        let id = |at: i64| (number * 31 + at) % 250;
        Ok(Batch {
            rows: 2,
            time: 8,
            inputs: (0..16).map(id).collect(),
            targets: (0..16).map(|at| id(at + 1)).collect(),
            position: self.0.clone(),
            supervised: 16,
        })
    }
}

pub fn tokenizer() -> Tokenizer {
    let text = "the crab walks sideways over the sand and the sand remembers the crab ".repeat(20);
    tokenizer::train(std::iter::once(text), &TrainSettings::new(280), &mut |_| ())
        .expect("enough text")
}

pub fn model(tokenizer: &Tokenizer, seed: u64) -> (Gpt, Optimizer) {
    let config = Config {
        heads: 1,
        kv_heads: 1,
        width: 16,
        layers: 1,
        ..Config::d(2, tokenizer.vocab_size() as i64, 16).expect("a shape")
    };
    let gpt = Gpt::new(&config, Device::Cpu, seed).expect("a model");
    let optimizer = optimizer(&gpt);
    (gpt, optimizer)
}

fn optimizer(gpt: &Gpt) -> Optimizer {
    let rates = Rates2025::default();
    let groups = groups_2025(gpt.parameters(), gpt.config().width, &rates, gpt.compute());
    let groups = groups.expect("groups");
    Optimizer::new(groups, Box::new(PlainUpdates), Box::new(Solo)).expect("an optimizer")
}

pub fn state(step: u64, bits_per_byte: Option<f64>, tokenizer: &Tokenizer) -> TrainState {
    TrainState {
        stage: "base".into(),
        step,
        steps: STEPS,
        tokens: 0,
        seconds: 0.0,
        smooth_loss: 0.0,
        bits_per_byte,
        evaluated: bits_per_byte.map(|_| step),
        position: None,
        metrics_bytes: 0,
        positions: Vec::new(),
        troubles: 0,
        tokenizer: tokenizer.fingerprint(),
        recipe: "test".into(),
    }
}

/// Trains from what is in the folder to the end, or to an interruption after `until` steps.
pub fn train(
    folder: &Path,
    durability: &Durability,
    kernels: &dyn Kernels,
    until: Option<u64>,
) -> Result<Outcome, Error> {
    let tokenizer = tokenizer();
    let base = folder.join("base");
    checkpoint::recover(&base)?;
    let saved = checkpoint::read_state(&base)?;
    let (gpt, optimizer) = match &saved {
        Some(_) => {
            let gpt = Gpt::load_folder(&base, Device::Cpu)?;
            let mut optimizer = optimizer(&gpt);
            checkpoint::load_optimizer(&base, &mut optimizer)?;
            (gpt, optimizer)
        }
        None => model(&tokenizer, 3),
    };
    let position = saved.as_ref().and_then(|state| state.position.clone());
    let mut metrics = Metrics::open(&folder.join("metrics.jsonl"))?;
    let interrupt = Interrupt::never();
    let press = interrupt.clone();
    let trainer = Trainer {
        gpt: &gpt,
        kernels,
        context: Box::new(Causal),
        optimizer,
        tokenizer: &tokenizer,
        batches: Box::new(Counting(position.unwrap_or_default())),
        evaluate: Box::new(move |_, step| {
            if until == Some(step) {
                press.press();
            }
            Ok(Evaluation {
                bits_per_byte: Some(1.0 / step as f64),
                samples: Vec::new(),
            })
        }),
        metrics: &mut metrics,
        interrupt,
        settings: Settings {
            stage: "base".into(),
            schedule: Schedule::october_2025(STEPS, 0.0, 0.3, 0.0),
            accumulation: 1,
            clip: Some(1.0),
            evaluate_every: 5,
            checkpoint_seconds: 1e9,
            folder: base,
            durability: durability.clone(),
            recipe: "test".into(),
            flops_per_token: 1.0,
            peak_flops: None,
        },
    };
    let state = saved.unwrap_or_else(|| trainer.fresh_state());
    trainer.run(state)
}

pub fn undisturbed(folder: &Path) {
    let outcome = train(folder, &Durability::default(), &Plain, None).expect("training");
    assert!(matches!(outcome, Outcome::Finished(_)));
}

pub fn events(folder: &Path) -> Vec<Value> {
    pretrain::read_metrics(&folder.join("metrics.jsonl")).expect("a log")
}

/// Step and loss, bit for bit, and the weights.
pub fn trace(folder: &Path) -> (Vec<(u64, u64)>, Vec<u8>) {
    let losses = events(folder)
        .iter()
        .filter_map(|event| Some((event["step"].as_u64()?, event["loss"].as_f64()?.to_bits())))
        .collect();
    let weights = std::fs::read(folder.join("base/model.safetensors")).expect("weights");
    (losses, weights)
}

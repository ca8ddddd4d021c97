//! The training loop: it learns, resumes bit for bit, and stops with words when it cannot go on.

use dataset::{Batch, BatchSource, Position};
use muon::{Optimizer, PlainUpdates, Rates2025, Solo, groups_2025};
use pretrain::disk::RealDisk;
use pretrain::manifest::Manifest;
use pretrain::{
    Durability, Error, Evaluation, Interrupt, Metrics, Outcome, Schedule, Settings, Trainer,
    checkpoint, read_metrics,
};
use std::path::Path;
use tch::{Device, Kind, Tensor};
use tokenizer::{Tokenizer, TrainSettings};
use transformer::{Causal, Config, Gpt, HeadLoss, Kernels, Plain};

const ROWS: usize = 4;
const TIME: usize = 16;

/// Counts upwards from a place that depends on the batch's number: easy to learn, different every time.
struct Counting {
    vocab_size: i64,
    position: Position,
    mask_from: Option<u64>,
}

impl BatchSource for Counting {
    fn next_batch(&mut self) -> Result<Batch, dataset::Error> {
        let number = self.position.batches;
        self.position.batches += 1;
        let id = |row: usize, at: usize| {
            (number as i64 * 31 + row as i64 * 7 + at as i64) % (self.vocab_size - 9)
        };
        let inputs = (0..ROWS)
            .flat_map(|row| (0..TIME).map(move |at| (row, at)))
            .map(|(row, at)| id(row, at))
            .collect();
        let masked = self.mask_from.is_some_and(|from| number >= from);
        let targets = (0..ROWS)
            .flat_map(|row| (0..TIME).map(move |at| (row, at)))
            .map(|(row, at)| if masked { -1 } else { id(row, at + 1) })
            .collect();
        let supervised = if masked { 0 } else { ROWS * TIME };
        Ok(Batch {
            rows: ROWS,
            time: TIME,
            inputs,
            targets,
            position: self.position.clone(),
            supervised,
        })
    }
}

fn tokenizer() -> Tokenizer {
    let text = "the crab walks sideways over the sand and the sand remembers the crab ".repeat(20);
    tokenizer::train(std::iter::once(text), &TrainSettings::new(280), &mut |_| ())
        .expect("enough text")
}

/// One part of a run: from the checkpoint in `folder/base`, if there is one, to the end or to the interruption.
fn part(
    folder: &Path,
    steps: u64,
    interrupt_after: Option<u64>,
    mask_from: Option<u64>,
    embedding_rate: f64,
) -> Result<Outcome, Error> {
    part_with(
        &Plain,
        folder,
        steps,
        interrupt_after,
        mask_from,
        embedding_rate,
    )
}

fn part_with(
    kernels: &dyn Kernels,
    folder: &Path,
    steps: u64,
    interrupt_after: Option<u64>,
    mask_from: Option<u64>,
    embedding_rate: f64,
) -> Result<Outcome, Error> {
    let tokenizer = tokenizer();
    let checkpoint_folder = folder.join("base");
    checkpoint::recover(&checkpoint_folder)?;
    let saved = checkpoint::read_state(&checkpoint_folder)?;
    let config = Config {
        heads: 2,
        kv_heads: 1,
        width: 32,
        layers: 2,
        ..Config::d(2, tokenizer.vocab_size() as i64, 32).expect("a shape")
    };
    let gpt = match &saved {
        Some(_) => Gpt::load_folder(&checkpoint_folder, Device::Cpu)?,
        None => Gpt::new(&config, Device::Cpu, 3)?,
    };
    let rates = Rates2025 {
        embedding: embedding_rate,
        head: 0.004,
        matrix: 0.02,
        weight_decay: 0.0,
    };
    let groups = groups_2025(gpt.parameters(), config.width, &rates, gpt.compute())?;
    let mut optimizer = Optimizer::new(groups, Box::new(PlainUpdates), Box::new(Solo))?;
    if saved.is_some() {
        checkpoint::load_optimizer(&checkpoint_folder, &mut optimizer)?;
    }
    let position = saved
        .as_ref()
        .and_then(|state| state.position.clone())
        .unwrap_or_default();
    let mut metrics = Metrics::open(&folder.join("metrics.jsonl"))?;
    let interrupt = Interrupt::never();
    let press = interrupt.clone();
    let trainer = Trainer {
        gpt: &gpt,
        kernels,
        context: Box::new(Causal),
        optimizer,
        tokenizer: &tokenizer,
        batches: Box::new(Counting {
            vocab_size: config.vocab_size,
            position,
            mask_from,
        }),
        evaluate: Box::new(move |_, step| {
            if interrupt_after == Some(step) {
                press.press();
            }
            Ok(Evaluation {
                bits_per_byte: Some(step as f64),
                samples: Vec::new(),
            })
        }),
        metrics: &mut metrics,
        interrupt,
        settings: Settings {
            stage: "base".into(),
            schedule: Schedule::october_2025(steps, 0.1, 0.3, 0.0),
            accumulation: 2,
            clip: Some(1.0),
            evaluate_every: 5,
            checkpoint_seconds: 1e9,
            folder: checkpoint_folder,
            durability: Durability::default(),
            recipe: "test".into(),
            flops_per_token: 1.0,
            peak_flops: None,
        },
    };
    let state = saved.unwrap_or_else(|| trainer.fresh_state());
    trainer.run(state)
}

/// (step, loss bits) of every training step in the log.
fn losses(folder: &Path) -> Vec<(u64, u64)> {
    let events = read_metrics(&folder.join("metrics.jsonl")).expect("a log");
    events
        .iter()
        .filter_map(|event| Some((event["step"].as_u64()?, event["loss"].as_f64()?.to_bits())))
        .collect()
}

fn weights(folder: &Path) -> Vec<u8> {
    std::fs::read(folder.join("base/model.safetensors")).expect("weights")
}

#[test]
fn the_loss_falls() {
    let folder = tempfile::tempdir().expect("a folder");
    part(folder.path(), 40, None, None, 0.2).expect("training");
    let losses = losses(folder.path());
    assert_eq!(losses.len(), 40);
    let (first, last) = (f64::from_bits(losses[0].1), f64::from_bits(losses[39].1));
    assert!(
        (first - (280f64).ln()).abs() < 1e-4,
        "a fresh model knows nothing: ln V, not {first}"
    );
    assert!(last < 0.5 * first, "{first} → {last}");
}

#[test]
fn a_resumed_run_is_the_undisturbed_run_bit_for_bit() {
    let (whole, parts) = (
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
    );
    part(whole.path(), 20, None, None, 0.2).expect("training");
    let first = part(parts.path(), 20, Some(5), None, 0.2).expect("training");
    assert!(
        matches!(first, Outcome::Interrupted(state) if state.step == 6),
        "stopped after the step in which it was pressed"
    );
    // What a program killed after its last checkpoint leaves behind: lines of steps that are done again, half a
    // line, and half a checkpoint.
    use std::io::Write;
    let mut log = std::fs::OpenOptions::new()
        .append(true)
        .open(parts.path().join("metrics.jsonl"))
        .expect("the log");
    write!(
        log,
        "{{\"stage\":\"base\",\"step\":7,\"loss\":1.0}}\n{{\"stage\":\"ba"
    )
    .expect("write");
    std::fs::create_dir(parts.path().join("base.new")).expect("half a checkpoint");
    let second = part(parts.path(), 20, None, None, 0.2).expect("training");
    assert!(matches!(second, Outcome::Finished(_)));
    assert_eq!(losses(whole.path()), losses(parts.path()));
    assert!(
        weights(whole.path()) == weights(parts.path()),
        "the weights differ"
    );
    assert!(!parts.path().join("base.new").exists());
}

#[test]
fn a_crash_between_the_two_renames_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    part(folder.path(), 10, None, None, 0.2).expect("training");
    let base = folder.path().join("base");
    std::fs::rename(&base, folder.path().join("base.new")).expect("rename");
    checkpoint::recover(&base).expect("recover");
    assert_eq!(
        checkpoint::read_state(&base)
            .expect("a state")
            .expect("there")
            .step,
        10
    );
}

#[test]
fn another_recipe_cannot_continue_the_run() {
    let folder = tempfile::tempdir().expect("a folder");
    part(folder.path(), 10, Some(5), None, 0.2).expect("training");
    let error = part(folder.path(), 30, None, None, 0.2)
        .expect_err("other steps")
        .to_string();
    assert!(
        error.contains("another run") && error.contains("base"),
        "{error}"
    );
}

#[test]
fn a_step_without_supervised_tokens_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = part(folder.path(), 10, None, Some(6), 0.2)
        .expect_err("nothing to learn")
        .to_string();
    assert!(
        error.contains("step 3") && error.contains("mask"),
        "{error}"
    );
}

#[test]
fn a_loss_that_is_not_a_number_stops_the_run_and_keeps_the_checkpoint() {
    let folder = tempfile::tempdir().expect("a folder");
    part(folder.path(), 10, Some(5), None, 0.2).expect("training");
    let before = weights(folder.path());
    // A weight that is infinite: every loss from here on is NaN.
    let path = folder.path().join("base/model.safetensors");
    let mut tensors = transformer::safetensors_io::read_tensors(&path).expect("weights");
    let _ = tensors[0].1.fill_(f64::INFINITY);
    let list: Vec<(String, &tch::Tensor)> = tensors
        .iter()
        .map(|(name, tensor)| (name.clone(), tensor))
        .collect();
    transformer::safetensors_io::write_tensors(&path, &list).expect("weights");
    Manifest::reseal(&RealDisk, &folder.path().join("base")).expect("a manifest");
    let broken = weights(folder.path());
    assert!(broken != before);
    let error = part(folder.path(), 10, None, None, 0.2)
        .expect_err("NaN")
        .to_string();
    assert!(error.contains("NaN") && error.contains("step 6"), "{error}");
    assert!(
        weights(folder.path()) == broken,
        "a failed step must not touch the checkpoint"
    );
}

#[test]
fn a_corrupt_state_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    part(folder.path(), 10, None, None, 0.2).expect("training");
    let path = folder.path().join("base/state.json");
    std::fs::write(&path, "{\"step\": 3").expect("write");
    let error = checkpoint::read_state(&folder.path().join("base"))
        .expect_err("half a file")
        .to_string();
    assert!(error.contains("state.json"), "{error}");
}

#[test]
fn a_tokenizer_of_another_size_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    part(folder.path(), 10, None, None, 0.2).expect("training");
    let base = folder.path().join("base");
    let text = "another text altogether, with other pairs ".repeat(30);
    let other = tokenizer::train(std::iter::once(text), &TrainSettings::new(270), &mut |_| ())
        .expect("enough text");
    other.save(&base.join("tokenizer.json")).expect("write");
    let gpt = Gpt::load_folder(&base, Device::Cpu).expect("a model");
    let error = checkpoint::load_tokenizer(&base, &gpt)
        .expect_err("a mismatch")
        .to_string();
    assert!(error.contains("270") && error.contains("280"), "{error}");
}

#[test]
fn a_tokenizer_with_other_merges_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    part(folder.path(), 10, None, None, 0.2).expect("training");
    let base = folder.path().join("base");
    let text = "another text altogether, with other pairs ".repeat(30);
    let size = tokenizer().vocab_size();
    let other = tokenizer::train(
        std::iter::once(text),
        &TrainSettings::new(size),
        &mut |_| (),
    )
    .expect("enough text");
    assert_eq!(other.vocab_size(), size);
    other.save(&base.join("tokenizer.json")).expect("write");
    let gpt = Gpt::load_folder(&base, Device::Cpu).expect("a model");
    let error = checkpoint::load_tokenizer(&base, &gpt)
        .expect_err("a mismatch")
        .to_string();
    assert!(error.contains("fingerprint"), "{error}");
}

/// Chapter 03's expressions, with a loss that is finite and has no finite gradient: √0.
struct NoGradient;

impl Kernels for NoGradient {
    fn linear(&self, x: &Tensor, weight: &Tensor) -> Tensor {
        Plain.linear(x, weight)
    }

    fn rms_norm(&self, x: &Tensor, eps: f64) -> Tensor {
        Plain.rms_norm(x, eps)
    }

    fn rope_qk_norm(&self, x: &Tensor, cos: &Tensor, sin: &Tensor, eps: f64) -> Tensor {
        Plain.rope_qk_norm(x, cos, sin, eps)
    }

    fn relu_squared(&self, x: &Tensor) -> Tensor {
        Plain.relu_squared(x)
    }

    fn head_loss(&self, x: &Tensor, head: &Tensor, targets: &Tensor, softcap: f64) -> HeadLoss {
        let loss = Plain.head_loss(x, head, targets, softcap);
        let sum = &loss.sum + (head * 0.0).sqrt().sum(Kind::Float);
        HeadLoss { sum, ..loss }
    }

    fn logits(&self, x: &Tensor, head: &Tensor, softcap: f64) -> Tensor {
        Plain.logits(x, head, softcap)
    }
}

#[test]
fn a_gradient_that_is_not_a_number_stops_the_run_before_the_step() {
    let folder = tempfile::tempdir().expect("a folder");
    part(folder.path(), 10, Some(5), None, 0.2).expect("training");
    let before = weights(folder.path());
    let error = part_with(&NoGradient, folder.path(), 10, None, None, 0.2)
        .expect_err("NaN")
        .to_string();
    assert!(
        error.contains("gradient") && error.contains("step 6"),
        "{error}"
    );
    assert!(
        weights(folder.path()) == before,
        "a failed step must not touch the checkpoint"
    );
}

#[test]
fn a_run_that_died_before_its_first_checkpoint_starts_with_a_clean_log() {
    let (clean, dirty) = (
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
    );
    part(clean.path(), 10, None, None, 0.2).expect("training");
    let log = dirty.path().join("metrics.jsonl");
    std::fs::write(
        &log,
        "{\"stage\":\"base\",\"step\":1,\"loss\":9.0}\n{\"stage\":\"ba",
    )
    .expect("write");
    part(dirty.path(), 10, None, None, 0.2).expect("training");
    assert_eq!(losses(clean.path()), losses(dirty.path()));
}

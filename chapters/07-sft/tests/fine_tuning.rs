//! Fine-tuning learns answers and only answers, survives masks of zeros, and resumes bit for bit.

mod words;

use pretrain::{Evaluation, Interrupt, Metrics, Outcome, read_metrics};
use sft::{Ingredient, Mixture, Ramp, SftRun, SftSettings, fine_tune};
use std::path::Path;
use tch::{Device, Kind, Tensor};
use transformer::{Config, Gpt, Plain};
use words::{Talks, exchange, exchanges, tokenizer};

fn settings(epochs: f64) -> SftSettings {
    SftSettings {
        epochs,
        accumulation: 2,
        rate_scale: 1.0,
        ramp: Ramp::SFT_2025,
        evaluate_every: 4,
        checkpoint_seconds: 1e9,
        ..SftSettings::october_2025(2, 48)
    }
}

fn base_model(folder: &Path) {
    let tokenizer = tokenizer();
    let shape = Config::d(2, tokenizer.vocab_size() as i64, 48).expect("a shape");
    let config = Config {
        heads: 2,
        kv_heads: 1,
        width: 32,
        ..shape
    };
    let gpt = Gpt::new(&config, Device::Cpu, 3).expect("a model");
    transformer::save_folder(&gpt, folder).expect("a folder");
}

/// One part of a run, up to an interruption after `stop_after` steps.
fn part(root: &Path, epochs: f64, stop_after: Option<u64>) -> Result<(Gpt, Outcome), sft::Error> {
    let machine = tensors::start(&tensors::Choice {
        device: Some("cpu".into()),
        ..Default::default()
    })
    .expect("a CPU");
    let base = root.join("base");
    if !base.exists() {
        std::fs::create_dir(&base).expect("a folder");
        base_model(&base);
    }
    let mixture = Mixture::new(
        vec![Ingredient::once(Talks::boxed("talks", exchanges(60)))],
        4,
        0,
        1,
    )?;
    let mut metrics = Metrics::open(&root.join("metrics.jsonl"))?;
    let interrupt = Interrupt::never();
    let press = interrupt.clone();
    fine_tune(SftRun {
        base: &base,
        folder: &root.join("sft"),
        machine: &machine,
        kernels: &Plain,
        tokenizer: &tokenizer(),
        mixture,
        evaluate: Box::new(move |_, step| {
            if stop_after == Some(step) {
                press.press();
            }
            Ok(Evaluation::default())
        }),
        metrics: &mut metrics,
        interrupt,
        settings: settings(epochs),
        peak_flops: None,
    })
}

fn losses(root: &Path) -> Vec<f64> {
    let events = read_metrics(&root.join("metrics.jsonl")).expect("a log");
    events
        .iter()
        .filter_map(|event| event["loss"].as_f64())
        .collect()
}

#[test]
fn the_loss_on_answers_falls() {
    let root = tempfile::tempdir().expect("a folder");
    let (_, outcome) = part(root.path(), 4.0, None).expect("fine-tuning");
    assert!(matches!(outcome, Outcome::Finished(_)));
    let losses = losses(root.path());
    let (first, last) = (losses[0], losses[losses.len() - 1]);
    assert!(
        last < 0.6 * first,
        "{first} → {last} in {} steps",
        losses.len()
    );
}

#[test]
fn a_resumed_run_is_the_undisturbed_run_bit_for_bit() {
    let (whole, parts) = (
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
    );
    part(whole.path(), 2.0, None).expect("fine-tuning");
    let (_, outcome) = part(parts.path(), 2.0, Some(4)).expect("the first part");
    assert!(matches!(outcome, Outcome::Interrupted(_)), "{outcome:?}");
    part(parts.path(), 2.0, None).expect("the second part");
    assert_eq!(losses(whole.path()), losses(parts.path()));
    let weights = |root: &Path| std::fs::read(root.join("sft/model.safetensors")).expect("weights");
    assert_eq!(weights(whole.path()), weights(parts.path()));
}

#[test]
fn another_recipe_cannot_go_on_from_a_checkpoint() {
    let root = tempfile::tempdir().expect("a folder");
    part(root.path(), 1.0, None).expect("fine-tuning");
    let message = part(root.path(), 3.0, None)
        .err()
        .expect("refused")
        .to_string();
    assert!(message.contains("belongs to another run"), "{message}");
}

#[test]
fn a_batch_that_is_masked_throughout_gives_zero_and_not_nan() {
    let gpt = Gpt::new(&Config::d(2, 64, 16).expect("a shape"), Device::Cpu, 1).expect("a model");
    let ids = Tensor::ones([2, 16], (Kind::Int64, Device::Cpu));
    let loss = gpt.loss(&Plain, &ids, &ids.full_like(-1)).expect("a loss");
    assert_eq!(loss.count.int64_value(&[]), 0);
    assert_eq!(loss.mean().double_value(&[]), 0.0);
    loss.mean().backward();
    for parameter in gpt.parameters() {
        let gradient = parameter.tensor.grad();
        let clean = !gradient.defined() || gradient.isfinite().all().int64_value(&[]) == 1;
        assert!(
            clean,
            "{} has a gradient that is not finite",
            parameter.name
        );
    }
}

#[test]
fn what_the_user_says_is_not_learnt() {
    // Two sets that differ in their questions alone have the same number of supervised targets.
    let count = |question: &str| {
        let talks = (0..50)
            .map(|_| exchange(question, "it has ten legs."))
            .collect();
        let mixture = Mixture::new(
            vec![Ingredient::once(Talks::boxed("talks", talks))],
            1,
            0,
            1,
        )
        .expect("a mixture");
        let mut batches =
            sft::ConversationBatches::new(mixture, &tokenizer(), 1, 200).expect("batches");
        batches.measure_epoch().expect("an epoch").supervised
    };
    assert_eq!(count("how many legs has the crab?"), count("legs? "));
}

#[test]
fn a_setting_that_makes_no_sense_is_named() {
    let root = tempfile::tempdir().expect("a folder");
    let message = part(root.path(), 0.0, None)
        .err()
        .expect("refused")
        .to_string();
    assert!(message.contains("epochs is 0"), "{message}");
}

//! Fine-tuning learns answers and only answers, survives masks of zeros, and resumes bit for bit.

mod words;

use dataset::{Conversation, Message};
use muon::Solo;
use pretrain::{Durability, Evaluation, Interrupt, Metrics, Outcome, read_metrics};
use sft::{
    ConversationBatches, Ingredient, Mixture, Ramp, SftRun, SftSettings, Supervise,
    evaluate_by_source, fine_tune, render, steps_for,
};
use std::path::Path;
use std::rc::Rc;
use tch::{Device, Kind, Tensor};
use transformer::{Causal, Config, Gpt, Plain, PlainScorer};
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

fn sixty() -> Mixture {
    let talks = Talks::boxed("talks", exchanges(60));
    Mixture::new(vec![Ingredient::once(talks)], 4, 0, 1).expect("a mixture")
}

/// One part of a run, up to an interruption after `stop_after` steps.
fn part(root: &Path, epochs: f64, stop_after: Option<u64>) -> Result<(Gpt, Outcome), sft::Error> {
    stage(root, "base", "sft", settings(epochs), stop_after)
}

/// A stage from the model in the folder `from` to the folder `to`.
fn stage(
    root: &Path,
    from: &str,
    to: &str,
    settings: SftSettings,
    stop_after: Option<u64>,
) -> Result<(Gpt, Outcome), sft::Error> {
    let machine = tensors::start(&tensors::Choice {
        device: Some("cpu".into()),
        ..Default::default()
    })
    .expect("a CPU");
    let base = root.join(from);
    if !base.exists() {
        std::fs::create_dir(&base).expect("a folder");
        base_model(&base);
    }
    let mut metrics = Metrics::open(&root.join("metrics.jsonl"))?;
    let interrupt = Interrupt::never();
    let press = interrupt.clone();
    fine_tune(SftRun {
        base: &base,
        folder: &root.join(to),
        machine: &machine,
        kernels: &Plain,
        context: Box::new(Causal),
        tokenizer: &tokenizer(),
        mixture: sixty(),
        evaluate: Box::new(move |_, step| {
            if stop_after == Some(step) {
                press.press();
            }
            Ok(Evaluation::default())
        }),
        metrics: &mut metrics,
        interrupt,
        settings,
        durability: Durability::default(),
        peak_flops: None,
        ranks: Rc::new(Solo),
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
        batches.measure(1.0).expect("an epoch").supervised
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

#[test]
fn settings_are_checked_without_model_and_data() {
    settings(1.0).check().expect("nothing is wrong");
    let begins = |name: &str, text: &str| SftSettings {
        newcomers: [(name.to_string(), text.to_string())].into(),
        ..settings(1.0)
    };
    begins("<|user_end|>", "?\n")
        .check()
        .expect("nothing is wrong");
    let scaled = SftSettings {
        rate_scale: f64::NAN,
        ..settings(1.0)
    };
    for (wrong, says) in [
        (scaled, "rate_scale is NaN"),
        (settings(-1.0), "epochs is -1"),
        (begins("<|user|>", "?"), "name a special token"),
        (begins("<|user_end|>", ""), "a text whose last token"),
    ] {
        let message = wrong.check().expect_err("refused").to_string();
        assert!(message.contains(says), "{message}");
    }
}

#[test]
fn steps_count_optimizer_steps_and_the_run_trains_on_exactly_its_epochs() {
    let amount = ConversationBatches::new(sixty(), &tokenizer(), 2, 48)
        .expect("batches")
        .measure(1.5)
        .expect("an amount");
    for accumulation in [1, 2, 7] {
        let root = tempfile::tempdir().expect("a folder");
        let settings = SftSettings {
            accumulation,
            ..settings(1.5)
        };
        let steps = amount.rows.div_ceil(2 * accumulation) as u64;
        assert_eq!(steps_for(amount.rows, &settings), steps);
        // With 7 micro-batches the last step holds some without a single target.
        let (_, outcome) = stage(root.path(), "base", "sft", settings, None).expect("a stage");
        let Outcome::Finished(state) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(state.step, steps);
        assert_eq!(state.tokens, amount.supervised as u64);
        let losses = losses(root.path());
        assert_eq!(losses.len() as u64, steps);
        assert!(losses.iter().all(|loss| loss.is_finite()), "{losses:?}");
    }
}

#[test]
fn midtraining_and_fine_tuning_follow_each_other() {
    let root = tempfile::tempdir().expect("a folder");
    let mid = SftSettings {
        epochs: 2.0,
        ..SftSettings::midtraining_2025(2, 48)
    };
    assert_eq!(mid.supervise, Supervise::Everything);
    let (_, outcome) = stage(root.path(), "base", "mid", mid, None).expect("midtraining");
    let Outcome::Finished(mid) = outcome else {
        panic!("{outcome:?}")
    };
    let sft = SftSettings {
        warm_start: true,
        ..settings(2.0)
    };
    let (_, outcome) = stage(root.path(), "mid", "sft", sft, None).expect("fine-tuning");
    let Outcome::Finished(sft) = outcome else {
        panic!("{outcome:?}")
    };
    // The same conversations twice: questions are trained on in one stage only.
    assert!(
        mid.tokens > 3 * sft.tokens / 2,
        "{} and {}",
        mid.tokens,
        sft.tokens
    );
    let stages: Vec<String> = read_metrics(&root.path().join("metrics.jsonl"))
        .expect("a log")
        .iter()
        .map(|event| event["stage"].as_str().unwrap_or_default().to_string())
        .collect();
    assert!(stages.contains(&"mid".into()) && stages.contains(&"sft".into()));
}

#[test]
fn a_warm_start_without_buffers_names_the_missing_file() {
    let root = tempfile::tempdir().expect("a folder");
    let settings = SftSettings {
        warm_start: true,
        ..settings(1.0)
    };
    let error = stage(root.path(), "base", "sft", settings, None).err();
    let message = error.expect("refused").to_string();
    assert!(message.contains("optimizer-0.safetensors"), "{message}");
}

#[test]
fn sources_are_scored_apart_and_on_answers_only() {
    let root = tempfile::tempdir().expect("a folder");
    let (gpt, _) = part(root.path(), 6.0, None).expect("fine-tuning");
    let tokenizer = tokenizer();
    let strange: Vec<Conversation> = (0..9)
        .map(|n| exchange("what colour is the crab?", &format!("{n} # {n} % red")))
        .collect();
    let silent = vec![Conversation {
        messages: vec![Message::user("only asked")],
    }];
    let mixture = Mixture::new(
        vec![
            Ingredient::once(Talks::boxed("known", exchanges(60))),
            Ingredient::once(Talks::boxed("strange", strange.clone())),
            Ingredient::once(Talks::boxed("silent", silent)),
        ],
        1,
        0,
        1,
    )
    .expect("a mixture");
    let scored = || {
        let scorer = PlainScorer::new(&gpt, &Plain);
        evaluate_by_source(&scorer, gpt.config(), &tokenizer, &mixture, 30).expect("scores")
    };
    let scores = scored();
    let names: Vec<&str> = scores.iter().map(|score| score.source.as_str()).collect();
    assert_eq!(names, ["known", "strange", "silent"]);
    assert_eq!((scores[0].conversations, scores[1].conversations), (30, 9));
    assert!(scores[0].loss < scores[1].loss, "{scores:?}");
    assert!(
        scores[0].token_accuracy > scores[1].token_accuracy,
        "{scores:?}"
    );
    assert_eq!(scores[1].faultless, 0.0);
    assert_eq!(
        (scores[2].tokens, scores[2].loss),
        (0, 0.0),
        "no NaN where nothing is scored"
    );

    // The loss of the strange ones, by the way that training computes it.
    let (mut sum, mut count) = (0.0, 0);
    for talk in &strange {
        let rendered = render(talk, &tokenizer, 48).expect("rendered");
        let time = rendered.ids.len() - 1;
        let inputs: Vec<i64> = rendered.ids[..time]
            .iter()
            .map(|&id| i64::from(id))
            .collect();
        let targets: Vec<i64> = (1..=time)
            .map(|at| match rendered.mask[at] {
                1 => i64::from(rendered.ids[at]),
                _ => -1,
            })
            .collect();
        let tensor = |values: &[i64]| Tensor::from_slice(values).view([1, time as i64]);
        let _guard = tch::no_grad_guard();
        let loss = gpt
            .loss(&Plain, &tensor(&inputs), &tensor(&targets))
            .expect("a loss");
        sum += loss.sum.double_value(&[]);
        count += rendered.supervised();
    }
    assert_eq!(scores[1].tokens, count);
    assert!(
        (scores[1].loss - sum / count as f64).abs() < 1e-4,
        "{scores:?}"
    );
    assert!(scores[1].loss > 0.1, "zeros would pass");
    assert_eq!(scored(), scores, "the same conversations every time");
}

//! What a checkpoint costs the training that goes on beside it.
//!
//! `cargo run --example checkpoint_stall` trains one model in blocks of steps, each block three times in turn: without a
//! checkpoint, with one that is written at once, and with one that is written by a thread. Blocks of a kind differ by what else the
//! machine does; compared are the three of one round, and shown are medians over rounds.

use anyhow::{Context as _, Result};
use muon::{Optimizer, PlainUpdates, Rates2025, Solo, StepScale, groups_2025};
use pretrain::snapshot::Snapshot;
use pretrain::writer::Writer;
use pretrain::{Durability, TrainState};
use std::time::Instant;
use tch::{Kind, Tensor};
use tokenizer::TrainSettings;
use transformer::{Causal, Config, Gpt, Plain, dial};

const ROWS: i64 = 8;
const TIME: i64 = 128;
const ROUNDS: usize = 9;
/// Steps of a block: so many from one checkpoint to the next.
const STEPS: usize = 6;
/// What is measured.
const NONE: usize = 0;
const AT_ONCE: usize = 1;
const BESIDE: usize = 2;
const COPY: usize = 3;

fn main() -> Result<()> {
    let machine = tensors::start(&tensors::Choice::default())?;
    let scratch = tempfile::tempdir()?;
    let text = "the crab walks sideways over the sand and the sand remembers the crab ".repeat(20);
    let tokenizer = tokenizer::train(std::iter::once(text), &TrainSettings::new(280), &mut |_| ())?;
    let config = Config {
        layers: 4,
        width: 256,
        heads: 4,
        kv_heads: 4,
        ..Config::d(4, 2048, TIME)?
    };
    let gpt = Gpt::new(&config, machine.device, 1)?;
    let rates = Rates2025::default();
    let groups = groups_2025(gpt.parameters(), config.width, &rates, gpt.compute())?;
    let mut optimizer = Optimizer::new(groups, Box::new(PlainUpdates), Box::new(Solo))?;
    let options = (Kind::Int64, machine.device);
    let ids = Tensor::randint(2048, [ROWS, TIME + 1], options); // (B, T + 1)
    let (inputs, targets) = (
        ids.narrow(1, 0, TIME).contiguous(), // (B, T)
        ids.narrow(1, 1, TIME).contiguous(), // (B, T)
    );
    let mut step = || -> Result<()> {
        optimizer.zero_grad();
        let loss = gpt.loss_in(&Plain, &mut Causal, &inputs, &targets)?;
        (&loss.sum / (ROWS * TIME) as f64).backward();
        optimizer.step(&StepScale {
            lr: 0.01,
            momentum: 0.95,
            weight_decay: 0.0,
        })?;
        Ok(())
    };
    step()?;
    // Of the same size: the one that steps is borrowed by the steps.
    let twin: Optimizer = {
        let groups = groups_2025(gpt.parameters(), config.width, &rates, gpt.compute())?;
        Optimizer::new(groups, Box::new(PlainUpdates), Box::new(Solo))?
    };
    let state = TrainState {
        stage: "base".into(),
        step: 1,
        steps: 1_000,
        tokens: 0,
        seconds: 0.0,
        smooth_loss: 0.0,
        bits_per_byte: None,
        evaluated: None,
        position: None,
        metrics_bytes: 0,
        positions: Vec::new(),
        troubles: 0,
        tokenizer: tokenizer.fingerprint(),
        recipe: "measured".into(),
    };
    let writer = |background| {
        let durability = Durability {
            background,
            ..Durability::default()
        };
        Writer::new(&scratch.path().join("base"), &durability)
    };
    let (mut at_once, mut beside) = (writer(false), writer(true));
    let snapshot = || {
        Snapshot::take(
            &gpt,
            Some(twin.state().expect("one rank")),
            &tokenizer,
            &state,
        )
    };
    println!(
        "{} parameters, checkpoint of {:.1} MB, one in {STEPS} steps of {} tokens, {ROUNDS} rounds",
        dial::parameter_count(&config),
        snapshot().size() as f64 / 1e6,
        ROWS * TIME
    );

    // Milliseconds per block: none, at once, beside; and of the copy alone.
    let mut measured: [Vec<f64>; 4] = Default::default();
    for round in 0..=ROUNDS {
        for kind in [NONE, AT_ONCE, BESIDE] {
            let started = Instant::now();
            let mut copied = 0.0;
            match kind {
                AT_ONCE => at_once.write(snapshot())?,
                BESIDE => {
                    let taken = snapshot();
                    copied = started.elapsed().as_secs_f64();
                    beside.write(taken)?;
                }
                _ => {}
            }
            (0..STEPS).try_for_each(|_| step())?;
            // The first round warms up.
            if round > 0 {
                measured[kind].push(1e3 * started.elapsed().as_secs_f64());
                if kind == BESIDE {
                    measured[COPY].push(1e3 * copied);
                }
            }
            beside.finish()?; // outside the time: each block begins with nothing in flight
        }
    }
    let without = median(&measured[NONE]).context("rounds were made")?;
    println!("{:<28}{without:>9.1} ms for {STEPS} steps", "no checkpoint");
    for (name, kind) in [
        ("written at once", AT_ONCE),
        ("written by a thread", BESIDE),
    ] {
        let milliseconds = median(&measured[kind]).context("rounds were made")?;
        let ratios: Vec<f64> = measured[kind]
            .iter()
            .zip(&measured[NONE])
            .map(|(a, b)| a / b)
            .collect();
        let ratio = median(&ratios).context("rounds were made")?;
        println!(
            "{name:<28}{milliseconds:>9.1} ms, {:+.1} % (median of the rounds' own ratios)",
            100.0 * (ratio - 1.0)
        );
    }
    let copy = median(&measured[COPY]).context("rounds were made")?;
    println!(
        "{:<28}{copy:>9.1} ms, {:.1} % of a step",
        "the copy alone",
        100.0 * copy / (without / STEPS as f64)
    );
    Ok(())
}

fn median(values: &[f64]) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

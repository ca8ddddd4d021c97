//! `cargo run --example explorer`, from the repository's root: trains the model of the page's attention explorer, about a
//! minute on one thread, and writes its weights as `book/src/play/attention-model.js`.
//!
//! Two layers, two heads each, 60 words. The rows repeat themselves, so what pays is to find where the present word stood
//! before and to say what came next: an induction head.

#[path = "../adam/mod.rs"]
mod adam;
mod heads;
mod rows;
mod script;

use adam::Adam;
use anyhow::Context as _;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rows::{Row, WORDS, row, twice};
use tch::{Device, Tensor};
use transformer::dial::parameter_count;
use transformer::{Config, Gpt, Plain};

const SEED: u64 = 1;
const ROWS: i64 = 32;
const TIME: i64 = 48;
const STEPS: usize = 2500;
const RATE: f64 = 0.004;
const OUT: &str = "book/src/play/attention-model.js";

fn main() -> anyhow::Result<()> {
    tensors::start(&tensors::Choice {
        device: Some("cpu".into()),
        threads: Some(1),
        ..tensors::Choice::default()
    })?;
    let config = Config {
        heads: 2,
        kv_heads: 2,
        width: 48,
        ..Config::d(2, WORDS.len() as i64, TIME)?
    };
    let gpt = Gpt::new(&config, Device::Cpu, SEED)?;
    let held_out = batch(&mut ChaCha8Rng::seed_from_u64(0), 128);
    println!(
        "{} parameters, ln V = {:.2}; loss of new rows, words that could be known and words that could not",
        parameter_count(&config),
        (WORDS.len() as f64).ln()
    );

    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let mut adam = Adam::new(&gpt);
    for step in 0..=STEPS {
        if step % 250 == 0 {
            let (known, new) = losses(&gpt, &held_out)?;
            println!("step {step:>5}   {known:.3}   {new:.3}");
        }
        if step < STEPS {
            let rows = batch(&mut random, ROWS);
            let (ids, targets) = tensors_of(&rows);
            gpt.loss(&Plain, &ids, &targets)?.mean().backward();
            let warm = ((step + 1) as f64 / 50.0).min(1.0);
            let left = (2.0 * (1.0 - step as f64 / STEPS as f64)).min(1.0);
            adam.step(&gpt, RATE * warm * left);
        }
    }

    let rounded = script::round(&gpt)?;
    let gpt = script::rebuild(&config, &rounded)?;
    let (known, new) = losses(&gpt, &held_out)?;
    println!("rounded to bytes   {known:.3}   {new:.3}");
    println!(
        "\n{} different words twice: mean weight on the word before, and in the second half on the word after the same word",
        TIME / 2
    );
    let twice: Vec<Vec<i64>> = (0..64)
        .map(|_| twice(TIME as usize / 2, &mut random))
        .collect();
    println!("layer head   one back   after the same");
    for (layer, heads) in heads::habits(&gpt, &twice)?.iter().enumerate() {
        for (head, habits) in heads.iter().enumerate() {
            println!(
                "{layer:>5} {head:>4} {:>10.2} {:>16.2}",
                habits.before, habits.after_the_same
            );
        }
    }

    let comment = format!(
        "// The model of the attention explorer: {} parameters, trained {STEPS} steps on rows of words in which stretches return.\n\
         // Written by `cargo run --example explorer`.\n",
        parameter_count(&config)
    );
    let text = script::script(&config, &WORDS, &rounded, &comment);
    std::fs::write(OUT, &text)
        .with_context(|| format!("cannot write {OUT}: run this from the repository's root"))?;
    println!("\n{OUT}: {} bytes", text.len());
    Ok(())
}

/// Rows of T + 1 words.
fn batch(random: &mut ChaCha8Rng, rows: i64) -> Vec<Row> {
    (0..rows).map(|_| row(TIME as usize + 1, random)).collect()
}

fn tensors_of(rows: &[Row]) -> (Tensor, Tensor) {
    let ids: Vec<i64> = rows.iter().flat_map(|row| row.ids.clone()).collect();
    let rows = Tensor::from_slice(&ids).view([rows.len() as i64, TIME + 1]); // (B, T + 1)
    (rows.narrow(1, 0, TIME), rows.narrow(1, 1, TIME))
}

/// Mean loss of the words that an earlier stretch foretells, and of the others.
fn losses(gpt: &Gpt, rows: &[Row]) -> anyhow::Result<(f64, f64)> {
    let _guard = tch::no_grad_guard();
    let (ids, targets) = tensors_of(rows);
    let per_token: Vec<f32> = gpt
        .loss(&Plain, &ids, &targets)?
        .per_token
        .flatten(0, 1)
        .try_into()?;
    let known = rows.iter().flat_map(|row| &row.known[1..]);
    let (mut sums, mut counts) = ([0.0; 2], [0.0; 2]);
    for (loss, &known) in per_token.iter().zip(known) {
        sums[usize::from(known)] += f64::from(*loss);
        counts[usize::from(known)] += 1.0;
    }
    Ok((sums[1] / counts[1], sums[0] / counts[0]))
}

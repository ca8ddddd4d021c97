//! Four ways to write a list with letters, and which of them teach a small model to look something up.
//!
//! The text is nothing but lists and look-ups: up to four words, each with a letter, and below them twelve times one of the words,
//! whose letter is to be said. There are no facts and no language in it, only the circuit that binding needs. Two layers of
//! width 64 are trained on it, and asked about lists of four.
//!
//! `cargo run --example binding [FOLDER]` prints the curves and writes them to FOLDER (or the current folder) as CSV and SVG.

use anyhow::Result;
use dataset::tidepool::dice::Dice;
use muon::{Optimizer, PlainUpdates, Rates2025, Solo, groups_2025};
use pretrain::Schedule;
use speedrun::curve::{Series, draw};
use std::fmt::Write;
use std::path::PathBuf;
use tch::{Device, Kind, Tensor};
use transformer::{Causal, Config, Gpt, Plain, Switches};

// ANCHOR: layout
/// Ids: 0 to 199 are words, 200 to 203 letters, then the signs.
const WORDS: usize = 200;
const EQUALS: i64 = 204;
const LINE: i64 = 205;
const BEGIN: i64 = 206;
const DASH: i64 = 207;
const LOOK_UPS: usize = 12;
const ROWS: usize = 32;
const STEPS: u64 = 400;
const EVERY: u64 = 25;

/// A way to write lists.
struct Layout {
    name: &'static str,
    /// The letter stands right behind its word; otherwise an equals sign is between them.
    touching: bool,
    /// Lists have one to four words; otherwise always four.
    every_length: bool,
    smear: bool,
}
// ANCHOR_END: layout

// ANCHOR: page
/// A list with its look-ups, and where in it the letters of the look-ups stand.
fn page(layout: &Layout, count: usize, dice: &mut Dice) -> (Vec<i64>, Vec<usize>) {
    let words = dice.positions(WORDS, count);
    let letters = dice.positions(4, count);
    let mut ids = vec![BEGIN];
    let line = |ids: &mut Vec<i64>, place: usize| {
        ids.extend([DASH, words[place] as i64]);
        if !layout.touching {
            ids.push(EQUALS);
        }
        ids.extend([(WORDS + letters[place]) as i64, LINE]);
    };
    (0..count).for_each(|place| line(&mut ids, place));
    let mut asked = Vec::new();
    for _ in 0..LOOK_UPS {
        line(&mut ids, dice.below(count));
        asked.push(ids.len() - 2);
    }
    (ids, asked)
}
// ANCHOR_END: page

// ANCHOR: train
/// Rows of one length, as a tensor, and the places of their letters.
fn batch(layout: &Layout, count: usize, dice: &mut Dice) -> (Tensor, Vec<usize>) {
    let mut flat = Vec::new();
    let mut asked = Vec::new();
    for _ in 0..ROWS {
        let (ids, places) = page(layout, count, dice);
        flat.extend(ids);
        asked = places;
    }
    (Tensor::from_slice(&flat).view([ROWS as i64, -1]), asked)
}

/// The share of look-ups in lists of four that are right.
fn accuracy(gpt: &Gpt, layout: &Layout, dice: &mut Dice) -> Result<f64> {
    let _no_gradients = tch::no_grad_guard();
    let (ids, asked) = batch(layout, 4, dice);
    let guesses = gpt.logits(&Plain, &mut Causal, &ids)?.argmax(-1, false); // (B, T)
    let places: Vec<i64> = asked.iter().map(|place| *place as i64).collect();
    let guessed = guesses.index_select(1, &Tensor::from_slice(&places).g_sub_scalar(1));
    let right = ids.index_select(1, &Tensor::from_slice(&places));
    Ok(guessed
        .eq_tensor(&right)
        .to_kind(Kind::Float)
        .mean(Kind::Float)
        .double_value(&[]))
}

fn train(layout: &Layout) -> Result<Vec<(f64, f64)>> {
    let config = Config {
        layers: 2,
        heads: 2,
        kv_heads: 2,
        width: 64,
        switches: Switches {
            qk_scale: 1.2,
            smear: layout.smear,
            ..Switches::default()
        },
        ..Config::d(4, 208, 128)?
    };
    let gpt = Gpt::new(&config, Device::Cpu, 1)?;
    let rates = Rates2025 {
        embedding: 0.03,
        ..Rates2025::default()
    };
    let groups = groups_2025(gpt.parameters(), config.width, &rates, Kind::Float)?;
    let mut optimizer = Optimizer::new(groups, Box::new(PlainUpdates), Box::new(Solo))?;
    let schedule = Schedule::october_2025(STEPS, 0.0, 0.0, 1.0);
    let mut dice = Dice::stream(1, "lists");
    let mut held_out = Dice::stream(2, "held-out lists");
    let mut tokens = 0.0;
    let mut curve = vec![(0.0, accuracy(&gpt, layout, &mut held_out)?)];
    for step in 0..STEPS {
        let count = if layout.every_length {
            1 + dice.below(4)
        } else {
            4
        };
        let (ids, _) = batch(layout, count, &mut dice); // (B, T + 1)
        let time = ids.size()[1] - 1;
        let inputs = ids.narrow(1, 0, time).contiguous();
        let targets = ids.narrow(1, 1, time).contiguous();
        optimizer.zero_grad();
        let loss = gpt.loss(&Plain, &inputs, &targets)?;
        (&loss.sum / (ROWS as f64 * time as f64)).backward();
        optimizer.step(&schedule.at(step))?;
        tokens += ROWS as f64 * time as f64;
        if (step + 1) % EVERY == 0 {
            curve.push((tokens / 1e3, accuracy(&gpt, layout, &mut held_out)?));
        }
    }
    Ok(curve)
}
// ANCHOR_END: train

fn main() -> Result<()> {
    let _ = tensors::start(&tensors::Choice {
        device: Some("cpu".into()),
        ..tensors::Choice::default()
    })?;
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".into()));
    let layouts = [
        ("touching, every length, smear", true, true, true),
        ("touching, every length", true, true, false),
        ("touching, always four, smear", true, false, true),
        ("a sign between, every length, smear", false, true, true),
    ];
    let mut csv = String::from("layout,thousand_tokens,accuracy\n");
    let mut lines = Vec::new();
    for (name, touching, every_length, smear) in layouts {
        let layout = Layout {
            name,
            touching,
            every_length,
            smear,
        };
        let points = train(&layout)?;
        let learned = points.iter().find(|(_, accuracy)| *accuracy >= 0.9);
        println!(
            "{:38} {}",
            layout.name,
            match learned {
                Some((tokens, _)) => format!("nine of ten right after {tokens:.0},000 tokens"),
                None => format!(
                    "{:.0} % right after {:.0},000 tokens",
                    100.0 * points[points.len() - 1].1,
                    points[points.len() - 1].0
                ),
            }
        );
        for (tokens, accuracy) in &points {
            writeln!(csv, "\"{name}\",{tokens:.1},{accuracy:.4}")?;
        }
        lines.push(Series {
            label: name.into(),
            points,
        });
    }
    std::fs::write(folder.join("12-binding.csv"), csv)?;
    draw(
        &folder.join("12-binding.svg"),
        "thousand tokens",
        "look-ups in lists of four that are right",
        &lines,
    )
}

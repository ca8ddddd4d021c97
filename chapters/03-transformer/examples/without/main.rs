//! What breaks without each part: the same small model, text, steps and seeds, one thing taken out at a time.
//! `cargo run --example without -- FOLDER [SEEDS [NAME…]]` writes `03-without.csv` there, of all variants or of those with these
//! names. One thread for each seed.
//!
//! Some parts buy a better loss, and some only the freedom to take larger steps. So several variants run at several learning
//! rates.

#[path = "../adam/mod.rs"]
mod adam;
mod notes;
mod variant;

use std::fmt::Write;
use std::path::Path;

use adam::Adam;
use anyhow::Context as _;
use notes::{Kind, Notes, TIME, kind};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tch::Tensor;
use transformer::{Config, Gpt};
use variant::{Inner, Run, Start, Variant};

const LAYERS: i64 = 2;
const ROWS: i64 = 32;
const STEPS: usize = 300;
const EVERY: usize = 20;
/// A rate that suits the whole model, and one that is three times too large for it.
const RATES: [f64; 2] = [RATE, 0.03];
const RATE: f64 = 0.01;

const WHOLE: Variant = Variant::WHOLE;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments
        .next()
        .context("name the folder for the curves, book/src/figures")?;
    let seeds: u64 = arguments.next().map_or(Ok(3), |seeds| seeds.parse())?;
    let wanted: Vec<String> = arguments.collect();
    tensors::start(&tensors::Choice {
        device: Some("cpu".into()),
        threads: Some(1),
        ..tensors::Choice::default()
    })?;

    #[rustfmt::skip]
    let variants = [
        (WHOLE, &RATES[..]),
        (Variant { name: "no positions", positions: false, ..WHOLE }, &[RATE]),
        (Variant { name: "no nonlinearity", inner: Inner::Nothing, ..WHOLE }, &[RATE]),
        (Variant { name: "relu", inner: Inner::Relu, ..WHOLE }, &[RATE]),
        (Variant { name: "gelu", inner: Inner::Gelu, ..WHOLE }, &[RATE]),
        (Variant { name: "no QK-norm", qk_norm: false, ..WHOLE }, &RATES),
        (Variant { name: "no softcap", softcap: false, ..WHOLE }, &RATES),
        (Variant { name: "no embedding norm", embedding_norm: false, ..WHOLE }, &RATES),
        (Variant { name: "random projections", start: Start::RandomProjections, ..WHOLE }, &RATES),
        (Variant { name: "random head", start: Start::RandomHead, ..WHOLE }, &[RATE]),
        (Variant { name: "K = 2", kv_heads: 2, ..WHOLE }, &[RATE]),
        (Variant { name: "K = 1", kv_heads: 1, ..WHOLE }, &[RATE]),
        (Variant { name: "256 cases", kinds: 16, ..WHOLE }, &[RATE]),
        (Variant { name: "256 cases relu", kinds: 16, inner: Inner::Relu, ..WHOLE }, &[RATE]),
        (Variant { name: "256 cases gelu", kinds: 16, inner: Inner::Gelu, ..WHOLE }, &[RATE]),
        (Variant { name: "256 cases no nonlinearity", kinds: 16, inner: Inner::Nothing, ..WHOLE }, &[RATE]),
    ];
    println!(
        "After {STEPS} steps, mean of {seeds} seeds (least to most); largest numbers of any seed"
    );
    println!(
        "variant                    rate    recall                 rule                   score    logit"
    );
    let unfinished = Path::new(&folder).join("03-without.csv.unfinished");
    let mut csv =
        "variant,rate,seed,step,recall,rule,loss,largest_score,largest_logit\n".to_string();
    let is_wanted = |name| wanted.is_empty() || wanted.iter().any(|other| other == name);
    for (variant, rates) in variants.iter().filter(|(one, _)| is_wanted(one.name)) {
        for &rate in *rates {
            let mut last = Vec::new();
            // Each seed on a thread of its own: they have nothing in common.
            let runs: Vec<anyhow::Result<Vec<Point>>> = std::thread::scope(|scope| {
                let train = |seed| scope.spawn(move || train(variant, rate, seed));
                let threads: Vec<_> = (1..=seeds).map(train).collect();
                let joined = threads.into_iter().map(|thread| thread.join());
                joined
                    .map(|run| run.unwrap_or_else(|_| Err(anyhow::anyhow!("a run panicked"))))
                    .collect()
            });
            for (seed, points) in (1..).zip(runs) {
                let points = points?;
                for point in &points {
                    let Point {
                        step,
                        recall,
                        rule,
                        loss,
                        score,
                        logit,
                    } = point;
                    writeln!(
                        csv,
                        "{},{rate},{seed},{step},{recall:.4},{rule:.4},{loss:.4},{score:.2},{logit:.2}",
                        variant.name
                    )?;
                }
                last.extend(points.into_iter().last());
            }
            // Whoever stops this early still has what was measured.
            std::fs::write(&unfinished, &csv)
                .with_context(|| format!("cannot write {}", unfinished.display()))?;
            println!(
                "{:<26} {rate:<7} {:<22} {:<22} {:>5.1} {:>8.1}",
                variant.name,
                spread(&last, |point| point.recall),
                spread(&last, |point| point.rule),
                most(&last, |point| point.score),
                most(&last, |point| point.logit),
            );
        }
    }
    let path = Path::new(&folder).join("03-without.csv");
    std::fs::rename(&unfinished, &path).with_context(|| format!("cannot write {}", path.display()))
}

/// What was seen on new rows after so many steps. Losses in nats per token.
struct Point {
    step: usize,
    recall: f64,
    rule: f64,
    loss: f64,
    /// The largest |q · k / √D|.
    score: f64,
    /// The largest logit before the cap, without its sign.
    logit: f64,
}

fn most(points: &[Point], of: fn(&Point) -> f64) -> f64 {
    points.iter().map(of).fold(f64::MIN, f64::max)
}

fn spread(points: &[Point], of: fn(&Point) -> f64) -> String {
    let mean = points.iter().map(of).sum::<f64>() / points.len() as f64;
    let least = points.iter().map(of).fold(f64::MAX, f64::min);
    format!("{mean:.2} ({least:.2} to {:.2})", most(points, of))
}

fn train(variant: &Variant, rate: f64, seed: u64) -> anyhow::Result<Vec<Point>> {
    let notes = Notes::new(variant.kinds);
    let config = Config {
        heads: 4,
        kv_heads: variant.kv_heads,
        width: 64,
        ..Config::d(LAYERS, notes.vocabulary(), TIME)?
    };
    let gpt = variant.model(&config, seed)?;
    let run = Run::new(variant);
    let new = notes.batch(64, &mut ChaCha8Rng::seed_from_u64(0));
    let mut adam = Adam::new(&gpt);
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut points = Vec::new();
    for step in 0..=STEPS {
        if step % EVERY == 0 {
            points.push(look(&run, &gpt, &new, step)?);
        }
        if step == STEPS {
            break;
        }
        let (ids, targets) = notes.batch(ROWS, &mut random);
        run.loss(&gpt, &ids, &targets)?.mean().backward();
        // Up within the first steps, down within the last third: chapter 05 says why.
        let warm = ((step + 1) as f64 / 20.0).min(1.0);
        let left = (3.0 * (1.0 - step as f64 / STEPS as f64)).min(1.0);
        adam.step(&gpt, rate * warm * left);
    }
    Ok(points)
}

fn look(run: &Run, gpt: &Gpt, new: &(Tensor, Tensor), step: usize) -> anyhow::Result<Point> {
    let _guard = tch::no_grad_guard();
    run.watched.set(true);
    let loss = run.loss(gpt, &new.0, &new.1)?;
    run.watched.set(false);
    let by_position: Vec<f32> = loss
        .per_token
        .mean_dim(0, false, tch::Kind::Float) // (B, T) -> (T,)
        .try_into()?;
    let of_kind = |wanted| {
        let losses: Vec<f32> = (0..)
            .zip(&by_position)
            .filter(|&(t, _)| kind(t) == wanted)
            .map(|(_, loss)| *loss)
            .collect();
        f64::from(losses.iter().sum::<f32>()) / losses.len() as f64
    };
    Ok(Point {
        step,
        recall: of_kind(Kind::Recall),
        rule: of_kind(Kind::Rule),
        loss: loss.mean().double_value(&[]),
        score: run.largest_score.take(),
        logit: run.largest_logit.take(),
    })
}

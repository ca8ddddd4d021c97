//! Ways to get fast kernels wrong that nothing complains of: wrong backward passes, weights kept in bf16, a chunked loss
//! that averages its chunks. `cargo run --example hopper_failures [-- FOLDER]`; with a folder the numbers go there as
//! `06-failures.csv` and the figure as `06-failures.svg`.
//!
//! The text is drawn by chance: each id depends on the two before it, through a table that is drawn once. So it is known
//! how far the loss can fall, and attention has something to find.

mod charts;
mod faults;

use std::path::Path;

use anyhow::{Context as _, Result};
use hopper::{Fused, FusedUpdates};
use muon::{AdamWStep, Updates};
use tch::{Device, Kind, Tensor};
use transformer::{Config, Gpt, HeadLoss, Kernels, Plain, Switches};

use charts::*;
use faults::*;

const VOCAB: i64 = 16;
const TIME: i64 = 64;
const ROWS: i64 = 16;
const STEPS: i64 = 240;
const EVERY: i64 = 20;
const LATER_STEPS: i64 = 300;
const CPU: (Kind, Device) = (Kind::Float, Device::Cpu);

/// Which id follows which two: logits (V·V, V).
struct World(Tensor);

impl World {
    fn new(seed: i64) -> World {
        tch::manual_seed(seed);
        World(Tensor::randn([VOCAB * VOCAB, VOCAB], CPU) * 2.0)
    }

    /// (ids, targets), both (B, T).
    fn batch(&self) -> (Tensor, Tensor) {
        let mut ids = vec![
            Tensor::randint(VOCAB, [ROWS], (Kind::Int64, Device::Cpu)),
            Tensor::randint(VOCAB, [ROWS], (Kind::Int64, Device::Cpu)),
        ];
        for t in 2..=TIME as usize {
            let pair = &ids[t - 2] * VOCAB + &ids[t - 1]; // (B,)
            let next = self.0.index_select(0, &pair).softmax(-1, Kind::Float); // (B, V)
            ids.push(next.multinomial(1, true).squeeze_dim(1)); // (B,)
        }
        let all = Tensor::stack(&ids, 1); // (B, T + 1)
        (
            all.narrow(1, 0, TIME).contiguous(),
            all.narrow(1, 1, TIME).contiguous(),
        )
    }

    /// Nats per id, if every pair is equally frequent. The first target, which is drawn evenly, is not told apart.
    fn entropy(&self) -> f64 {
        let p = self.0.softmax(-1, Kind::Float);
        let own = -(&p * p.log()).sum(Kind::Float).double_value(&[]);
        own / (VOCAB * VOCAB) as f64
    }
}

fn config() -> Result<Config> {
    Ok(Config {
        layers: 2,
        width: 64,
        heads: 4,
        kv_heads: 4,
        switches: Switches {
            qk_scale: 1.2,
            ..Switches::default()
        },
        ..Config::d(2, VOCAB, TIME)?
    })
}

/// AdamW on every weight, each with its two moments.
struct Training {
    gpt: Gpt,
    moments: Vec<(Tensor, Tensor)>,
    done: i64,
}

impl Training {
    fn of(gpt: Gpt) -> Training {
        let zeros = |x: &Tensor| Tensor::zeros(x.size(), CPU);
        let moments = gpt.parameters().iter();
        let moments = moments.map(|p| (zeros(&p.tensor), zeros(&p.tensor)));
        Training {
            moments: moments.collect(),
            gpt,
            done: 0,
        }
    }

    /// One step on one batch; with `rounded` the weights are left as bf16 could store them.
    fn step(
        &mut self,
        kernels: &dyn Kernels,
        world: &World,
        lr: f64,
        rounded: bool,
    ) -> Result<f64> {
        let (ids, targets) = world.batch();
        let loss = self.gpt.loss(kernels, &ids, &targets)?.mean();
        loss.backward();
        self.done += 1;
        let step = AdamWStep {
            lr,
            betas: (0.9, 0.95),
            eps: 1e-10,
            weight_decay: 0.0,
            step: self.done,
        };
        let _unrecorded = tch::no_grad_guard();
        for (parameter, (first, second)) in self.gpt.parameters().iter().zip(&mut self.moments) {
            let mut weight = parameter.tensor.shallow_clone();
            let mut gradient = weight.grad();
            if !gradient.defined() {
                continue;
            }
            FusedUpdates.adamw(&mut weight, &gradient, first, second, &step);
            if rounded {
                let short = weight.to_kind(Kind::BFloat16).to_kind(Kind::Float);
                weight.copy_(&short);
            }
            let _ = gradient.zero_();
        }
        Ok(loss.double_value(&[]))
    }
}

fn copy(gpt: &Gpt) -> Result<Gpt> {
    let copy = Gpt::new(gpt.config(), Device::Cpu, 1)?;
    let _unrecorded = tch::no_grad_guard();
    for (to, from) in copy.parameters().iter().zip(gpt.parameters()) {
        to.tensor.shallow_clone().copy_(&from.tensor);
    }
    Ok(copy)
}

/// A line of a chart.
struct Curve {
    chart: &'static str,
    name: String,
    points: Vec<(f64, f64)>,
}

/// Losses averaged over stretches of `EVERY` steps.
fn smoothed(losses: &[f64]) -> Vec<(f64, f64)> {
    let stretch = EVERY as usize;
    let mean = |(index, part): (usize, &[f64])| {
        (
            ((index + 1) * stretch) as f64,
            part.iter().sum::<f64>() / part.len() as f64,
        )
    };
    losses.chunks_exact(stretch).enumerate().map(mean).collect()
}

fn main() -> Result<()> {
    tensors::start(&tensors::Choice::default())?;
    let mut curves = Vec::new();
    let world = World::new(1);
    println!("the text's own entropy: {:.3}", world.entropy());

    // 1. Wrong backward passes: the same weights, the same batches.
    let mut trained = None;
    for (fault, name) in FAULTS {
        let mut training = Training::of(Gpt::new(&config()?, Device::Cpu, 1)?);
        tch::manual_seed(2);
        let losses: Vec<f64> = (0..STEPS)
            .map(|step| {
                let lr = 5e-3 * (1.0 - step as f64 / STEPS as f64);
                training.step(&fault, &world, lr, false)
            })
            .collect::<Result<_>>()?;
        curves.push(Curve {
            chart: "backward",
            name: name.to_string(),
            points: smoothed(&losses),
        });
        if fault == Fault::None {
            trained = Some(training.gpt);
        }
    }
    let gpt = trained.context("the first run is the right one")?;
    for (fault, name) in FAULTS {
        let off = gradients_off(&gpt, &fault, &world)?;
        println!("{name:<22} gradients off by {:.1e}", off);
    }

    // 2. A new text and small steps, with weights in fp32 and with weights that are rounded to bf16 after each step.
    let other = World(&world.0 * 0.5 + World::new(3).0 * 0.75);
    for (rounded, name) in [(false, "weights in fp32"), (true, "weights in bf16")] {
        let mut training = Training::of(copy(&gpt)?);
        tch::manual_seed(4);
        let losses: Vec<f64> = (0..LATER_STEPS)
            .map(|_| training.step(&Fused, &other, 1e-4, rounded))
            .collect::<Result<_>>()?;
        curves.push(Curve {
            chart: "bf16",
            name: name.to_string(),
            points: smoothed(&losses),
        });
    }

    // 3. Means of chunks instead of one sum and one count.
    for share in [1.0, 0.5, 0.2] {
        let points = [16, 32, 64, 128, 256, 512]
            .map(|chunk| chunks_off(chunk, share).map(|off| (chunk as f64, off)));
        curves.push(Curve {
            chart: "chunks",
            name: format!("{:.0} % counted", 100.0 * share),
            points: points.into_iter().collect::<Result<_>>()?,
        });
    }

    curves.iter().for_each(print);
    if let Some(folder) = std::env::args().nth(1) {
        let folder = Path::new(&folder);
        for (name, text) in [
            ("06-failures.csv", csv(&curves)),
            ("06-failures.svg", figure(&curves, world.entropy())),
        ] {
            let path = folder.join(name);
            std::fs::write(&path, text)
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    Ok(())
}

/// ‖g − g′‖ / ‖g‖ over all weights, against chapter 03's expressions.
fn gradients_off(gpt: &Gpt, kernels: &dyn Kernels, world: &World) -> Result<f64> {
    tch::manual_seed(6);
    let (ids, targets) = world.batch();
    let gradients = |kernels: &dyn Kernels| -> Result<Vec<Tensor>> {
        gpt.loss(kernels, &ids, &targets)?.mean().backward();
        let mut all = Vec::new();
        for parameter in gpt.parameters() {
            let mut gradient = parameter.tensor.grad();
            if gradient.defined() {
                all.push(gradient.copy());
                let _ = gradient.zero_();
            }
        }
        Ok(all)
    };
    let (right, wrong) = (gradients(&Plain)?, gradients(kernels)?);
    let sum = |f: &dyn Fn(&Tensor, &Tensor) -> Tensor| -> f64 {
        let pairs = right.iter().zip(&wrong);
        pairs
            .map(|(a, b)| f(a, b).square().sum(Kind::Double).double_value(&[]))
            .sum()
    };
    Ok((sum(&|a, b| a - b) / sum(&|a, _| a.shallow_clone())).sqrt())
}

/// How far the head's gradient is off if the means of chunks are averaged: 1,024 positions in which stretches of 1 to 100
/// positions count or do not, as in conversations. The first one counts.
fn chunks_off(chunk: i64, share: f64) -> Result<f64> {
    const POSITIONS: i64 = 1024;
    const WIDTH: i64 = 64;
    let mut off = 0.0;
    tch::manual_seed(5); // the same stretches for every chunk
    const TRIES: usize = 64;
    for _ in 0..TRIES {
        let x = Tensor::randn([1, POSITIONS, WIDTH], CPU);
        let head = (Tensor::randn([64, WIDTH], CPU) * 0.1).set_requires_grad(true);
        let mut targets: Vec<i64> = Vec::new();
        while targets.len() < POSITIONS as usize {
            let draw =
                |n: i64| Tensor::randint(n, [1], (Kind::Int64, Device::Cpu)).int64_value(&[0]);
            let counts = targets.is_empty() || (draw(1000) as f64) < 1000.0 * share;
            for _ in 0..=draw(100) {
                targets.push(if counts { draw(64) } else { -1 });
            }
        }
        let targets = Tensor::from_slice(&targets[..POSITIONS as usize]).view([1, POSITIONS]);
        let loss = |start: i64, count: i64| {
            let part = |x: &Tensor| x.narrow(1, start, count);
            Fused.head_loss(&part(&x), &head, &part(&targets), 15.0)
        };
        let gradient = |loss: Tensor| {
            let mut head = head.shallow_clone();
            loss.backward();
            let gradient = head.grad().copy();
            head.zero_grad();
            gradient
        };
        let right = gradient(loss(0, POSITIONS).mean());
        let parts = (0..POSITIONS).step_by(chunk as usize);
        let parts: Vec<HeadLoss> = parts.map(|start| loss(start, chunk)).collect();
        let filled = parts.iter().filter(|part| part.count.int64_value(&[]) > 0);
        let means: Vec<Tensor> = filled.map(HeadLoss::mean).collect();
        let mean = Tensor::stack(&means, 0).mean(Kind::Float);
        let wrong = gradient(mean);
        off += ((wrong - &right).norm() / right.norm()).double_value(&[]) / TRIES as f64;
    }
    Ok(off)
}

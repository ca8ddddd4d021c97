//! Three ways to fail, each one line away from the right model, each through the `Context` seam: no causal mask, no
//! positions, scores divided by D instead of √D. `cargo run --example attention_failures [-- FOLDER]`; with a folder the curves go there as
//! `03-failures.csv`.
//!
//! The task cannot be solved by remembering letters: every row is a random string written twice. Nobody can predict the
//! first writing, ln V per token; the second can be predicted by looking back half a row.

use std::fmt::Write;
use std::path::Path;

use anyhow::Context as _;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::{Device, Tensor};
use transformer::{Causal, Config, Context, Gpt, Plain};

const VOCAB: i64 = 16;
const HALF: i64 = 12;
const BATCH: i64 = 32;

enum Fault {
    None,
    NoMask,
    NoPositions,
    WrongScale,
}

impl Context for Fault {
    fn positions(&self, batch: i64, time: i64, device: Device) -> Tensor {
        let right = Causal.positions(batch, time, device);
        if matches!(self, Fault::NoPositions) {
            right.zeros_like()
        } else {
            right
        }
    }

    fn attend(
        &mut self,
        _layer: usize,
        _window: Option<i64>,
        q: &Tensor,
        k: &Tensor,
        v: &Tensor,
    ) -> Tensor {
        let causal = !matches!(self, Fault::NoMask);
        let scale = matches!(self, Fault::WrongScale).then(|| 1.0 / q.size()[3] as f64); // None: 1/√D
        let [q, k, v] = [q, k, v].map(|x| x.transpose(1, 2)); // (B, T, H, D) -> (B, H, T, D)
        Tensor::scaled_dot_product_attention(&q, &k, &v, None::<&Tensor>, 0.0, causal, scale, false)
            .transpose(1, 2)
    }
}

/// Rows of 2 · HALF random ids, the second half equal to the first.
fn batch(random: &mut ChaCha8Rng) -> (Tensor, Tensor) {
    let mut ids: Vec<i64> = Vec::new();
    for _ in 0..BATCH {
        let half: Vec<i64> = (0..HALF)
            .map(|_| (random.next_u64() % VOCAB as u64) as i64)
            .collect();
        ids.extend(half.iter().chain(&half).copied());
    }
    let rows = Tensor::from_slice(&ids).view([BATCH, 2 * HALF]); // (B, T + 1)
    let targets = rows.narrow(1, 1, 2 * HALF - 1); // (B, T)
    (rows.narrow(1, 0, 2 * HALF - 1), targets)
}

fn loss(
    gpt: &Gpt,
    context: &mut dyn Context,
    ids: &Tensor,
    targets: &Tensor,
) -> anyhow::Result<Tensor> {
    let x = gpt.hidden(&Plain, context, ids)?; // (B, T, C)
    Ok(
        transformer::Kernels::head_loss(&Plain, &x, &gpt.head(), targets, gpt.config().softcap)
            .mean(),
    )
}

fn main() -> anyhow::Result<()> {
    tensors::start(&tensors::Choice::default())?;
    let steps: Vec<usize> = (0..=10).map(|tenth| tenth * 60).collect();
    let floor = (HALF - 1) as f64 * (VOCAB as f64).ln() / (2 * HALF - 1) as f64;
    println!(
        "The best possible loss is {floor:.2}: {} of {} targets are coin tosses.",
        HALF - 1,
        2 * HALF - 1
    );
    println!(
        "step           {}   honest",
        steps
            .iter()
            .map(|step| format!("{step:>6}"))
            .collect::<String>()
    );
    let faults = [
        ("right", Fault::None),
        ("no mask", Fault::NoMask),
        ("no positions", Fault::NoPositions),
        ("wrong scale", Fault::WrongScale),
    ];
    let mut csv = "fault,step,loss\n".to_string();
    for (name, mut fault) in faults {
        let config = Config {
            heads: 2,
            kv_heads: 2,
            width: 64,
            ..Config::d(2, VOCAB, 2 * HALF)?
        };
        let gpt = Gpt::new(&config, Device::Cpu, 1)?;
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut velocity: Vec<Tensor> = gpt
            .parameters()
            .iter()
            .map(|p| p.tensor.zeros_like())
            .collect();
        let mut curve = String::new();
        for step in 0..=600 {
            let (ids, targets) = batch(&mut random);
            let loss = loss(&gpt, &mut fault, &ids, &targets)?;
            if steps.contains(&step) {
                let loss = loss.double_value(&[]);
                curve += &format!("{loss:>6.2}");
                writeln!(csv, "{name},{step},{loss:.2}")?;
            }
            loss.backward();
            let _guard = tch::no_grad_guard();
            for (parameter, velocity) in gpt.parameters().iter().zip(&mut velocity) {
                let mut weight = parameter.tensor.shallow_clone();
                let mut gradient = weight.grad();
                *velocity = &*velocity * 0.9 + &gradient;
                weight -= &*velocity * 0.05;
                let _ = gradient.zero_();
            }
        }
        // Honest: when text is generated, what comes later does not exist yet, so each position is computed from a row
        // that ends there.
        let _guard = tch::no_grad_guard();
        let (ids, targets) = batch(&mut random);
        let mut honest = 0.0;
        for t in 0..2 * HALF - 1 {
            let logits = gpt.last_logits(&Plain, &mut fault, &ids.narrow(1, 0, t + 1))?; // (B, V)
            honest += logits
                .cross_entropy_for_logits(&targets.select(1, t))
                .double_value(&[])
                / (2 * HALF - 1) as f64;
        }
        println!("{name:<15}{curve} {honest:>8.2}");
    }
    if let Some(folder) = std::env::args().nth(1) {
        let path = Path::new(&folder).join("03-failures.csv");
        std::fs::write(&path, csv).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

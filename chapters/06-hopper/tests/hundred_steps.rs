//! A hundred steps of the tiny recipe's model and optimizer, on ids of a Markov chain: with fused kernels and updates the loss ends within
//! 0.2 % of where the plain ones end.
//!
//! Rounding is not the same, and training lets differences grow; what must not differ is where it leads.

use hopper::{Fused, FusedUpdates};
use muon::{Optimizer, PlainUpdates, Rates2025, Solo, StepScale, Updates, groups_2025};
use tch::{Device, Kind, Tensor};
use transformer::{Config, Gpt, Kernels, Plain, Switches};

const STEPS: usize = 100;
const ROWS: i64 = 4;

fn config() -> Config {
    Config {
        width: 128,
        heads: 2,
        kv_heads: 2,
        switches: Switches {
            qk_scale: 1.2,
            value_embeddings: true,
            smear: true,
            ..Switches::default()
        },
        ..Config::d(4, 512, 128).unwrap()
    }
}

/// Each id follows from the one before by one of four rules, chosen by a generator of our own, the same for both runs.
fn ids(config: &Config, step: usize) -> (Tensor, Tensor) {
    let mut state = step as u64 + 1;
    let mut drawn = || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 33) as i64
    };
    let time = config.context;
    let mut all = Vec::new();
    for _ in 0..ROWS {
        let mut id = drawn() % config.vocab_size;
        for _ in 0..=time {
            all.push(id);
            id = (id * 5 + [1, 7, 31, 77][drawn() as usize % 4]) % config.vocab_size;
        }
    }
    let all = Tensor::from_slice(&all).view([ROWS, time + 1]); // (B, T + 1)
    (all.narrow(1, 0, time), all.narrow(1, 1, time))
}

/// The mean loss of the last ten steps.
fn train(kernels: &dyn Kernels, updates: Box<dyn Updates>) -> f64 {
    let config = config();
    let gpt = Gpt::new(&config, Device::Cpu, 1).unwrap();
    let rates = Rates2025 {
        embedding: 0.03,
        ..Rates2025::default()
    };
    let groups = groups_2025(gpt.parameters(), config.width, &rates, Kind::Float).unwrap();
    let mut optimizer = Optimizer::new(groups, updates, Box::new(Solo)).unwrap();
    let mut last = Vec::new();
    for step in 0..STEPS {
        optimizer.zero_grad();
        let (inputs, targets) = ids(&config, step);
        let loss = gpt.loss(kernels, &inputs, &targets).unwrap().mean();
        loss.backward();
        let lr = 1.0 - step as f64 / STEPS as f64;
        let scale = StepScale {
            lr,
            momentum: 0.95,
            weight_decay: 0.0,
        };
        let _ = optimizer.clip_gradients(1.0).unwrap();
        optimizer.step(&scale).unwrap();
        if step >= STEPS - 10 {
            last.push(loss.double_value(&[]));
        }
    }
    last.iter().sum::<f64>() / last.len() as f64
}

#[test]
fn parity_of_a_hundred_steps() {
    let plain = train(&Plain, Box::new(PlainUpdates));
    let fused = train(&Fused, Box::new(FusedUpdates));
    let uniform = 512f64.ln();
    println!("plain {plain:.4}, fused {fused:.4}");
    assert!(
        plain < 0.8 * uniform,
        "nothing was learned: {plain} of {uniform}"
    );
    let off = (fused / plain - 1.0).abs();
    assert!(
        off < 0.002,
        "fused ends at {fused}, plain at {plain}: {off:.4} apart"
    );
}

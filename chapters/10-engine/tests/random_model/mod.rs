//! Models with random weights. A fresh model's output projections are zero, so that all its logits are equal; a cache
//! could then be as wrong as it liked.

use tch::{Device, Kind, Tensor};
use transformer::{Config, Gpt, Prompt, Sampling, Switches, layout};

pub fn random_gpt(config: &Config, seed: u64) -> Gpt {
    let tensors = layout(config)
        .into_iter()
        .enumerate()
        .map(|(number, slot)| {
            // Numbers from a formula and not from libtorch's global generator, which other tests use at the same time.
            let count: i64 = slot.shape.iter().product();
            let x = Tensor::arange(count, (Kind::Double, Device::Cpu)) * 12.9898;
            let x = ((x + (seed * 1000 + number as u64) as f64 * 78.233).sin() * 43758.5453).frac();
            let inner = *slot.shape.last().expect("no tensor is a single number") as f64;
            let scale = 3.0 / inner.sqrt();
            (
                slot.name,
                (x * scale).to_kind(Kind::Float).view(&slot.shape[..]),
            )
        })
        .collect();
    Gpt::from_tensors(config, Device::Cpu, tensors).expect("every tensor is there")
}

/// The same with every switch of 2026 on. Its short windows are 128, so a longer context is needed to feel them.
pub fn small_2026(kv_heads: i64, layers: i64, context: i64) -> Config {
    Config {
        rope_base: 100_000.0,
        switches: Switches::july_2026(),
        ..small(kv_heads, layers, context)
    }
}

/// A small shape; `kv_heads` divides 4.
pub fn small(kv_heads: i64, layers: i64, context: i64) -> Config {
    Config {
        vocab_size: 61,
        layers,
        heads: 4,
        kv_heads,
        width: 32,
        context,
        ..Config::d(2, 61, context).expect("a shape")
    }
}

pub fn prompt(ids: &[u32], temperature: f64, top_k: usize, max_tokens: usize, seed: u64) -> Prompt {
    let settings = Sampling {
        temperature,
        top_k,
        max_tokens,
        stop: vec![7],
        ..Sampling::default()
    };
    Prompt {
        ids: ids.to_vec(),
        settings,
        seed,
    }
}

//! Models with random weights. A fresh model's output projections are zero, so that all its logits are equal; a cache
//! could then be as wrong as it liked.
#![allow(dead_code)] // each test file uses its part

use proptest::prelude::*;
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

/// The same with every switch of 2026 on. Its short windows are 128, so a longer context is needed to feel them.
pub fn small_2026(kv_heads: i64, layers: i64, context: i64) -> Config {
    Config {
        rope_base: 100_000.0,
        switches: Switches::july_2026(),
        ..small(kv_heads, layers, context)
    }
}

/// Either of the two.
pub fn small_of(year: i64, kv_heads: i64, layers: i64, context: i64) -> Config {
    match year {
        2025 => small(kv_heads, layers, context),
        _ => small_2026(kv_heads, layers, context),
    }
}

/// `length` ids that look random; equal families begin alike, whatever their lengths.
pub fn ids(family: u64, length: usize) -> Vec<u32> {
    (0..length as u64)
        .map(|at| ((family * 31 + 5 * at * at + at * family) % 61) as u32)
        .collect()
}

/// Every setting that there is.
pub fn settings() -> impl Strategy<Value = Sampling> {
    (
        prop::sample::select(vec![0.0, 0.7, 1.0, 1.5]),
        prop::sample::select(vec![0usize, 0, 1, 5]),
        prop::sample::select(vec![1.0, 0.9, 0.3]),
        prop::sample::select(vec![0.0, 0.0, 0.05, 0.4]),
        prop::sample::select(vec![1.0, 1.0, 1.3, 0.8]),
        0usize..20,
        prop::sample::select(vec![0usize, 3]),
    )
        .prop_map(
            |(temperature, top_k, top_p, min_p, repetition_penalty, max_tokens, insight)| {
                Sampling {
                    temperature,
                    top_k,
                    top_p,
                    min_p,
                    repetition_penalty,
                    max_tokens,
                    stop: vec![7],
                    insight,
                }
            },
        )
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

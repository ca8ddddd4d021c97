// ANCHOR: head
//! First values: seeded normal numbers, drawn so that a tensor's values depend only on the seed and on its name.
//!
//! A generator shared by all tensors would give other numbers as soon as one tensor is added, or when ranks create
//! them in another order. ChaCha, a stream cipher, has a *key* (our seed) and a *stream number* (a hash of the name): each pair is an independent
//! sequence, for nothing.

use std::f64::consts::TAU;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::{Device, Kind, Tensor};

use crate::layout::{Law, Slot};
// ANCHOR_END: head

// ANCHOR: first_values
/// The tensor that training begins from, in fp32: `[out, in]`.
pub fn first_values(slot: &Slot, seed: u64, device: Device) -> Tensor {
    match slot.law {
        Law::Zero => Tensor::zeros(&slot.shape[..], (Kind::Float, device)),
        Law::Normal(deviation) => {
            let mut stream = ChaCha8Rng::seed_from_u64(seed);
            stream.set_stream(hash(&slot.name));
            let values = normal(&mut stream, deviation, slot.elements() as usize);
            Tensor::from_slice(&values)
                .view(&slot.shape[..])
                .to_device(device)
        }
        Law::Uniform(low, high) => {
            let mut stream = ChaCha8Rng::seed_from_u64(seed);
            stream.set_stream(hash(&slot.name));
            let values: Vec<f32> = (0..slot.elements())
                .map(|_| (low + (high - low) * uniform(&mut stream)) as f32)
                .collect();
            Tensor::from_slice(&values)
                .view(&slot.shape[..])
                .to_device(device)
        }
        Law::Ramp(first, last) => {
            let ramp = Tensor::linspace(first, last, slot.elements(), (Kind::Float, device));
            ramp.view(&slot.shape[..])
        }
    }
}
// ANCHOR_END: first_values

// ANCHOR: normal
/// Box–Muller: a point with a uniform angle and radius √(−2 ln u) has two independent normal coordinates.
fn normal(stream: &mut ChaCha8Rng, deviation: f64, count: usize) -> Vec<f32> {
    let mut values = Vec::with_capacity(count + 1);
    while values.len() < count {
        let radius = deviation * (-2.0 * uniform(stream).ln()).sqrt();
        let (sin, cos) = (TAU * uniform(stream)).sin_cos();
        values.push((radius * cos) as f32);
        values.push((radius * sin) as f32);
    }
    values.truncate(count); // an odd count drops the last coordinate
    values
}

/// Uniform in (0, 1]: zero is left out, because its logarithm is infinite.
fn uniform(stream: &mut ChaCha8Rng) -> f64 {
    ((stream.next_u64() >> 11) + 1) as f64 / (1u64 << 53) as f64
}

/// FNV-1a: a few bits per letter are enough to tell names apart.
fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
// ANCHOR_END: normal

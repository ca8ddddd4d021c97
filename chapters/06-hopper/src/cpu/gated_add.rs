// ANCHOR: head
//! The value embedding's share: y = v + 3·σ(gate)·e, one gate for each position and head.
//!
//! Backward: with p = 3·σ(gate), ∂L/∂v = g, ∂L/∂e = p·g, and ∂L/∂gate = (Σ_D g·e)·p·(1 − p/3), for σ′ = σ·(1 − σ).

use tch::Tensor;
use tensors::differentiable::{Forward, differentiable};

use super::exponential::exp;
use super::lanes::{dot, vectorised};
use super::parallel::{each, share};
use super::slices::{empty_like, numbers, numbers_mut, width};
// ANCHOR_END: head

// ANCHOR: add_gated
/// v and e (B, T, K, D), gate (B, T, K) -> (B, T, K, D), differentiable in all three.
pub fn add_gated(v: &Tensor, e: &Tensor, gate: &Tensor) -> Result<Tensor, tensors::Error> {
    let mut outputs = differentiable(
        &[v, e, gate],
        |inputs| {
            let [v, e, gate] = [&inputs[0], &inputs[1], &inputs[2]].map(Tensor::contiguous);
            Forward {
                outputs: vec![forward(&v, &e, &gate)],
                saved: vec![e, gate],
            }
        },
        |saved, gradients| match &gradients[0] {
            None => vec![None, None, None],
            Some(g) => {
                let (de, dgate) = backward(&saved[0], &saved[1], &g.contiguous());
                vec![Some(g.shallow_clone()), Some(de), Some(dgate)]
            }
        },
    )?;
    Ok(outputs.remove(0))
}

/// 3·σ(x)
#[inline(always)]
fn opening(x: f32) -> f32 {
    3.0 / (1.0 + exp(-x))
}

fn forward(v: &Tensor, e: &Tensor, gate: &Tensor) -> Tensor {
    let width = width(v);
    let rows = v.numel() / width;
    let mut y = empty_like(v);
    let share = share(rows, 12 * width);
    let jobs = (numbers(v).chunks(share * width))
        .zip(numbers(e).chunks(share * width))
        .zip(numbers(gate).chunks(share))
        .zip(numbers_mut(&mut y).chunks_mut(share * width));
    each(jobs, |(((v, e), gate), y)| {
        vectorised(
            #[inline(always)]
            || {
                let inputs = v.chunks_exact(width).zip(e.chunks_exact(width));
                for (((v, e), gate), y) in inputs.zip(gate).zip(y.chunks_exact_mut(width)) {
                    let p = opening(*gate);
                    for ((y, v), e) in y.iter_mut().zip(v).zip(e) {
                        *y = v + p * e;
                    }
                }
            },
        )
    });
    y
}
// ANCHOR_END: add_gated

// ANCHOR: backward
/// -> ∂L/∂e (B, T, K, D) and ∂L/∂gate (B, T, K)
fn backward(e: &Tensor, gate: &Tensor, g: &Tensor) -> (Tensor, Tensor) {
    let width = width(e);
    let rows = e.numel() / width;
    let (mut de, mut dgate) = (empty_like(e), empty_like(gate));
    let share = share(rows, 12 * width);
    let jobs = (numbers(e).chunks(share * width))
        .zip(numbers(g).chunks(share * width))
        .zip(numbers(gate).chunks(share))
        .zip(numbers_mut(&mut de).chunks_mut(share * width))
        .zip(numbers_mut(&mut dgate).chunks_mut(share));
    each(jobs, |((((e, g), gate), de), dgate)| {
        vectorised(
            #[inline(always)]
            || {
                let inputs = e.chunks_exact(width).zip(g.chunks_exact(width)).zip(gate);
                let outputs = de.chunks_exact_mut(width).zip(dgate);
                for (((e, g), gate), (de, dgate)) in inputs.zip(outputs) {
                    let p = opening(*gate);
                    *dgate = dot(g, e) * p * (1.0 - p / 3.0);
                    for (de, g) in de.iter_mut().zip(g) {
                        *de = p * g;
                    }
                }
            },
        )
    });
    (de, dgate)
}
// ANCHOR_END: backward

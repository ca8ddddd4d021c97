// ANCHOR: head
//! RMSNorm: y = x·s with s = 1/√(mean x² + ε), one sweep there and one back.
//!
//! Backward: of g = ∂L/∂y. A change of xᵢ moves yᵢ by s, and through s all of the row:
//! ∂s/∂xᵢ = −s³·xᵢ/n. So ∂L/∂xᵢ = s·gᵢ − (s³/n)·xᵢ·Σⱼ gⱼxⱼ = s·(gᵢ − yᵢ·mean(g·y)).
//! The last form needs only y and one number a row. y is kept anyway, by the matrix product that reads it next.

use tch::{Kind, Tensor};
use tensors::differentiable::{Forward, differentiable};

use super::lanes::{dot, vectorised};
use super::parallel::{each, share};
use super::slices::{empty_like, numbers, numbers_mut, width};
// ANCHOR_END: head

// ANCHOR: rms_norm
/// x (…, C) -> (…, C), differentiable.
pub fn rms_norm(x: &Tensor, eps: f64) -> Result<Tensor, tensors::Error> {
    let mut outputs = differentiable(
        &[x],
        |inputs| {
            let (y, scales) = forward(&inputs[0].contiguous(), eps as f32);
            Forward {
                saved: vec![y.shallow_clone(), scales],
                outputs: vec![y],
            }
        },
        |saved, gradients| {
            let gradient = gradients[0].as_ref();
            vec![gradient.map(|g| backward(&saved[0], &saved[1], &g.contiguous()))]
        },
    )?;
    Ok(outputs.remove(0))
}
// ANCHOR_END: rms_norm

// ANCHOR: forward
/// x (…, C) -> y (…, C) and each row's s, (rows,).
fn forward(x: &Tensor, eps: f32) -> (Tensor, Tensor) {
    let width = width(x);
    let rows = x.numel() / width;
    let (mut y, mut scales) = (
        empty_like(x),
        Tensor::empty([rows as i64], (Kind::Float, x.device())),
    );
    let share = share(rows, 8 * width);
    let jobs = (numbers(x).chunks(share * width))
        .zip(numbers_mut(&mut y).chunks_mut(share * width))
        .zip(numbers_mut(&mut scales).chunks_mut(share));
    each(jobs, |((x, y), scales)| {
        vectorised(
            #[inline(always)]
            || {
                let rows = x.chunks_exact(width).zip(y.chunks_exact_mut(width));
                for ((x, y), scale) in rows.zip(scales) {
                    *scale = row_scale(x, eps);
                    for (y, x) in y.iter_mut().zip(x) {
                        *y = x * *scale;
                    }
                }
            },
        )
    });
    (y, scales)
}

/// s = 1/√(mean x² + ε)
#[inline(always)]
pub(super) fn row_scale(x: &[f32], eps: f32) -> f32 {
    1.0 / (dot(x, x) / x.len() as f32 + eps).sqrt()
}
// ANCHOR_END: forward

// ANCHOR: backward
fn backward(y: &Tensor, scales: &Tensor, g: &Tensor) -> Tensor {
    let width = width(y);
    let rows = y.numel() / width;
    let mut dx = empty_like(y);
    let share = share(rows, 12 * width);
    let jobs = (numbers(y).chunks(share * width))
        .zip(numbers(g).chunks(share * width))
        .zip(numbers(scales).chunks(share))
        .zip(numbers_mut(&mut dx).chunks_mut(share * width));
    each(jobs, |(((y, g), scales), dx)| {
        vectorised(
            #[inline(always)]
            || {
                let rows = y.chunks_exact(width).zip(g.chunks_exact(width));
                let rows = rows.zip(scales).zip(dx.chunks_exact_mut(width));
                for (((y, g), scale), dx) in rows {
                    let shared = dot(g, y) / width as f32;
                    for ((dx, g), y) in dx.iter_mut().zip(g).zip(y) {
                        *dx = scale * (g - y * shared);
                    }
                }
            },
        )
    });
    dx
}
// ANCHOR_END: backward

// ANCHOR: head
//! The stream is mixed with what it began as, and normalised for attention: x′ = r·x + s·x₀, y = x′·ρ with ρ = 1/√(mean x′² + ε).
//!
//! Backward: as in `add_norm` two gradients arrive, h = ∂L/∂x′ from the stream and g = ∂L/∂y, and d = h + ρ·(g − y·mean(g·y)) is the
//! gradient by the mix. From it follow r·d for x, s·d for x₀ and ∂L/∂s = Σ d·x₀. ∂L/∂r = Σ d·x needs an x which nobody else
//! keeps. But x = (x′ − s·x₀)/r and x′ = y/ρ, hence
//!
//! ∂L/∂r = (Σ d·y/ρ − s·∂L/∂s) / r.
//!
//! y is kept anyway by the product that reads it, x₀ by all layers together; of a layer's own there remains one number a row.
//! The division makes what rounding has done to y, and to the sums, 1/r times as large. Where |r| is below [`SMALLEST_FACTOR`]
//! the operation is put together from `mix` and `rms_norm`, which keeps x.

use tch::{Kind, Tensor};
use tensors::differentiable::{Forward, differentiable};

use super::lanes::{dot, vectorised};
use super::mix::mix;
use super::parallel::{each, share};
use super::rms_norm::{rms_norm, row_scale};
use super::slices::{empty_like, numbers, numbers_mut, width};

/// The least |r| that is divided by.
const SMALLEST_FACTOR: f32 = 1.0 / 64.0;
// ANCHOR_END: head

// ANCHOR: mix_norm
/// x and x₀ (…, C), r and s () -> the mix and its norm, both (…, C), differentiable in all four.
pub fn mix_norm(
    r: &Tensor,
    x: &Tensor,
    s: &Tensor,
    x0: &Tensor,
    eps: f64,
) -> Result<(Tensor, Tensor), tensors::Error> {
    let scalars = [r, s].map(|scalar| scalar.double_value(&[]) as f32);
    if scalars[0].abs() < SMALLEST_FACTOR {
        let mixed = mix(r, x, s, x0)?;
        let y = rms_norm(&mixed, eps)?;
        return Ok((mixed, y));
    }
    let mut outputs = differentiable(
        &[r, x, s, x0],
        |inputs| {
            let [x, x0] = [&inputs[1], &inputs[3]].map(Tensor::contiguous);
            let (mixed, y, scales) = forward(&x, &x0, scalars, eps as f32);
            Forward {
                saved: vec![y.shallow_clone(), scales, x0],
                outputs: vec![mixed, y],
            }
        },
        move |saved, gradients| {
            let gradients = [&gradients[0], &gradients[1]]
                .map(|gradient| gradient.as_ref().map(Tensor::contiguous));
            if gradients.iter().all(Option::is_none) {
                return vec![None, None, None, None];
            }
            // An output that nobody has used counts as one with a gradient of zeros.
            let [h, g] =
                gradients.map(|gradient| gradient.unwrap_or_else(|| saved[0].zeros_like()));
            let (dr, dx, ds, dx0) = backward(saved, &h, &g, scalars);
            vec![Some(dr), Some(dx), Some(ds), Some(dx0)]
        },
    )?;
    let y = outputs.remove(1);
    Ok((outputs.remove(0), y))
}
// ANCHOR_END: mix_norm

// ANCHOR: forward
fn forward(x: &Tensor, x0: &Tensor, [r, s]: [f32; 2], eps: f32) -> (Tensor, Tensor, Tensor) {
    let width = width(x);
    let rows = x.numel() / width;
    let (mut mixed, mut y) = (empty_like(x), empty_like(x));
    let mut scales = Tensor::empty([rows as i64], (Kind::Float, x.device()));
    let share = share(rows, 16 * width);
    let jobs = (numbers(x).chunks(share * width))
        .zip(numbers(x0).chunks(share * width))
        .zip(numbers_mut(&mut mixed).chunks_mut(share * width))
        .zip(numbers_mut(&mut y).chunks_mut(share * width))
        .zip(numbers_mut(&mut scales).chunks_mut(share));
    each(jobs, |((((x, x0), mixed), y), scales)| {
        vectorised(
            #[inline(always)]
            || {
                let inputs = x.chunks_exact(width).zip(x0.chunks_exact(width));
                let outputs = mixed.chunks_exact_mut(width).zip(y.chunks_exact_mut(width));
                for (((x, x0), (mixed, y)), scale) in inputs.zip(outputs).zip(scales) {
                    for ((mixed, x), x0) in mixed.iter_mut().zip(x).zip(x0) {
                        *mixed = r * x + s * x0;
                    }
                    *scale = row_scale(mixed, eps);
                    for (y, mixed) in y.iter_mut().zip(mixed) {
                        *y = *mixed * *scale;
                    }
                }
            },
        )
    });
    (mixed, y, scales)
}
// ANCHOR_END: forward

// ANCHOR: backward
/// By r, x, s and x₀. Rows are summed in fp32 and the rows' sums in fp64, in their order, as in `mix`.
fn backward(
    saved: &[Tensor],
    h: &Tensor,
    g: &Tensor,
    [r, s]: [f32; 2],
) -> (Tensor, Tensor, Tensor, Tensor) {
    let (y, scales, x0) = (&saved[0], &saved[1], &saved[2]);
    let width = width(y);
    let rows = y.numel() / width;
    let (mut dx, mut dx0) = (empty_like(y), empty_like(y));
    let mut sums = vec![(0.0f32, 0.0f32); rows]; // (Σ d·x′, Σ d·x₀) of each row
    let share = share(rows, 24 * width);
    let jobs = (numbers(y).chunks(share * width))
        .zip(numbers(x0).chunks(share * width))
        .zip(numbers(h).chunks(share * width))
        .zip(numbers(g).chunks(share * width))
        .zip(numbers(scales).chunks(share))
        .zip(numbers_mut(&mut dx).chunks_mut(share * width))
        .zip(numbers_mut(&mut dx0).chunks_mut(share * width))
        .zip(sums.chunks_mut(share));
    each(jobs, |(((((((y, x0), h), g), scales), dx), dx0), sums)| {
        vectorised(
            #[inline(always)]
            || {
                let kept = y.chunks_exact(width).zip(x0.chunks_exact(width));
                let given = h.chunks_exact(width).zip(g.chunks_exact(width));
                let outputs = dx.chunks_exact_mut(width).zip(dx0.chunks_exact_mut(width));
                let rows = kept.zip(given).zip(outputs).zip(scales.iter().zip(sums));
                for ((((y, x0), (h, g)), (dx, dx0)), (scale, sums)) in rows {
                    let shared = dot(g, y) / width as f32;
                    // dx0 holds d until all that is made of it is made.
                    for (((d, h), g), y) in dx0.iter_mut().zip(h).zip(g).zip(y) {
                        *d = h + scale * (g - y * shared);
                    }
                    *sums = (dot(dx0, y) / scale, dot(dx0, x0));
                    for (dx, dx0) in dx.iter_mut().zip(dx0) {
                        (*dx, *dx0) = (r * *dx0, s * *dx0);
                    }
                }
            },
        )
    });
    let total =
        |pick: fn(&(f32, f32)) -> f32| -> f64 { sums.iter().map(|row| f64::from(pick(row))).sum() };
    let (by_mix, ds) = (total(|row| row.0), total(|row| row.1));
    let dr = (by_mix - f64::from(s) * ds) / f64::from(r);
    let scalar = |sum: f64| Tensor::from(sum).to_kind(Kind::Float); // ()
    (scalar(dr), dx, scalar(ds), dx0)
}
// ANCHOR_END: backward

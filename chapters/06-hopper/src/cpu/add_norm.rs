// ANCHOR: head
//! The stream takes up a layer's change and is normalised for the next: x′ = x + change, y = x′·s.
//!
//! Backward: two gradients arrive, that of the stream, h = ∂L/∂x′, and that of its normalised copy, g = ∂L/∂y. Both flow into the
//! sum, d = h + s·(g − y·mean(g·y)), and a sum hands its gradient to both summands unchanged. Autograd would write
//! the norm's share out and add it to h in a pass of its own.

use tch::{Kind, Tensor};
use tensors::differentiable::{Forward, differentiable};

use super::lanes::{dot, vectorised};
use super::parallel::{each, share};
use super::rms_norm::row_scale;
use super::slices::{empty_like, numbers, numbers_mut, width};
// ANCHOR_END: head

// ANCHOR: add_norm
/// x and change (…, C) -> the sum and its norm, both (…, C), differentiable.
pub fn add_norm(x: &Tensor, change: &Tensor, eps: f64) -> Result<(Tensor, Tensor), tensors::Error> {
    let mut outputs = differentiable(
        &[x, change],
        |inputs| {
            let [x, change] = [&inputs[0], &inputs[1]].map(Tensor::contiguous);
            let (sum, y, scales) = forward(&x, &change, eps as f32);
            Forward {
                saved: vec![y.shallow_clone(), scales],
                outputs: vec![sum, y],
            }
        },
        |saved, gradients| {
            let [stream, normed] = [&gradients[0], &gradients[1]]
                .map(|gradient| gradient.as_ref().map(Tensor::contiguous));
            let d = match (stream, normed) {
                (stream, None) => stream,
                (stream, Some(g)) => Some(backward(&saved[0], &saved[1], stream.as_ref(), &g)),
            };
            vec![d.as_ref().map(Tensor::shallow_clone), d]
        },
    )?;
    let y = outputs.remove(1);
    Ok((outputs.remove(0), y))
}
// ANCHOR_END: add_norm

// ANCHOR: forward
fn forward(x: &Tensor, change: &Tensor, eps: f32) -> (Tensor, Tensor, Tensor) {
    let width = width(x);
    let rows = x.numel() / width;
    let (mut sum, mut y) = (empty_like(x), empty_like(x));
    let mut scales = Tensor::empty([rows as i64], (Kind::Float, x.device()));
    let share = share(rows, 16 * width);
    let jobs = (numbers(x).chunks(share * width))
        .zip(numbers(change).chunks(share * width))
        .zip(numbers_mut(&mut sum).chunks_mut(share * width))
        .zip(numbers_mut(&mut y).chunks_mut(share * width))
        .zip(numbers_mut(&mut scales).chunks_mut(share));
    each(jobs, |((((x, change), sum), y), scales)| {
        vectorised(
            #[inline(always)]
            || {
                let inputs = x.chunks_exact(width).zip(change.chunks_exact(width));
                let outputs = sum.chunks_exact_mut(width).zip(y.chunks_exact_mut(width));
                for (((x, change), (sum, y)), scale) in inputs.zip(outputs).zip(scales) {
                    for ((sum, x), change) in sum.iter_mut().zip(x).zip(change) {
                        *sum = x + change;
                    }
                    *scale = row_scale(sum, eps);
                    for (y, sum) in y.iter_mut().zip(sum) {
                        *y = *sum * *scale;
                    }
                }
            },
        )
    });
    (sum, y, scales)
}
// ANCHOR_END: forward

// ANCHOR: backward
fn backward(y: &Tensor, scales: &Tensor, stream: Option<&Tensor>, g: &Tensor) -> Tensor {
    let width = width(y);
    let rows = y.numel() / width;
    // Without a gradient of the stream (its last user is the norm) it counts as zeros.
    let zeros = stream.is_none().then(|| y.zeros_like());
    let stream = stream.or(zeros.as_ref()).expect("one of the two");
    let mut d = empty_like(y);
    let share = share(rows, 16 * width);
    let jobs = (numbers(y).chunks(share * width))
        .zip(numbers(g).chunks(share * width))
        .zip(numbers(stream).chunks(share * width))
        .zip(numbers(scales).chunks(share))
        .zip(numbers_mut(&mut d).chunks_mut(share * width));
    each(jobs, |((((y, g), stream), scales), d)| {
        vectorised(
            #[inline(always)]
            || {
                let inputs = y.chunks_exact(width).zip(g.chunks_exact(width));
                let outputs = stream.chunks_exact(width).zip(d.chunks_exact_mut(width));
                for (((y, g), (stream, d)), scale) in inputs.zip(outputs).zip(scales) {
                    let shared = dot(g, y) / width as f32;
                    let numbers = d.iter_mut().zip(stream).zip(g).zip(y);
                    for (((d, stream), g), y) in numbers {
                        *d = stream + scale * (g - y * shared);
                    }
                }
            },
        )
    });
    d
}
// ANCHOR_END: backward

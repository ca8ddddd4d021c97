// ANCHOR: head
//! relu²: y = max(x, 0)², and back.
//!
//! Backward: ∂L/∂x = 2·max(x, 0)·g. max(x, 0) is √y, and y is kept anyway by the product that reads it, so x is not kept:
//! at four times the stream's width it is the largest tensor of a layer.

use tch::Tensor;
use tensors::differentiable::{Forward, differentiable};

use super::lanes::vectorised;
use super::parallel::{each, share};
use super::slices::{empty_like, numbers, numbers_mut};
// ANCHOR_END: head

// ANCHOR: relu_squared
/// x (…) -> (…), differentiable.
pub fn relu_squared(x: &Tensor) -> Result<Tensor, tensors::Error> {
    let mut outputs = differentiable(
        &[x],
        |inputs| {
            let y = forward(&inputs[0].contiguous());
            Forward {
                saved: vec![y.shallow_clone()],
                outputs: vec![y],
            }
        },
        |saved, gradients| {
            let gradient = gradients[0].as_ref();
            vec![gradient.map(|g| backward(&saved[0], &g.contiguous()))]
        },
    )?;
    Ok(outputs.remove(0))
}

fn forward(x: &Tensor) -> Tensor {
    let mut y = empty_like(x);
    let share = share(x.numel(), 8);
    let jobs = (numbers(x).chunks(share)).zip(numbers_mut(&mut y).chunks_mut(share));
    each(jobs, |(x, y)| {
        vectorised(
            #[inline(always)]
            || {
                for (y, x) in y.iter_mut().zip(x) {
                    let positive = x.max(0.0);
                    *y = positive * positive;
                }
            },
        )
    });
    y
}

fn backward(y: &Tensor, g: &Tensor) -> Tensor {
    let mut dx = empty_like(y);
    let share = share(y.numel(), 12);
    let jobs = (numbers(y).chunks(share))
        .zip(numbers(g).chunks(share))
        .zip(numbers_mut(&mut dx).chunks_mut(share));
    each(jobs, |((y, g), dx)| {
        vectorised(
            #[inline(always)]
            || {
                for ((dx, y), g) in dx.iter_mut().zip(y).zip(g) {
                    *dx = 2.0 * y.sqrt() * g;
                }
            },
        )
    });
    dx
}
// ANCHOR_END: relu_squared

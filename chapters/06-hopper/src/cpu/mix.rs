// ANCHOR: head
//! r·x + s·x₀ with two trained scalars, and back.
//!
//! Backward: ∂L/∂x = r·g and ∂L/∂x₀ = s·g; the scalars' gradients are sums over the whole tensor, ∂L/∂r = Σ g·x and
//! ∂L/∂s = Σ g·x₀. One sweep over x, x₀ and g computes all four. Each row is summed in fp32 and the rows' sums in fp64, in
//! their order, so that the result does not depend on the number of threads.

use tch::{Kind, Tensor};
use tensors::differentiable::{Forward, differentiable};

use super::lanes::{dot, vectorised};
use super::parallel::{each, share};
use super::slices::{empty_like, numbers, numbers_mut, width};
// ANCHOR_END: head

// ANCHOR: mix
/// x and x₀ (…, C), r and s () -> (…, C), differentiable in all four.
pub fn mix(r: &Tensor, x: &Tensor, s: &Tensor, x0: &Tensor) -> Result<Tensor, tensors::Error> {
    let scalars = [r, s].map(|scalar| scalar.double_value(&[]) as f32);
    let mut outputs = differentiable(
        &[r, x, s, x0],
        |inputs| {
            let [x, x0] = [&inputs[1], &inputs[3]].map(Tensor::contiguous);
            Forward {
                outputs: vec![forward(&x, &x0, scalars)],
                saved: vec![x, x0],
            }
        },
        move |saved, gradients| match &gradients[0] {
            None => vec![None, None, None, None],
            Some(g) => {
                let (dr, dx, ds, dx0) = backward(&saved[0], &saved[1], &g.contiguous(), scalars);
                vec![Some(dr), Some(dx), Some(ds), Some(dx0)]
            }
        },
    )?;
    Ok(outputs.remove(0))
}

fn forward(x: &Tensor, x0: &Tensor, [r, s]: [f32; 2]) -> Tensor {
    let mut y = empty_like(x);
    let share = share(x.numel(), 12);
    let jobs = (numbers(x).chunks(share))
        .zip(numbers(x0).chunks(share))
        .zip(numbers_mut(&mut y).chunks_mut(share));
    each(jobs, |((x, x0), y)| {
        vectorised(
            #[inline(always)]
            || {
                for ((y, x), x0) in y.iter_mut().zip(x).zip(x0) {
                    *y = r * x + s * x0;
                }
            },
        )
    });
    y
}
// ANCHOR_END: mix

// ANCHOR: backward
fn backward(
    x: &Tensor,
    x0: &Tensor,
    g: &Tensor,
    [r, s]: [f32; 2],
) -> (Tensor, Tensor, Tensor, Tensor) {
    let width = width(x);
    let rows = x.numel() / width;
    let (mut dx, mut dx0) = (empty_like(x), empty_like(x));
    let mut sums = vec![(0.0f32, 0.0f32); rows]; // (Σ g·x, Σ g·x₀) of each row
    let share = share(rows, 20 * width);
    let jobs = (numbers(x).chunks(share * width))
        .zip(numbers(x0).chunks(share * width))
        .zip(numbers(g).chunks(share * width))
        .zip(numbers_mut(&mut dx).chunks_mut(share * width))
        .zip(numbers_mut(&mut dx0).chunks_mut(share * width))
        .zip(sums.chunks_mut(share));
    each(jobs, |(((((x, x0), g), dx), dx0), sums)| {
        vectorised(
            #[inline(always)]
            || {
                let inputs = x.chunks_exact(width).zip(x0.chunks_exact(width));
                let outputs = dx.chunks_exact_mut(width).zip(dx0.chunks_exact_mut(width));
                let rows = inputs.zip(g.chunks_exact(width)).zip(outputs).zip(sums);
                for ((((x, x0), g), (dx, dx0)), sums) in rows {
                    *sums = (dot(g, x), dot(g, x0));
                    for ((dx, dx0), g) in dx.iter_mut().zip(dx0).zip(g) {
                        *dx = r * g;
                        *dx0 = s * g;
                    }
                }
            },
        )
    });
    let total = |pick: fn(&(f32, f32)) -> f32| {
        let sum: f64 = sums.iter().map(|row| f64::from(pick(row))).sum();
        Tensor::from(sum).to_kind(Kind::Float) // ()
    };
    (total(|row| row.0), dx, total(|row| row.1), dx0)
}
// ANCHOR_END: backward

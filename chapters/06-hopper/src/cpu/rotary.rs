// ANCHOR: head
//! Rotation by position, RMSNorm and a factor, for the heads of queries or keys.
//!
//! A rotation does not change a vector's length. So s = factor/√(mean x² + ε) can be computed from x *before* it is turned, and
//! turning, norm and factor become one product per number.
//!
//! Backward: with y = s·R·x and n = y/factor, the norm's backward gives factor·s′·(g − n·mean(g·n)), s′ = s/factor; the
//! rotation's is the rotation back, Rᵀ: the sines change their sign. y is kept anyway, by attention.

use tch::{Kind, Tensor};
use tensors::differentiable::{Forward, differentiable};

use super::lanes::{dot, vectorised};
use super::parallel::{each, share};
use super::rms_norm::row_scale;
use super::slices::{empty_like, numbers, numbers_mut};
// ANCHOR_END: head

// ANCHOR: rope_qk_norm
/// x (B, T, H, D), cos and sin (B or 1, T, 1, D/2) -> (B, T, H, D), differentiable in x.
pub fn rope_qk_norm(
    x: &Tensor,
    cos: &Tensor,
    sin: &Tensor,
    eps: f64,
    factor: f64,
) -> Result<Tensor, tensors::Error> {
    let [cos, sin] = [cos, sin].map(Tensor::contiguous);
    let [back_cos, back_sin] = [&cos, &sin].map(Tensor::shallow_clone);
    let mut outputs = differentiable(
        &[x],
        |inputs| {
            let x = inputs[0].contiguous();
            let (y, scales) = forward(&x, &cos, &sin, eps as f32, factor as f32);
            Forward {
                saved: vec![y.shallow_clone(), scales],
                outputs: vec![y],
            }
        },
        move |saved, gradients| {
            let back = |g: &Tensor| {
                let turn = [&back_cos, &back_sin];
                backward(&saved[0], &saved[1], &g.contiguous(), turn, factor as f32)
            };
            vec![gradients[0].as_ref().map(back)]
        },
    )?;
    Ok(outputs.remove(0))
}
// ANCHOR_END: rope_qk_norm

// ANCHOR: shape
/// How the numbers of x (B, T, H, D) lie: `positions` = B·T of them, each with `heads` rows of `width` numbers.
struct Shape {
    positions: usize,
    heads: usize,
    width: usize,
}

impl Shape {
    fn of(x: &Tensor) -> Shape {
        let (batch, time, heads, width) = x.size4().expect("heads are (B, T, H, D)");
        Shape {
            positions: (batch * time) as usize,
            heads: heads as usize,
            width: width as usize,
        }
    }

    /// The numbers of one position.
    fn position(&self) -> usize {
        self.heads * self.width
    }
}

/// The D/2 angles of position number `index` of all: the table has B·T rows, or T for all of the batch.
#[inline(always)]
fn angles(table: &[f32], index: usize, half: usize) -> &[f32] {
    let row = index % (table.len() / half);
    &table[row * half..(row + 1) * half]
}
// ANCHOR_END: shape

// ANCHOR: forward
fn forward(x: &Tensor, cos: &Tensor, sin: &Tensor, eps: f32, factor: f32) -> (Tensor, Tensor) {
    let shape = Shape::of(x);
    let (heads, width, half) = (shape.heads, shape.width, shape.width / 2);
    let mut y = empty_like(x);
    let rows = (shape.positions * heads) as i64;
    let mut scales = Tensor::empty([rows], (Kind::Float, x.device()));
    let (cos, sin) = (numbers(cos), numbers(sin));
    let share = share(shape.positions, 8 * shape.position());
    let jobs = (numbers(x).chunks(share * shape.position()))
        .zip(numbers_mut(&mut y).chunks_mut(share * shape.position()))
        .zip(numbers_mut(&mut scales).chunks_mut(share * heads))
        .enumerate();
    each(jobs, |(job, ((x, y), scales))| {
        vectorised(
            #[inline(always)]
            || {
                let rows = x.chunks_exact(width).zip(y.chunks_exact_mut(width));
                for (row, ((x, y), scale)) in rows.zip(scales).enumerate() {
                    let position = job * share + row / heads;
                    let (cos, sin) = (angles(cos, position, half), angles(sin, position, half));
                    *scale = factor * row_scale(x, eps);
                    let (x1, x2) = x.split_at(half);
                    let (y1, y2) = y.split_at_mut(half);
                    for i in 0..half {
                        y1[i] = *scale * (x1[i] * cos[i] + x2[i] * sin[i]);
                        y2[i] = *scale * (x2[i] * cos[i] - x1[i] * sin[i]);
                    }
                }
            },
        )
    });
    (y, scales)
}
// ANCHOR_END: forward

// ANCHOR: backward
fn backward(
    y: &Tensor,
    scales: &Tensor,
    g: &Tensor,
    [cos, sin]: [&Tensor; 2],
    factor: f32,
) -> Tensor {
    let shape = Shape::of(y);
    let (heads, width, half) = (shape.heads, shape.width, shape.width / 2);
    let mut dx = empty_like(y);
    let (cos, sin) = (numbers(cos), numbers(sin));
    let share = share(shape.positions, 12 * shape.position());
    let jobs = (numbers(y).chunks(share * shape.position()))
        .zip(numbers(g).chunks(share * shape.position()))
        .zip(numbers(scales).chunks(share * heads))
        .zip(numbers_mut(&mut dx).chunks_mut(share * shape.position()))
        .enumerate();
    each(jobs, |(job, (((y, g), scales), dx))| {
        vectorised(
            #[inline(always)]
            || {
                let rows = y.chunks_exact(width).zip(g.chunks_exact(width));
                let rows = rows.zip(scales).zip(dx.chunks_exact_mut(width));
                for (row, (((y, g), scale), dx)) in rows.enumerate() {
                    let position = job * share + row / heads;
                    let (cos, sin) = (angles(cos, position, half), angles(sin, position, half));
                    // mean(g·n) n = mean(g·y) y / factor²
                    let shared = dot(g, y) / (width as f32 * factor * factor);
                    let ((g1, g2), (y1, y2)) = (g.split_at(half), y.split_at(half));
                    let (dx1, dx2) = dx.split_at_mut(half);
                    for i in 0..half {
                        let d1 = scale * (g1[i] - y1[i] * shared);
                        let d2 = scale * (g2[i] - y2[i] * shared);
                        dx1[i] = d1 * cos[i] - d2 * sin[i];
                        dx2[i] = d1 * sin[i] + d2 * cos[i];
                    }
                }
            },
        )
    });
    dx
}
// ANCHOR_END: backward

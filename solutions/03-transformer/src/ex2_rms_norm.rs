//! # RMSNorm and its backward
//!
//! Goal: write the norm and its gradient by hand, and have both checked by autograd and by finite differences.
//!
//! Minutes: 40. Difficulty: 3 of 5.
//!
//! Forward, over the last dimension of C numbers: y = x · r with r = 1 / √(mean(x²) + ε).
//!
//! Backward, you are given g, the gradient of some loss with respect to y, and return the one with respect to x, that is dx[j]
//! = Σ over i of g[i] · ∂y[i]/∂x[j], row by row. It is not g · r: r itself depends on every number of the row, so pushing one
//! number of x moves all C numbers of y.
//!
//! Compute in whatever kind `x` has: the judge also compares with slopes found by finite differences, in fp64, and that needs
//! every digit.
//!
//! ## Hint 1
//!
//! `x.square().mean_dim(-1, true, x.kind())` keeps the last dimension with size 1, so that what you make of it broadcasts over
//! the row again.
//!
//! ## Hint 2
//!
//! By the product rule, dx is g · r and something more, which comes from r = (m + ε)^(−1/2) with m = mean(x²): its slope is
//! ∂r/∂x[j] = −r³ · x[j] / C. Every y[i] = x[i] · r feels it, weighted by g[i]: sum over i.
//!
//! ## Hint 3
//!
//! dx = r · g − r³ · x · mean(g · x), the mean over the row, kept as a dimension of size 1.
//!
//! ## Notes
//!
//! Written with y: dx = r · (g − y · mean(g · y)). Up to ε, the second term takes the part of g that points along x away: to
//! make x longer does not change y. So the gradient of a normalised vector is at right angles to it, and each step along it
//! makes the vector a little longer, however small the step.
//!
//! A fused backward keeps y and the one number r per row. Autograd keeps what each of the chapter's tensor expressions needs: x
//! for the square, the scale for the root, and x and the scale again for the product.

use tch::Tensor;

/// x / √(mean(x²) + eps) over the last dimension, in the kind of x: (…, C) -> (…, C).
pub fn forward(x: &Tensor, eps: f64) -> Tensor {
    x * scale(x, eps)
}

/// The gradient of a loss with respect to x, from x and the gradient with respect to `forward(x, eps)`, both (…, C).
pub fn backward(x: &Tensor, gradient: &Tensor, eps: f64) -> Tensor {
    let r = scale(x, eps); // (…, 1)
    let along = (gradient * x).mean_dim(-1, true, x.kind()); // (…, C) -> (…, 1)
    gradient * &r - x * (r.pow_tensor_scalar(3) * along) // (…, C)
}

/// (…, C) -> (…, 1)
fn scale(x: &Tensor, eps: f64) -> Tensor {
    let mean_square = x.square().mean_dim(-1, true, x.kind());
    (mean_square + eps).rsqrt()
}

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
//! Help: `cargo course hint 03.2`. Judge it: `cargo course check 03.2`.

use tch::Tensor;

/// x / √(mean(x²) + eps) over the last dimension, in the kind of x: (…, C) -> (…, C).
pub fn forward(x: &Tensor, eps: f64) -> Tensor {
    let _ = (x, eps); // delete this line
    todo!("exercise 03.2")
}

/// The gradient of a loss with respect to x, from x and the gradient with respect to `forward(x, eps)`, both (…, C).
pub fn backward(x: &Tensor, gradient: &Tensor, eps: f64) -> Tensor {
    let _ = (x, gradient, eps); // delete this line
    todo!("exercise 03.2")
}

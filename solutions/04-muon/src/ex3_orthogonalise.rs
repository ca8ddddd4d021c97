//! # Ones for singular values
//!
//! Goal: write the iteration of Muon so that one function is Newton–Schulz and Polar Express.
//!
//! Minutes: 45. Difficulty: 3 of 5. Plugs in: `./speedrun.sh --mine 04` trains its model's matrices with your function.
//!
//! The two differ in their polynomials only, so let those come from outside, one (a, b, c) for each round, p(x) = a x + b x³ + c x⁵.
//! For a stack of N matrices X, (N, R, C):
//!
//! 1. Divide each matrix by its own Frobenius norm, the root of the sum of its squares. A matrix of zeros stays one.
//! 2. Round after round, X ← U p(S) Vᵀ, where X = U S Vᵀ. Products of matrices are enough for that; no singular value is computed.
//! 3. The result has the shape and the kind of the stack. In between everything is computed in the kind `compute`.
//!
//! It has to be cheap for tall matrices as well. One of 8,000,000 rows and one column is a matter of milliseconds, because the
//! products can be made on its short side.
//!
//! ## Hint 1
//!
//! X Xᵀ = U S² Uᵀ. What are (X Xᵀ) X and (X Xᵀ)² X? `matmul` takes stacks, and `x.transpose(-2, -1)` is a stack's transpose.
//!
//! ## Hint 2
//!
//! With A = X Xᵀ, (N, R, R), the round is a X + (b A + c A²) X. For R > C begin with the transpose, which has the same singular
//! values, and turn the result round in the end.
//!
//! `x.linalg_norm_ord_str("fro", [-2, -1].as_slice(), true, None)` is (N, 1, 1). Where it may be 0 something small has to be added.
//!
//! ## Hint 3
//!
//! `let mut x = stack.to_kind(compute);`, transposed if it is tall; `x /= norm + 1e-7;`. Then for each (a, b, c):
//! `let gram = x.matmul(&x.transpose(-2, -1)); let polynomial = &gram * b + gram.matmul(&gram) * c; x = &x * a + polynomial.matmul(&x);`. At the
//! end the transpose again, and `to_kind(stack.kind())`.
//!
//! ## Notes
//!
//! Polar Express divides by 1.01 times the norm, so that no rounding of bf16 puts a value beyond 1. A division before the first
//! polynomial is a division of its coefficients: p(x / 1.01) = (a / 1.01) x + (b / 1.01³) x³ + (c / 1.01⁵) x⁵. That is how the run
//! hands them over.
//!
//! With n the short side and m the long one, a round makes 4 n² m + 2 n³ operations. On the long side it would be 4 m² n + 2 m³,
//! which for the MLP's matrices, m = 4n, is 10.7 times as much.

use tch::{Kind, Tensor};

/// (N, R, C) -> (N, R, C): singular values divided by the norm of all of them, then through the polynomials (a, b, c) of the rounds.
pub fn orthogonalise(stack: &Tensor, rounds: &[(f64, f64, f64)], compute: Kind) -> Tensor {
    let size = stack.size();
    let is_tall = size[1] > size[2];
    let mut x = stack.to_kind(compute);
    if is_tall {
        x = x.transpose(-2, -1); // (N, R, C) -> (N, C, R)
    }
    let norm = x.linalg_norm_ord_str("fro", [-2, -1].as_slice(), true, None); // (N, 1, 1)
    x /= norm + 1e-7;
    for (a, b, c) in rounds.iter().copied() {
        let gram = x.matmul(&x.transpose(-2, -1)); // (N, R, C) · (N, C, R) -> (N, R, R)
        let polynomial = &gram * b + gram.matmul(&gram) * c;
        x = &x * a + polynomial.matmul(&x);
    }
    if is_tall {
        x = x.transpose(-2, -1);
    }
    x.to_kind(stack.kind())
}

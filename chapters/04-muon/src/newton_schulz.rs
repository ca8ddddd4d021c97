// ANCHOR: head
//! Newton–Schulz: the nearest orthogonal matrix, by matrix products alone.
//!
//! Words: a matrix with singular value decomposition `U S Vᵀ` is *orthogonalised* by replacing `S` with ones. Muon
//! wants that of its momentum, so that every direction which the gradient has at all gets the same step. An SVD is
//! slow on a GPU; an odd polynomial applied a few times to the singular values does it with products only:
//!
//! `p(x) = a x + b x³ + c x⁵`, applied to `X` as `a X + (b A + c A²) X` with `A = X Xᵀ`.
//!
//! With (a, b, c) = (3.4445, −4.7750, 2.0315) a tiny singular value grows by 3.4445 each time, and what has grown
//! stays between about 0.7 and 1.2: not exactly one, which does not matter, but quickly (Keller Jordan, 2024).

use tch::{Kind, Tensor};
// ANCHOR_END: head

// ANCHOR: coefficients
const COEFFICIENTS: Round = (3.4445, -4.7750, 2.0315);
/// Added to the norm, for a stack of zeros.
pub const EPS: f64 = 1e-7;
// ANCHOR_END: coefficients

// ANCHOR: seam
/// (a, b, c) of a round's p(x) = a x + b x³ + c x⁵.
pub type Round = (f64, f64, f64);

/// Another program's iteration: a stack (N, R, C), the polynomials of its rounds, the kind to compute in. Each matrix is divided by
/// its Frobenius norm before the first round; the result is (N, R, C) and has the stack's kind.
pub type Orthogonalise = fn(&Tensor, &[Round], Kind) -> Tensor;

/// What [`orthogonalise`] does in so many rounds.
pub fn rounds(count: usize) -> Vec<Round> {
    vec![COEFFICIENTS; count]
}
// ANCHOR_END: seam

// ANCHOR: orthogonalise
/// Orthogonalises a stack of equally shaped matrices (N, R, C) in one batched call; the result has their kind.
///
/// The iteration is computed in `compute`: bf16 on a GPU (it forgives the rounding), fp32 on a CPU.
pub fn orthogonalise(stack: &Tensor, steps: usize, compute: Kind) -> Tensor {
    let size = stack.size();
    let (rows, columns) = (size[size.len() - 2], size[size.len() - 1]);
    // A = X Xᵀ is rows × rows: lay the matrices on their short side.
    let tall = rows > columns;
    let mut x = stack.to_kind(compute);
    if tall {
        x = x.transpose(-2, -1); // (N, R, C) -> (N, C, R)
    }
    // The Frobenius norm bounds the largest singular value, and the iteration converges from [0, 1].
    let norm = x.linalg_norm_ord_str("fro", [-2, -1].as_slice(), true, None) + EPS; // (N, 1, 1)
    x /= norm;
    let (a, b, c) = COEFFICIENTS;
    for _ in 0..steps {
        let gram = x.matmul(&x.transpose(-2, -1)); // (N, R, C) · (N, C, R) -> (N, R, R)
        let polynomial = gram.baddbmm(&gram, &gram, b, c); // b A + c A²
        x = x.baddbmm(&polynomial, &x, a, 1.0); // a X + (b A + c A²) X
    }
    if tall {
        x = x.transpose(-2, -1);
    }
    x.to_kind(stack.kind())
}
// ANCHOR_END: orthogonalise

// ANCHOR: head
//! Polar Express: Newton–Schulz with other coefficients in each round.
//!
//! The best polynomial for a matrix whose singular values lie anywhere in (0, 1] is not the best for one whose values
//! the first round has already brought nearer to 1. Choosing each round's polynomial for the interval that the round
//! before leaves (Amsel et al., 2025) gets closer to orthogonal in the same five rounds, at the same price.

use crate::newton_schulz::Round;
use tch::{Kind, Tensor};
// ANCHOR_END: head

// ANCHOR: coefficients
/// (a, b, c) of p(x) = a x + b x³ + c x⁵, round by round; some safety against the rounding of bf16 is in them.
const POLAR_EXPRESS: [Round; 5] = [
    (8.156554524902461, -22.48329292557795, 15.878769915207462),
    (4.042929935166739, -2.808917465908714, 0.5000178451051316),
    (3.8916678022926607, -2.772484153217685, 0.5060648178503393),
    (3.285753657755655, -2.3681294933425376, 0.46449024233003106),
    (2.3465413258596377, -1.7097828382687081, 0.42323551169305323),
];

/// The first division leaves one per cent of room, because a value beyond 1 would be thrown far out.
pub const ROOM: f64 = 1.01;
/// Added to the norm, for a stack of zeros.
pub const EPS: f64 = 1e-6;
// ANCHOR_END: coefficients

// ANCHOR: polar_express
/// Orthogonalises a stack of equally shaped matrices (N, R, C); the result has their kind. More rounds than five repeat
/// the last, which is the one that holds values near 1 where they are.
pub fn polar_express(stack: &Tensor, rounds: usize, compute: Kind) -> Tensor {
    let size = stack.size();
    let tall = size[1] > size[2];
    let mut x = stack.to_kind(compute);
    if tall {
        x = x.transpose(-2, -1); // (N, R, C) -> (N, C, R), so that the Gram matrix is the smaller one
    }
    let norm = x.linalg_norm_ord_str("fro", [-2, -1].as_slice(), true, None); // (N, 1, 1)
    x /= norm * ROOM + EPS;
    for (a, b, c) in polynomials(rounds) {
        let gram = x.matmul(&x.transpose(-2, -1)); // (N, R, C) · (N, C, R) -> (N, R, R)
        let polynomial = &gram * b + gram.matmul(&gram) * c; // b A + c A²
        x = &x * a + polynomial.matmul(&x); // a X + (b A + c A²) X
    }
    if tall {
        x = x.transpose(-2, -1);
    }
    x.to_kind(stack.kind())
}

/// Of so many rounds.
pub fn polynomials(count: usize) -> impl Iterator<Item = Round> {
    let last = POLAR_EXPRESS[POLAR_EXPRESS.len() - 1];
    POLAR_EXPRESS
        .into_iter()
        .chain(std::iter::repeat(last))
        .take(count)
}
// ANCHOR_END: polar_express

// ANCHOR: rounds
/// What [`polar_express`] does in so many rounds to matrices of Frobenius norm 1: the room is divided out of the first polynomial,
/// p(x / 1.01) = (a / 1.01) x + (b / 1.01³) x³ + (c / 1.01⁵) x⁵.
pub(crate) fn rounds(count: usize) -> Vec<Round> {
    let mut rounds: Vec<Round> = polynomials(count).collect();
    if let Some((a, b, c)) = rounds.first_mut() {
        *a /= ROOM;
        *b /= ROOM.powi(3);
        *c /= ROOM.powi(5);
    }
    rounds
}
// ANCHOR_END: rounds

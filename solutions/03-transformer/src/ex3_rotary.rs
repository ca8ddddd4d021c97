//! # Two rotations, one property
//!
//! Goal: write RoPE in both of its conventions, have its relative property proved by test, and carry weights from one
//! convention to the other.
//!
//! Minutes: 50. Difficulty: 3 of 5.
//!
//! A head's D numbers are D/2 pairs, and pair i is turned at position t by the angle −t · base^(−2i/D):
//!
//! ```text
//! (a, b)  becomes  (a cos + b sin, b cos − a sin)     with cos and sin of t · base^(−2i/D)
//! ```
//!
//! D is even; positions are Int64 and may be negative. Compute angles in fp64 and convert cosines and sines to the kind of x at
//! the end: the judge compares to the last digits of fp64.
//!
//! *Half-split*, the chapter's convention, pairs number i with number i + D/2. *Neighbours*, the pairing of the RoPE paper and
//! of Llama's first release, pairs number 2i with number 2i + 1. Write both. For any queries and keys the scores of your
//! rotations must depend on the distance of two positions only; lengths stay; a turn back undoes a turn.
//!
//! Then the practical part. Somebody gives you a query matrix that was trained with neighbours. Put its rows into another
//! order, head by head, so that the half-split rotation gives the same scores.
//!
//! ## Hint 1
//!
//! The angles are one (T, D/2) table: `positions.to_kind(Kind::Double).outer(&frequencies)`. The frequencies are base^(−2i/D) =
//! exp(−(2i/D) · ln base), for i from 0 to D/2 − 1.
//!
//! ## Hint 2
//!
//! Half-split: `x.chunk(2, -1)` gives a and b, and `Tensor::cat` puts the results back side by side. Neighbours: view x as (T,
//! D/2, 2), so that a and b are `select(-1, 0)` and `select(-1, 1)`, and put the results back by `Tensor::stack(…, -1)` and
//! another view.
//!
//! ## Hint 3
//!
//! Row j of a head's matrix makes number j of its queries. The half-split rotation expects the partners 2i and 2i + 1 at i and
//! i + D/2: so first all even rows, then all odd ones. View the matrix as (H, D/2, 2, C), swap the two middle dimensions, and
//! view it as (H · D, C) again.
//!
//! ## Notes
//!
//! Scores are the same after the re-ordering because queries and keys are re-ordered alike, and a dot product does not mind.
//! Values are not rotated and stay as they are. The script that brings Llama's weights to transformers does just this to q and
//! k, and forgetting it gives a model that loads, runs, and babbles.

use tch::{Kind, Tensor};

/// Turns the pairs (i, i + D/2): x (T, D) at integer positions (T,) -> (T, D), in the kind of x.
pub fn half_split(x: &Tensor, positions: &Tensor, base: f64) -> Tensor {
    let (cos, sin) = tables(x, positions, base); // (T, D/2)
    let halves = x.chunk(2, -1); // (T, D) -> two of (T, D/2)
    let (a, b) = (&halves[0], &halves[1]);
    Tensor::cat(&[a * &cos + b * &sin, b * &cos - a * &sin], -1)
}

/// Turns the pairs (2i, 2i + 1): x (T, D) at integer positions (T,) -> (T, D), in the kind of x.
pub fn neighbours(x: &Tensor, positions: &Tensor, base: f64) -> Tensor {
    let (cos, sin) = tables(x, positions, base); // (T, D/2)
    let pairs = x.reshape([x.size()[0], -1, 2]); // (T, D) -> (T, D/2, 2)
    let (a, b) = (pairs.select(-1, 0), pairs.select(-1, 1));
    Tensor::stack(&[&a * &cos + &b * &sin, &b * &cos - &a * &sin], -1).flatten(1, 2)
}

/// The rows of a query or key matrix `[H·D, C]` that was trained with neighbours, in the order that half-split needs.
pub fn to_half_split(weight: &Tensor, heads: i64) -> Tensor {
    let (rows, width) = weight.size2().expect("a weight is [out, in]");
    weight
        .reshape([heads, rows / heads / 2, 2, width])
        .transpose(1, 2) // (H, D/2, 2, C) -> (H, 2, D/2, C)
        .reshape([rows, width])
}

/// Cosines and sines of t · base^(−2i/D), twice (T, D/2), in the kind of x.
fn tables(x: &Tensor, positions: &Tensor, base: f64) -> (Tensor, Tensor) {
    let width = x.size()[1];
    let exact = (Kind::Double, x.device());
    let exponent = Tensor::arange_start_step(0, width, 2, exact) / width as f64; // (D/2,)
    let angle = positions
        .to_kind(Kind::Double)
        .outer(&(exponent * -base.ln()).exp()); // (T, D/2)
    (angle.cos().to_kind(x.kind()), angle.sin().to_kind(x.kind()))
}

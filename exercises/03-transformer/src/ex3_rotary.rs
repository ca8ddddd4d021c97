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
//! Help: `cargo course hint 03.3`. Judge it: `cargo course check 03.3`.

use tch::Tensor;

/// Turns the pairs (i, i + D/2): x (T, D) at integer positions (T,) -> (T, D), in the kind of x.
pub fn half_split(x: &Tensor, positions: &Tensor, base: f64) -> Tensor {
    let _ = (x, positions, base); // delete this line
    todo!("exercise 03.3")
}

/// Turns the pairs (2i, 2i + 1): x (T, D) at integer positions (T,) -> (T, D), in the kind of x.
pub fn neighbours(x: &Tensor, positions: &Tensor, base: f64) -> Tensor {
    let _ = (x, positions, base); // delete this line
    todo!("exercise 03.3")
}

/// The rows of a query or key matrix `[H·D, C]` that was trained with neighbours, in the order that half-split needs.
pub fn to_half_split(weight: &Tensor, heads: i64) -> Tensor {
    let _ = (weight, heads); // delete this line
    todo!("exercise 03.3")
}

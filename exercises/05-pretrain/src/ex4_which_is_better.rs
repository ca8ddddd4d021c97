//! # Which one is better?
//!
//! Goal: measure bits per byte, and say how sure one may be that of two models one is better.
//!
//! Minutes: 35. Difficulty: 3 of 5.
//!
//! `add` counts one batch. Each token has a loss in nats and a target, which is -1 where it is ignored; a table says how many
//! bytes each id of the vocabulary stands for, 0 for special tokens. Tokens without bytes count on neither side, and ignored ones
//! neither. Their loss may be anything. `bits_per_byte` is the quotient of a whole validation set, given batch by batch: one
//! division, at the end. Where nothing was counted, nothing was measured, and it is infinite.
//!
//! Now two models have read the same batches, and their bits per byte differ by 0.002. Is that a difference between the models,
//! or would other batches say the opposite? Let d be how many nats more the second model needs for a batch, b the batch's bytes,
//! k the number of batches, and
//!
//! ```text
//! r = Σ d / Σ b          s = √( k / (k - 1) · Σ (d - r · b)² ) / Σ b
//! ```
//!
//! r is the difference in nats per byte, and s its standard error: how far r would wander with other batches of this kind.
//! `difference` returns both in *bits* per byte. With fewer than two batches nothing can be said about s, and it is infinite.
//!
//! Help: `cargo course hint 05.4`. Judge it: `cargo course check 05.4`.

/// What was counted in a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sums {
    pub nats: f64,
    pub bytes: f64,
}

/// Counts a batch: `losses` (N) in nats, `targets` (N) with -1 where ignored, `token_bytes` (V).
pub fn add(losses: &[f64], targets: &[i64], token_bytes: &[usize]) -> Sums {
    let _ = (losses, targets, token_bytes); // delete this line
    todo!("exercise 05.4")
}

/// Bits per byte of a validation set, from what was counted in its batches.
pub fn bits_per_byte(batches: &[Sums]) -> f64 {
    let _ = batches; // delete this line
    todo!("exercise 05.4")
}

/// By how many bits per byte the second model is worse than the first, and the standard error of that. Both have read the same batches,
/// each of which has bytes.
pub fn difference(first: &[Sums], second: &[Sums]) -> (f64, f64) {
    let _ = (first, second); // delete this line
    todo!("exercise 05.4")
}

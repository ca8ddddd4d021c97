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
//! ## Hint 1
//!
//! `add`: go through `losses` and `targets` together, pass over what is ignored *before* the table is indexed, and over what has
//! no bytes. A loss that may be NaN must not be multiplied by 0 either.
//!
//! ## Hint 2
//!
//! Bits are nats divided by ln 2 (`std::f64::consts::LN_2`). The second model minus the first: a negative r says that the second
//! needs fewer. Both saw the same batches, so the bytes are the same in both lists.
//!
//! ## Hint 3
//!
//! Two passes. The first makes the sums of d and b, and r of them; the second adds up `(d - r * b).powi(2)`. Then `(squares * k /
//! (k - 1.0)).sqrt() / bytes / LN_2`.
//!
//! ## Notes
//!
//! The two errors are paired, and that is the point. A batch of poems is hard for both models, and the difference hardly notices.
//! Computed for each model alone, the error of bits per byte would be several times as large, and would hide differences that are
//! there.
//!
//! What s does not know is training: the same recipe with another seed is another model. nanochat reports about 0.0001 for that
//! at depth 20; on a model of a million parameters it is more, and only other seeds can say.

use std::f64::consts::LN_2;

/// What was counted in a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sums {
    pub nats: f64,
    pub bytes: f64,
}

/// Counts a batch: `losses` (N) in nats, `targets` (N) with -1 where ignored, `token_bytes` (V).
pub fn add(losses: &[f64], targets: &[i64], token_bytes: &[usize]) -> Sums {
    let mut sums = Sums::default();
    for (loss, &target) in losses.iter().zip(targets) {
        let Ok(id) = usize::try_from(target) else {
            continue; // ignored
        };
        if token_bytes[id] > 0 {
            sums.nats += loss;
            sums.bytes += token_bytes[id] as f64;
        }
    }
    sums
}

/// Bits per byte of a validation set, from what was counted in its batches.
pub fn bits_per_byte(batches: &[Sums]) -> f64 {
    let nats: f64 = batches.iter().map(|sums| sums.nats).sum();
    let bytes: f64 = batches.iter().map(|sums| sums.bytes).sum();
    match bytes > 0.0 {
        true => nats / (LN_2 * bytes),
        false => f64::INFINITY,
    }
}

/// By how many bits per byte the second model is worse than the first, and the standard error of that. Both have read the same batches,
/// each of which has bytes.
pub fn difference(first: &[Sums], second: &[Sums]) -> (f64, f64) {
    let pairs = || {
        first
            .iter()
            .zip(second)
            .map(|(a, b)| (b.nats - a.nats, a.bytes))
    };
    let (nats, bytes) = pairs().fold((0.0, 0.0), |sum, (d, b)| (sum.0 + d, sum.1 + b));
    let ratio = nats / bytes;
    let count = first.len() as f64;
    if first.len() < 2 {
        return (ratio / LN_2, f64::INFINITY);
    }
    let squares: f64 = pairs().map(|(d, b)| (d - ratio * b).powi(2)).sum();
    let error = (squares * count / (count - 1.0)).sqrt() / bytes;
    (ratio / LN_2, error / LN_2)
}

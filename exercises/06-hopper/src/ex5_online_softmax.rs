//! # Softmax, online
//!
//! Goal: find maximum and sum of exponentials in one sweep, and put the results of several sweeps together.
//!
//! Minutes: 40. Difficulty: 3 of 5.
//!
//! A softmax needs the largest number m, and then Σ e^(z − m). Done in that order, the numbers are read twice, and logits are the
//! largest thing in memory. So both are done in one sweep: keep a maximum and a sum relative to it, and when a larger number
//! comes, scale the sum down. And where many threads sweep over a part each, two parts are merged into one.
//!
//! Exponentials cost more than anything else here. So `exp` is handed in and counted: a sweep over n numbers may ask for at most
//! n, and a merge for at most one.
//!
//! Numbers may be −∞, as masks make them: e^−∞ is 0, and they add nothing, also where no other number has come yet.
//!
//! `log_sum_exp` puts it together: logits in chunks, capped as the model's are, z = softcap · tanh(x / softcap), to ln Σ e^z over
//! all of them, with at most one exponential per number and one per chunk. Sweep over each chunk as if by a thread of its own.
//!
//! Help: `cargo course hint 06.5`. Judge it: `cargo course check 06.5`.

/// Hands out e^x, and counts.
pub type Exp<'e> = &'e mut dyn FnMut(f32) -> f32;

/// What is kept of the numbers that a sweep has seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Partial {
    pub maximum: f32,
    /// Σ e^(z − maximum)
    pub sum: f32,
}

/// Of no numbers at all.
pub const NOTHING: Partial = Partial {
    maximum: f32::NEG_INFINITY,
    sum: 0.0,
};

/// Of numbers that come one after the other, and only once.
pub fn sweep(numbers: &mut dyn Iterator<Item = f32>, exp: Exp) -> Partial {
    let _ = (numbers, exp); // delete this line
    todo!("exercise 06.5")
}

/// Of the numbers of two sweeps.
pub fn merge(one: Partial, other: Partial, exp: Exp) -> Partial {
    let _ = (one, other, exp); // delete this line
    todo!("exercise 06.5")
}

/// ln Σ e^z over the capped logits of all chunks.
pub fn log_sum_exp(chunks: &[Vec<f32>], softcap: f32, exp: Exp) -> f32 {
    let _ = (chunks, softcap, exp); // delete this line
    todo!("exercise 06.5")
}

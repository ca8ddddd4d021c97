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
//! ## Hint 1
//!
//! A number z comes, and the maximum so far is m. If z <= m, then e^(z − m) is added to the sum. If z > m, then the sum is
//! multiplied by e^(m − z), and z's own share is e^(z − z) = 1. That is one exponential in either case.
//!
//! ## Hint 2
//!
//! To merge, take the part with the larger maximum as it is, and add the other's sum times e^(its maximum − the larger one).
//!
//! Where both are −∞ the difference is not 0 but NaN. So ask first: a number that is −∞ is passed over, and a part that is empty
//! merges into the other one unchanged.
//!
//! ## Hint 3
//!
//! `sweep`: begin with `NOTHING`; `for z in numbers`: `if z == f32::NEG_INFINITY { continue; }`, then Hint 1. `log_sum_exp`: sweep
//! over `chunk.iter().map(|x| softcap * (x / softcap).tanh())`, merge into what there is, and in the end maximum + ln sum, which
//! for nothing is −∞ + −∞ = −∞.
//!
//! ## Notes
//!
//! Flash attention merges like this, with a third thing carried along: the weighted sum of the values, scaled down by the same
//! factor (Milakov and Gimelshein 2018; Dao et al. 2022).
//!
//! With a softcap of 15 no maximum is needed at all. The largest exponential is e^15 = 3.3 million, and a sum of 65,536 of them
//! is 2 · 10¹¹: far from the end of fp32, at 3 · 10³⁸. A fused loss can leave the maximum out because the model has a cap.

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
    let mut partial = NOTHING;
    for z in numbers {
        if z == f32::NEG_INFINITY {
            continue;
        }
        if z <= partial.maximum {
            partial.sum += exp(z - partial.maximum);
        } else {
            partial.sum = partial.sum * exp(partial.maximum - z) + 1.0;
            partial.maximum = z;
        }
    }
    partial
}

/// Of the numbers of two sweeps.
pub fn merge(one: Partial, other: Partial, exp: Exp) -> Partial {
    let (larger, smaller) = match one.maximum >= other.maximum {
        true => (one, other),
        false => (other, one),
    };
    if smaller.maximum == f32::NEG_INFINITY {
        return larger;
    }
    let share = smaller.sum * exp(smaller.maximum - larger.maximum);
    Partial {
        maximum: larger.maximum,
        sum: larger.sum + share,
    }
}

/// ln Σ e^z over the capped logits of all chunks.
pub fn log_sum_exp(chunks: &[Vec<f32>], softcap: f32, exp: Exp) -> f32 {
    let mut all = NOTHING;
    for chunk in chunks {
        let mut capped = chunk.iter().map(|x| softcap * (x / softcap).tanh());
        let partial = sweep(&mut capped, exp);
        all = merge(all, partial, exp);
    }
    all.maximum + all.sum.ln()
}

// ANCHOR: head
//! How far off may a score be? Two ways to say it.
//!
//! A benchmark's questions are a sample: with other questions of the same sort the score would have been another. A 95 %
//! interval is made by a recipe that covers the true value 19 times out of 20.
//!
//! - *Wilson* (1927): a formula, for one accuracy. Right also for few questions and for accuracies near 0 and 1.
//! - *Bootstrap* (Efron 1979): draw n of the n answers again and again, with replacement, and look how the score moves. It works for any
//!   score that can be computed from answers, a mean of centred accuracies too.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
// ANCHOR_END: head

// ANCHOR: wilson
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

/// Standard deviations that hold 95 % of a normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// The 95 % interval of `correct` out of `total`; all of 0 to 1 where nothing was asked.
pub fn wilson(correct: usize, total: usize) -> Interval {
    if total == 0 {
        return Interval {
            low: 0.0,
            high: 1.0,
        };
    }
    let n = total as f64;
    let p = correct as f64 / n;
    let scale = 1.0 + Z * Z / n;
    let centre = (p + Z * Z / (2.0 * n)) / scale;
    let half = Z / scale * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    Interval {
        low: (centre - half).max(0.0),
        high: (centre + half).min(1.0),
    }
}
// ANCHOR_END: wilson

// ANCHOR: bootstrap
/// Resampling with a seed of its own, so that the same answers have the same interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bootstrap {
    pub resamples: usize,
    pub seed: u64,
}

impl Default for Bootstrap {
    /// With 2,000 the ends of an interval still move by some hundredths of its width from seed to seed.
    fn default() -> Bootstrap {
        Bootstrap {
            resamples: 2000,
            seed: 0,
        }
    }
}

impl Bootstrap {
    /// The accuracy of each resample of a task's answers. `task` numbers the tasks of an evaluation: each draws from a stream of its
    /// own, for they are independent of each other.
    pub fn accuracies(&self, correct: &[bool], task: usize) -> Vec<f64> {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(task as u64);
        let n = correct.len();
        let mut one = || {
            let hits = (0..n).filter(|_| {
                let place = (u64::from(random.next_u32()) * n as u64) >> 32; // below n
                correct[place as usize]
            });
            hits.count() as f64 / n.max(1) as f64
        };
        (0..self.resamples).map(|_| one()).collect()
    }
}

/// The middle 95 % of resampled scores.
pub fn percentiles(mut scores: Vec<f64>) -> Interval {
    scores.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = (share * scores.len() as f64) as usize;
        scores
            .get(place.min(scores.len().saturating_sub(1)))
            .copied()
            .unwrap_or(0.0)
    };
    Interval {
        low: at(0.025),
        high: at(0.975),
    }
}
// ANCHOR_END: bootstrap

// ANCHOR: centred
/// 0 for guessing, 1 for perfection; below 0 for worse than guessing. `baseline` is below 1.
pub fn centred(accuracy: f64, baseline: f64) -> f64 {
    (accuracy - baseline) / (1.0 - baseline)
}
// ANCHOR_END: centred

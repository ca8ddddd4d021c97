// ANCHOR: head
//! The learning rate's multiplier in the stages after pretraining, as a function of *progress*, the share of the stage
//! that is done (0 to 1).
//!
//! ```text
//!  1 ┤────────────╮         midtraining 2025: flat, the last fifth falls to 0
//!    │╲           ╰╮        fine-tuning 2025: falls from the first step to the last
//!    │  ╲ ──────────╲──     fine-tuning 2026: flat, the last half falls to 0
//!  0 ┤     ╲_________╲
//! ```
//!
//! The multiplier acts on rates that the stage has already scaled: fine-tuning in 2025 begins at 0.02 of pretraining's
//! rates, because it has to change what the model *does* with its knowledge, not the knowledge.

use pretrain::{Decay, Momentum, Schedule};
use serde::{Deserialize, Serialize};
// ANCHOR_END: head

// ANCHOR: ramp
/// A rise, a flat part and a fall, each given as a share of the stage.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ramp {
    #[serde(default)]
    pub warmup_ratio: f64,
    pub warmdown_ratio: f64,
    /// The multiplier at the end.
    #[serde(default)]
    pub final_fraction: f64,
}

impl Ramp {
    /// Midtraining of October 2025.
    pub const MID_2025: Ramp = Ramp::falling_over(0.2);
    /// Supervised fine-tuning of October 2025, and reinforcement learning since then.
    pub const SFT_2025: Ramp = Ramp::falling_over(1.0);
    /// Supervised fine-tuning of 2026.
    pub const SFT_2026: Ramp = Ramp::falling_over(0.5);

    const fn falling_over(warmdown_ratio: f64) -> Ramp {
        Ramp {
            warmup_ratio: 0.0,
            warmdown_ratio,
            final_fraction: 0.0,
        }
    }

    /// The multiplier at a progress from 0 to 1.
    pub fn multiplier(&self, progress: f64) -> f64 {
        if progress < self.warmup_ratio {
            // Not exactly 0 at the start: a first step without effect would still move the optimizer's moments.
            (progress + 1e-8) / self.warmup_ratio
        } else if progress <= 1.0 - self.warmdown_ratio {
            1.0
        } else {
            let fallen = (progress - (1.0 - self.warmdown_ratio)) / self.warmdown_ratio;
            (1.0 - fallen) + fallen * self.final_fraction
        }
    }
    // ANCHOR_END: ramp

    // ANCHOR: schedule
    /// The same curve over a known number of steps, for chapter 05's training loop. That loop's warm-up counts steps
    /// from 1, so it runs one step ahead of [`multiplier`](Self::multiplier); the rest of the curve is the same.
    pub fn over(&self, steps: u64) -> Schedule {
        Schedule {
            steps,
            warmup_steps: (self.warmup_ratio * steps as f64).round_ties_even() as u64,
            warmdown_ratio: self.warmdown_ratio,
            final_fraction: self.final_fraction,
            momentum: Momentum {
                first: 0.85,
                last: 0.95,
                ramp_steps: 300,
                end: None,
            },
            decay: Decay::Constant,
        }
    }
}
// ANCHOR_END: schedule

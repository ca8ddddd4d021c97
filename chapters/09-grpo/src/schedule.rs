//! The learning rate's way down. Reinforcement learning starts at its full (small) rate and falls to nothing.
//!
//! ```text
//! 1 ┤╲⎺⎺╲            linear falls evenly: nanochat's
//!   │  ╲   ╲         cosine stays high at first and is nearly 0 for the last tenth
//! 0 ┤    ⎺⎺ ╲___
//! ```

use muon::StepScale;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

// ANCHOR: schedule
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RateDecay {
    Linear,
    Cosine,
    Constant,
}

/// A pure function of the step, so that a resumed run stays on the same curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateSchedule {
    pub steps: u64,
    pub decay: RateDecay,
}

impl RateSchedule {
    /// The multiplier of every rate at a step, counted from 0.
    pub fn multiplier(&self, step: u64) -> f64 {
        let done = (step as f64 / self.steps.max(1) as f64).min(1.0);
        match self.decay {
            RateDecay::Linear => 1.0 - done,
            RateDecay::Cosine => 0.5 * (1.0 + (PI * done).cos()),
            RateDecay::Constant => 1.0,
        }
    }

    /// What the optimizer is told. Muon's momentum has its working value from the start, as in nanochat: the weights are
    /// trained, and gradients no longer turn as quickly as at the beginning of pretraining.
    pub fn at(&self, step: u64) -> StepScale {
        StepScale {
            lr: self.multiplier(step),
            momentum: 0.95,
            weight_decay: 1.0,
        }
    }
}
// ANCHOR_END: schedule

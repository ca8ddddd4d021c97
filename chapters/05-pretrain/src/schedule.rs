// ANCHOR: head
//! How the learning rate, Muon's momentum and the weight decay move during a run.
//!
//! Words: a *step* is one optimizer step, counted from 0. *Warm-up* raises the learning rate linearly from
//! almost nothing, *warm-down* lowers it linearly to `final_fraction` over the last part of the run. Everything
//! here is a pure function of the step, so that a resumed run continues on the same curve.

use muon::StepScale;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;
// ANCHOR_END: head

// ANCHOR: schedule
/// Flat between a warm-up and a warm-down: the trapezoid that nanochat trains with.
///
/// October 2025: no warm-up, the last fifth falls to zero. The flat middle is what makes a run easy to prolong:
/// until the warm-down begins, nothing depends on where the end is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Optimizer steps in the whole run.
    pub steps: u64,
    /// Steps of linear warm-up; step `s` of them has the multiplier `(s + 1) / warmup_steps`.
    pub warmup_steps: u64,
    /// Share of the run that the warm-down takes, 0 to 1.
    pub warmdown_ratio: f64,
    /// The multiplier at the very end.
    pub final_fraction: f64,
    pub momentum: Momentum,
    #[serde(default)]
    pub decay: Decay,
}

/// Muon's momentum starts low, while the gradients still turn quickly, and rises to its working value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Momentum {
    pub first: f64,
    pub last: f64,
    /// Steps from `first` to `last`, in a straight line.
    pub ramp_steps: u64,
    /// Where it goes during the warm-down; `None`: it stays at `last`.
    #[serde(default)]
    pub end: Option<f64>,
}

/// What happens to Muon's weight decay during the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decay {
    #[default]
    Constant,
    /// Half a cosine, from full to nothing at the end.
    Cosine,
}
// ANCHOR_END: schedule

// ANCHOR: seam
/// The multiplier of all rates at a step: what a run may be given in the place of [`Schedule::multiplier`].
pub type RateMultiplier = fn(&Schedule, u64) -> f64;
// ANCHOR_END: seam

// ANCHOR: seed
impl Schedule {
    /// The base training of October 2025. The warm-up is given as a share of the run there, and is 0 by default.
    pub fn october_2025(
        steps: u64,
        warmup_ratio: f64,
        warmdown_ratio: f64,
        final_fraction: f64,
    ) -> Self {
        Schedule {
            steps,
            warmup_steps: (warmup_ratio * steps as f64).round_ties_even() as u64,
            warmdown_ratio,
            final_fraction,
            momentum: Momentum {
                first: 0.85,
                last: 0.95,
                ramp_steps: 300,
                end: None,
            },
            decay: Decay::Constant,
        }
    }
    // ANCHOR_END: seed

    // ANCHOR: july_2026
    /// The base training of July 2026. Its warm-up is given in steps (40), the warm-down takes 65 % and ends at 5 %.
    pub fn july_2026(
        steps: u64,
        warmup_steps: u64,
        warmdown_ratio: f64,
        final_fraction: f64,
    ) -> Self {
        Schedule {
            steps,
            warmup_steps,
            warmdown_ratio,
            final_fraction,
            momentum: Momentum {
                first: 0.85,
                last: 0.97,
                ramp_steps: 400,
                end: Some(0.90),
            },
            decay: Decay::Cosine,
        }
    }
    // ANCHOR_END: july_2026

    // ANCHOR: multiplier
    /// The learning rate's multiplier at a step. Python rounds halves to even, and so must we: a warm-down that is
    /// one step longer is another run.
    pub fn multiplier(&self, step: u64) -> f64 {
        let warmdown_steps = self.warmdown_steps();
        if step < self.warmup_steps {
            (step + 1) as f64 / self.warmup_steps as f64
        } else if step + warmdown_steps <= self.steps {
            1.0
        } else {
            let left = self.steps.saturating_sub(step) as f64 / warmdown_steps as f64;
            left + (1.0 - left) * self.final_fraction
        }
    }

    fn warmdown_steps(&self) -> u64 {
        (self.warmdown_ratio * self.steps as f64).round_ties_even() as u64
    }
    // ANCHOR_END: multiplier

    // ANCHOR: momentum
    /// Muon's momentum at a step. The ramp goes first: a run shorter than it never sees the warm-down's.
    pub fn momentum(&self, step: u64) -> f64 {
        let Momentum {
            first,
            last,
            ramp_steps,
            end,
        } = self.momentum;
        let warmdown_steps = self.warmdown_steps();
        let begins = self.steps.saturating_sub(warmdown_steps);
        if let Some(end) = end
            && step >= ramp_steps.max(begins)
            && warmdown_steps > 0
        {
            let share = (step - begins) as f64 / warmdown_steps as f64;
            return (1.0 - share) * last + share * end;
        }
        let share = if ramp_steps == 0 {
            1.0
        } else {
            (step as f64 / ramp_steps as f64).min(1.0)
        };
        (1.0 - share) * first + share * last
    }

    // ANCHOR_END: momentum

    // ANCHOR: weight_decay
    /// The multiplier of Muon's weight decay at a step.
    pub fn weight_decay(&self, step: u64) -> f64 {
        match self.decay {
            Decay::Constant => 1.0,
            Decay::Cosine => {
                let share = step as f64 / self.steps.max(1) as f64;
                0.5 * (1.0 + (PI * share).cos())
            }
        }
    }

    /// What the optimizer is told at a step.
    pub fn at(&self, step: u64) -> StepScale {
        self.at_with(Schedule::multiplier, step)
    }

    /// The same with a multiplier from somewhere else.
    pub fn at_with(&self, rate: RateMultiplier, step: u64) -> StepScale {
        StepScale {
            lr: rate(self, step),
            momentum: self.momentum(step),
            weight_decay: self.weight_decay(step),
        }
    }
}
// ANCHOR_END: weight_decay

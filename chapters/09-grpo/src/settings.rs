// ANCHOR: head
//! Every switch of this chapter, as data. The default is nanochat's reinforcement learning; the named [`Objective`]s are
//! the papers'.

use serde::{Deserialize, Serialize};

use crate::{Distribution, Error, RateDecay};
// ANCHOR_END: head

// ANCHOR: settings
/// A reinforcement learning stage. In a recipe only what differs from the default need be named.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GrpoSettings {
    /// The name in the log and in the checkpoint.
    pub stage: String,
    /// Passes over the task's questions; with `max_steps` the shorter of the two.
    pub epochs: f64,
    pub max_steps: Option<u64>,
    /// P: groups that a step learns from.
    pub prompts_per_step: usize,
    /// G: rollouts per prompt.
    pub samples_per_prompt: usize,
    /// Longest answer, forced tokens included.
    pub max_tokens: usize,
    /// The distribution that is sampled from, and whose log-probabilities are trained.
    pub temperature: f64,
    /// 0 = off.
    pub top_k: usize,
    /// 1 = off.
    pub top_p: f64,
    /// Whether the token that ended an answer is trained too: to stop is a decision.
    pub train_stop: bool,
    /// Rows that the sampler gets at once, on each rank.
    pub rollout_rows: usize,
    /// Rows of one forward and backward pass.
    pub rows_per_pass: usize,
    /// Optimizer steps per set of rollouts. More than 1 needs a clip.
    pub updates_per_step: usize,
    pub objective: Objective,
    pub decay: RateDecay,
    /// What pretraining's rates are multiplied with.
    pub rate_scale: f64,
    /// Largest global norm of the gradient; `None` leaves it alone.
    pub clip_gradients: Option<f64>,
    /// Steps between evaluations; the last step is always evaluated. 0: only the last.
    pub evaluate_every: u64,
    pub checkpoint_seconds: f64,
    pub seed: u64,
}

impl Default for GrpoSettings {
    /// nanochat's, October 2025 and since.
    fn default() -> Self {
        GrpoSettings {
            stage: "rl".to_string(),
            epochs: 1.0,
            max_steps: None,
            prompts_per_step: 16,
            samples_per_prompt: 16,
            max_tokens: 256,
            temperature: 1.0,
            top_k: 50,
            top_p: 1.0,
            train_stop: false,
            rollout_rows: 128,
            rows_per_pass: 8,
            updates_per_step: 1,
            objective: Objective::reinforce(),
            decay: RateDecay::Linear,
            rate_scale: 0.05,
            clip_gradients: None,
            evaluate_every: 60,
            checkpoint_seconds: 600.0,
            seed: 0,
        }
    }
}
// ANCHOR_END: settings

// ANCHOR: objective
/// What is maximised, as five switches.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// What is subtracted from a reward.
    pub baseline: Baseline,
    /// Whether the difference is then divided by the group's standard deviation.
    pub divide_by_std: bool,
    /// `None`: log-probability times advantage. `Some`: the clipped ratio of PPO.
    pub clip: Option<Clip>,
    pub normaliser: Normaliser,
    pub zero_variance: ZeroVariance,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Baseline {
    /// Nothing. Right on average, and a way to fail (see the chapter).
    Nothing,
    /// The mean reward of the group.
    Mean,
}

/// The ratio of new to old probability counts only within [1 − low, 1 + high].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clip {
    pub low: f64,
    pub high: f64,
}

/// What the sum over tokens is divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Normaliser {
    /// nanochat's: the mean over the tokens of each pass, then over a group's passes, then over groups.
    Pass,
    /// GRPO's: the mean over each rollout's tokens, then over rollouts.
    Sequence,
    /// DAPO's: the mean over all tokens of the step.
    Step,
    /// Dr. GRPO's: the sum over each rollout's tokens, divided by `max_tokens`, then the mean over rollouts.
    Constant,
}

/// What happens to groups whose rewards are all equal: they teach nothing, since every advantage is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ZeroVariance {
    /// They stay, and dilute the mean.
    Keep,
    /// They are left out.
    Skip,
    /// They are left out and further prompts drawn, until the step has its groups or has drawn `at_most` times as many
    /// prompts as it wanted (DAPO's dynamic sampling).
    Replace { at_most: usize },
}
// ANCHOR_END: objective

// ANCHOR: recommended
impl GrpoSettings {
    /// nanochat's with what has been learnt since: sampled and trained distribution are the same and whole, every token of
    /// a step weighs the same, prompts that teach nothing are replaced, the rate falls along a cosine, stopping is trained.
    pub fn recommended() -> Self {
        GrpoSettings {
            top_k: 0,
            train_stop: true,
            objective: Objective {
                normaliser: Normaliser::Constant,
                zero_variance: ZeroVariance::Replace { at_most: 4 },
                ..Objective::reinforce()
            },
            decay: RateDecay::Cosine,
            ..GrpoSettings::default()
        }
    }
}
// ANCHOR_END: recommended

// ANCHOR: named
impl Objective {
    /// REINFORCE with a mean baseline, as nanochat has it.
    pub const fn reinforce() -> Self {
        Objective {
            baseline: Baseline::Mean,
            divide_by_std: false,
            clip: None,
            normaliser: Normaliser::Pass,
            zero_variance: ZeroVariance::Keep,
        }
    }

    /// GRPO (Shao et al. 2024), without its KL term.
    pub const fn grpo() -> Self {
        Objective {
            divide_by_std: true,
            clip: Some(Clip {
                low: 0.2,
                high: 0.2,
            }),
            normaliser: Normaliser::Sequence,
            ..Objective::reinforce()
        }
    }

    /// Dr. GRPO (Liu et al. 2025): GRPO without its two divisions.
    pub const fn dr_grpo() -> Self {
        Objective {
            divide_by_std: false,
            normaliser: Normaliser::Constant,
            ..Objective::grpo()
        }
    }

    /// DAPO (Yu et al. 2025): every token counts the same, clip higher, dynamic sampling.
    pub const fn dapo() -> Self {
        Objective {
            clip: Some(Clip {
                low: 0.2,
                high: 0.28,
            }),
            normaliser: Normaliser::Step,
            zero_variance: ZeroVariance::Replace { at_most: 4 },
            ..Objective::grpo()
        }
    }
}
// ANCHOR_END: named

// ANCHOR: steps
impl GrpoSettings {
    /// What is sampled from, and differentiated.
    pub fn distribution(&self) -> Distribution {
        Distribution {
            temperature: self.temperature,
            top_k: self.top_k,
            top_p: self.top_p,
        }
    }

    /// Steps in the whole run, at least 1. Replaced groups do not shorten it: the run then sees more prompts.
    pub fn steps(&self, questions: usize) -> u64 {
        let steps = (self.epochs * questions as f64 / self.prompts_per_step as f64) as u64;
        steps.min(self.max_steps.unwrap_or(u64::MAX)).max(1)
    }

    /// Refuses what cannot work, before anything is computed.
    pub fn check(&self) -> Result<(), Error> {
        let clip = self.objective.clip.unwrap_or(Clip {
            low: 0.5,
            high: 0.5,
        });
        let at_most = match self.objective.zero_variance {
            ZeroVariance::Replace { at_most } => at_most,
            ZeroVariance::Keep | ZeroVariance::Skip => 1,
        };
        let positive = |value: f64| value.is_finite() && value > 0.0;
        let above_0 = "give it a number above 0";
        let counts = [
            ("prompts_per_step", self.prompts_per_step),
            ("samples_per_prompt", self.samples_per_prompt),
            ("max_tokens", self.max_tokens),
            ("rollout_rows", self.rollout_rows),
            ("rows_per_pass", self.rows_per_pass),
            ("updates_per_step", self.updates_per_step),
            ("zero_variance.replace.at_most", at_most),
        ];
        let counts = counts.map(|(name, count)| (name, count as f64, count > 0, above_0));
        let numbers = [
            ("epochs", self.epochs, positive(self.epochs), above_0),
            (
                "temperature",
                self.temperature,
                positive(self.temperature),
                "give it a number above 0: greedy answers of one prompt are all the same",
            ),
            (
                "top_p",
                self.top_p,
                self.top_p > 0.0 && self.top_p <= 1.0,
                "use a share above 0 and up to 1 (off)",
            ),
            (
                "rate_scale",
                self.rate_scale,
                positive(self.rate_scale),
                above_0,
            ),
            (
                "clip.low",
                clip.low,
                clip.low > 0.0 && clip.low < 1.0,
                "use a number between 0 and 1, such as 0.2",
            ),
            (
                "clip.high",
                clip.high,
                positive(clip.high),
                "use a number above 0, such as 0.28",
            ),
            (
                "clip_gradients",
                self.clip_gradients.unwrap_or(1.0),
                positive(self.clip_gradients.unwrap_or(1.0)),
                "use a number above 0, such as 1, or null",
            ),
            (
                "samples_per_prompt",
                self.samples_per_prompt as f64,
                self.samples_per_prompt > 1 || self.objective.baseline == Baseline::Nothing,
                "use at least 2: compared with the mean of itself alone no answer is better than expected",
            ),
            (
                "updates_per_step",
                self.updates_per_step as f64,
                self.updates_per_step < 2 || self.objective.clip.is_some(),
                "use 1, or set a clip: without one the second update trusts rollouts of a policy that has changed",
            ),
        ];
        for (setting, value, holds, remedy) in counts.into_iter().chain(numbers) {
            if !holds {
                let value = value.to_string();
                return Err(Error::Setting {
                    setting,
                    value,
                    remedy,
                });
            }
        }
        Ok(())
    }
}
// ANCHOR_END: steps

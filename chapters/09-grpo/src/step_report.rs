//! What a step has to say for itself. Runs that go wrong show it here first: the reward still rises while the entropy is
//! already gone.

use serde::Serialize;

use crate::{Group, spread};

// ANCHOR: report
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepReport {
    /// Steps done, this one included.
    pub step: u64,
    /// Mean reward of all rollouts of the step, those of groups that were left out included.
    pub reward: f64,
    /// Their standard deviation.
    pub reward_std: f64,
    /// Share of the sampled groups whose rewards were all equal.
    pub zero_variance: f64,
    /// Prompts that were sampled, and groups that were learnt from.
    pub prompts: usize,
    pub groups: usize,
    /// Mean tokens per answer, forced ones included.
    pub length: f64,
    /// Share of answers that the policy ended itself.
    pub finished: f64,
    /// Share of answers that called the tool.
    pub tool: f64,
    /// Whether the weights have changed. They have not if every advantage was 0.
    pub updated: bool,
    /// Trained tokens.
    pub tokens: usize,
    /// The following are about the last update of the step, over the tokens it computed; absent if there was none.
    pub loss: Option<f64>,
    /// Mean entropy of the distributions that tokens were chosen from, in nats, before the first update.
    pub entropy: Option<f64>,
    pub gradient_norm: Option<f64>,
    /// Share of tokens that the clip held back.
    pub clipped: Option<f64>,
    /// Mean distance between the log-probabilities that the sampler reported and those recomputed for training. It should
    /// be rounding, and is the first thing to look at when it is not.
    pub sampler_gap: Option<f64>,
    pub lr: f64,
    pub rollout_seconds: f64,
    pub training_seconds: f64,
}

impl StepReport {
    /// What can be said before anything is trained. `sampled` are all groups of the step.
    pub(crate) fn of_rollouts(step: u64, sampled: &[Group]) -> StepReport {
        let rewards: Vec<f64> = sampled.iter().flat_map(Group::rewards).collect();
        let rollouts = || sampled.iter().flat_map(|group| &group.rollouts);
        let share = |count: usize, of: usize| count as f64 / of.max(1) as f64;
        let count = rewards.len();
        let alike = sampled.iter().filter(|group| group.is_zero_variance());
        StepReport {
            step,
            reward: rewards.iter().sum::<f64>() / count.max(1) as f64,
            reward_std: spread(&rewards),
            zero_variance: share(alike.count(), sampled.len()),
            prompts: sampled.len(),
            groups: 0,
            length: share(rollouts().map(|rollout| rollout.length()).sum(), count),
            finished: share(rollouts().filter(|rollout| rollout.finished).count(), count),
            tool: share(
                rollouts().filter(|rollout| rollout.called_tool).count(),
                count,
            ),
            updated: false,
            tokens: 0,
            loss: None,
            entropy: None,
            gradient_norm: None,
            clipped: None,
            sampler_gap: None,
            lr: 0.0,
            rollout_seconds: 0.0,
            training_seconds: 0.0,
        }
    }
}
// ANCHOR_END: report

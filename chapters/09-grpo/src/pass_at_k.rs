// ANCHOR: head
//! pass@k: how often at least one of k answers is right.
//!
//! pass@1 is what a user sees. pass@k for larger k says what the policy *can* find; reinforcement learning can only
//! reward what is found.

use evals::Task;
use pretrain::Interrupt;
use serde::Serialize;

use crate::{Draw, Error, Rollouts, sample_seed};
// ANCHOR_END: head

// ANCHOR: estimator
/// The unbiased estimate of pass@k from n samples of which c were right (Chen et al. 2021): one minus the probability that
/// k of the n, drawn without putting back, are all wrong,
///
/// 1 − C(n − c, k) / C(n, k) = 1 − Π_{i = n−c+1 … n} (1 − k / i).
///
/// k above n is taken as n.
pub fn pass_at_k(samples: usize, correct: usize, k: usize) -> f64 {
    let k = k.min(samples);
    let wrong = samples.saturating_sub(correct);
    if wrong < k {
        return 1.0; // k samples cannot all be wrong
    }
    let all_wrong: f64 = (wrong + 1..=samples)
        .map(|i| 1.0 - k as f64 / i as f64)
        .product();
    1.0 - all_wrong
}
// ANCHOR_END: estimator

// ANCHOR: measure
/// pass@1 … pass@n on a task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PassRates {
    pub questions: usize,
    pub samples: usize,
    /// `rates[k − 1]` is pass@k.
    pub rates: Vec<f64>,
    /// Share of answers that called the tool.
    pub tool: f64,
}

/// Evaluations draw from a stream of their own, so that how often one looks does not change what one sees.
const EVALUATION: u64 = u64::MAX;

impl Rollouts<'_> {
    /// `samples` answers to each of the first `questions` questions that leave room for one. `None`: interrupted.
    pub fn pass_rates(
        &self,
        task: &dyn Task,
        questions: usize,
        samples: usize,
        seed: u64,
        interrupt: &Interrupt,
    ) -> Result<Option<PassRates>, Error> {
        if samples == 0 {
            return Err(Error::NoSamples { samples });
        }
        let mut draws = Vec::new();
        for question in 0..task.len().min(questions) {
            let ids = sft::render_for_completion(&task.conversation(question)?, self.tokenizer)?;
            if ids.len() < self.gpt.config().context as usize {
                let number = question as u64;
                draws.push(Draw {
                    number,
                    question,
                    ids,
                });
            }
        }
        let seeds = |draw, sample| sample_seed(seed, EVALUATION, draw, sample);
        let Some(groups) = self.collect(task, &draws, samples, &seeds, interrupt)? else {
            return Ok(None);
        };
        let mut rates = vec![0.0; samples];
        let mut tool = 0.0;
        for group in &groups {
            let mut correct = 0;
            for rollout in &group.rollouts {
                correct += usize::from(task.is_correct(group.question, &rollout.text)?);
                tool += f64::from(u8::from(rollout.called_tool));
            }
            for (rate, k) in rates.iter_mut().zip(1..) {
                *rate += pass_at_k(samples, correct, k) / groups.len() as f64;
            }
        }
        Ok(Some(PassRates {
            questions: groups.len(),
            samples,
            rates,
            tool: tool / (groups.len() * samples).max(1) as f64,
        }))
    }
}
// ANCHOR_END: measure

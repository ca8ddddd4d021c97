// ANCHOR: head
//! Passes: what a step computes, cut into pieces that a device can hold and that ranks can share.
//!
//! Every rank has all rollouts of the step, and cuts them the same way. A pass is computed by one of them, and what it adds up
//! is sent to all.

use muon::{Collective, gather_numbers};
use tch::Tensor;

use crate::{
    Counts, Error, Group, GrpoRun, Normaliser, Padded, Rollout, Row, advantages, token_weights,
};
// ANCHOR_END: head

// ANCHOR: pass
/// Rows of one forward and backward, and what the sampler said about their trained tokens (NaN: nothing).
pub(crate) struct Pass {
    pub padded: Padded,
    reported: Vec<f32>,
}

impl GrpoRun<'_> {
    /// Cuts the step into passes, each small enough for one forward and backward.
    ///
    /// They do not depend on the number of ranks: with nanochat's normaliser a pass belongs to one group, because its token count
    /// enters the loss. A pass whose advantages are all 0 has no gradient and is not computed; its tokens are counted all the same.
    pub(crate) fn passes(&self, groups: &[&Group]) -> Result<Vec<Pass>, Error> {
        let settings = &self.settings;
        let objective = &settings.objective;
        let mut rated: Vec<Vec<(&Rollout, f64)>> = Vec::new();
        for group in groups {
            let rewards = group.rewards();
            let advantages = match self.advantage {
                Some(own) => own(&rewards),
                None => advantages(objective, &rewards),
            };
            let (expected, found) = (rewards.len(), advantages.len());
            if expected != found || advantages.iter().any(|advantage| !advantage.is_finite()) {
                return Err(Error::Advantages { expected, found });
            }
            rated.push(group.rollouts.iter().zip(advantages).collect());
        }
        let rollouts = rated.iter().map(Vec::len).sum();
        let tokens = rated
            .iter()
            .flatten()
            .map(|(rollout, _)| rollout.trained())
            .sum();
        if objective.normaliser != Normaliser::Pass {
            rated = vec![rated.concat()];
        }

        let mut passes = Vec::new();
        for unit in &rated {
            for rows in unit.chunks(settings.rows_per_pass) {
                let counts = Counts {
                    groups: groups.len(),
                    rollouts,
                    tokens,
                    passes: unit.len().div_ceil(settings.rows_per_pass),
                    pass_tokens: rows.iter().map(|(rollout, _)| rollout.trained()).sum(),
                    max_tokens: settings.max_tokens,
                };
                if rows.iter().all(|&(_, advantage)| advantage == 0.0) {
                    continue;
                }
                let mut weighted = Vec::new();
                for &(rollout, advantage) in rows {
                    weighted.push(Row {
                        ids: &rollout.ids,
                        mask: &rollout.mask,
                        advantage,
                        weight: token_weights(objective.normaliser, rollout.trained(), &counts),
                    });
                }
                let padding = 0; // any id will do
                if let Some(padded) = Padded::new(&weighted, padding, self.gpt.device()) {
                    let reported = rows.iter().flat_map(|(rollout, _)| reported(rollout));
                    passes.push(Pass {
                        padded,
                        reported: reported.collect(),
                    });
                }
            }
        }
        Ok(passes)
    }
}
// ANCHOR_END: pass

// ANCHOR: gap
/// The sampler's log-probability of each trained token. It says nothing about the token that ended the answer.
fn reported(rollout: &Rollout) -> impl Iterator<Item = f32> {
    let trained = (1..rollout.ids.len()).filter(|&at| rollout.mask[at] == 1);
    trained.map(|at| {
        at.checked_sub(rollout.prompt_length)
            .and_then(|at| rollout.log_probabilities.get(at))
            .map_or(f32::NAN, |&reported| reported)
    })
}

impl Pass {
    /// The summed distance between what the sampler reported and what was recomputed, and of how many tokens.
    pub(crate) fn gap(&self, recomputed: &Tensor) -> Result<(f64, f64), Error> {
        let (mut sum, mut count) = (0.0, 0.0);
        let recomputed: Vec<f32> = Vec::try_from(recomputed).map_err(transformer::Error::from)?;
        for (ours, theirs) in recomputed.iter().zip(&self.reported) {
            if !theirs.is_nan() {
                sum += f64::from((ours - theirs).abs());
                count += 1.0;
            }
        }
        Ok((sum, count))
    }
}
// ANCHOR_END: gap

// ANCHOR: sums
/// What a pass adds up over its tokens, or a step over its passes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct PassSums {
    pub loss: f64,
    pub clipped: f64,
    pub entropy: f64,
    pub gap: f64,
    /// Tokens that the sampler said something about.
    pub heard: f64,
}

impl PassSums {
    /// The sums of a step of `passes` passes, given those of this rank's. Added in the order of the passes, whoever computed
    /// them: they have the same bits on all ranks.
    pub(crate) fn of_step(
        ranks: &dyn Collective,
        own: &[PassSums],
        passes: usize,
    ) -> Result<PassSums, Error> {
        let sum = |number: fn(&PassSums) -> f64| -> Result<f64, Error> {
            let own: Vec<f64> = own.iter().map(number).collect();
            Ok(gather_numbers(ranks, &own, passes)?.iter().sum())
        };
        Ok(PassSums {
            loss: sum(|pass| pass.loss)?,
            clipped: sum(|pass| pass.clipped)?,
            entropy: sum(|pass| pass.entropy)?,
            gap: sum(|pass| pass.gap)?,
            heard: sum(|pass| pass.heard)?,
        })
    }
}

impl GrpoRun<'_> {
    /// For a rank without a pass, in a step in which others have one: they wait for its gradients.
    pub(crate) fn gradients_of_zeros(&self) {
        for parameter in self.gpt.parameters() {
            (&parameter.tensor * 0.0).sum(None).backward();
        }
    }
}
// ANCHOR_END: sums

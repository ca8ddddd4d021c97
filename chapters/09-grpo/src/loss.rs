// ANCHOR: head
//! The objective. All of this chapter's methods are one formula with switches:
//!
//! ```text
//! loss = − Σ_rollouts i  Σ_chosen tokens t   w_i · f(ρ_it, A_i)
//! ```
//!
//! - A_i is the rollout's advantage (`advantage`).
//! - w_i is the weight of each of its tokens: what the normaliser is about.
//! - ρ_it is the ratio of the token's probability now to its probability when the rollouts were made. f is ln p · A without
//!   a clip, and min(ρ A, clip(ρ) A) with one. At ρ = 1 both have the same gradient, A · ∇ln p.

use tch::{Device, Kind, Tensor};
use transformer::{Context, Gpt, Kernels};

use crate::{Chosen, Clip, Distribution, Error, Normaliser};
// ANCHOR_END: head

// ANCHOR: weights
/// The counts that weights are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Groups of the step that take part, and their rollouts.
    pub groups: usize,
    pub rollouts: usize,
    /// Trained tokens of the step.
    pub tokens: usize,
    /// Passes that this rollout's group is cut into, and the trained tokens of the rollout's pass.
    pub passes: usize,
    pub pass_tokens: usize,
    /// The longest answer that is allowed.
    pub max_tokens: usize,
}

/// w: what each of the `length` trained tokens of a rollout weighs in the loss.
pub fn token_weights(normaliser: Normaliser, length: usize, counts: &Counts) -> f64 {
    let divisor = match normaliser {
        Normaliser::Pass => counts.pass_tokens.max(1) * counts.passes * counts.groups,
        Normaliser::Sequence => length.max(1) * counts.rollouts,
        Normaliser::Step => counts.tokens,
        Normaliser::Constant => counts.max_tokens * counts.rollouts,
    };
    1.0 / divisor.max(1) as f64
}
// ANCHOR_END: weights

// ANCHOR: padded
/// A rollout on its way into a pass.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    pub ids: &'a [u32],
    pub mask: &'a [u8],
    pub advantage: f64,
    pub weight: f64,
}

/// Rows padded to one length, and what is to be learnt from them: N of the B · T positions.
pub struct Padded {
    /// (B, T): ids, then padding; the longest row's last id, after which nothing comes, is left out.
    pub inputs: Tensor,
    /// (B, T): the id that follows each input, −1 where it was not chosen by the policy.
    pub targets: Tensor,
    /// (N,): where in B · T the trained positions are.
    places: Tensor,
    /// (N,) each.
    chosen: Tensor,
    advantages: Tensor,
    weights: Tensor,
}

impl Padded {
    /// `None` if no row has a trained token. What fills up short rows (`padding`) is seen by nobody: it stands to the
    /// right of everything, and its targets are −1.
    pub fn new(rows: &[Row<'_>], padding: u32, device: Device) -> Option<Padded> {
        let longest = rows.iter().map(|row| row.ids.len()).max()?;
        let time = longest.checked_sub(1)?; // T
        let size = [rows.len() as i64, time as i64];
        let (mut inputs, mut targets) = (Vec::new(), Vec::new());
        let (mut places, mut chosen) = (Vec::new(), Vec::new());
        let (mut advantages, mut weights) = (Vec::new(), Vec::new());
        for row in rows {
            for t in 0..time {
                let is_trained = row.mask.get(t + 1) == Some(&1);
                let target = row.ids.get(t + 1).filter(|_| is_trained).copied();
                if let Some(id) = target {
                    places.push(inputs.len() as i64);
                    chosen.push(i64::from(id));
                    advantages.push(row.advantage as f32);
                    weights.push(row.weight as f32);
                }
                inputs.push(i64::from(row.ids.get(t).copied().unwrap_or(padding)));
                targets.push(target.map_or(-1, i64::from));
            }
        }
        if places.is_empty() {
            return None;
        }
        Some(Padded {
            inputs: Tensor::from_slice(&inputs).view(size).to_device(device),
            targets: Tensor::from_slice(&targets).view(size).to_device(device),
            places: Tensor::from_slice(&places).to_device(device),
            chosen: Tensor::from_slice(&chosen).to_device(device),
            advantages: Tensor::from_slice(&advantages).to_device(device),
            weights: Tensor::from_slice(&weights).to_device(device),
        })
    }
    // ANCHOR_END: padded

    // ANCHOR: forward
    /// Log-probabilities and entropies of the N chosen tokens, in the order of rows and positions.
    ///
    /// The head is applied to trained positions only: N rows of V logits instead of B · T.
    pub fn forward(
        &self,
        gpt: &Gpt,
        kernels: &dyn Kernels,
        context: &mut dyn Context,
        distribution: &Distribution,
    ) -> Result<Chosen, Error> {
        let hidden = gpt.hidden(kernels, context, &self.inputs)?; // (B, T) -> (B, T, C)
        let hidden = hidden.flatten(0, 1).index_select(0, &self.places); // (B, T, C) -> (N, C)
        let logits = kernels.logits(&hidden.unsqueeze(0), &gpt.head(), gpt.config().softcap); // (1, N, V)
        Ok(distribution.of_chosen(&logits.squeeze_dim(0), &self.chosen))
    }

    /// The loss of this pass, a differentiable scalar. `old` (N,) are the log-probabilities at the time of the rollouts.
    pub fn loss(&self, log_probabilities: &Tensor, old: &Tensor, clip: Option<Clip>) -> Surrogate {
        let Some(Clip { low, high }) = clip else {
            let objective = log_probabilities * &self.advantages; // (N,)
            return Surrogate {
                loss: -(objective * &self.weights).sum(Kind::Float),
                clipped: log_probabilities.zeros_like().detach(),
            };
        };
        // e^20 is as good as infinite, and does not overflow when multiplied.
        let ratio = (log_probabilities - old).clamp(-20.0, 20.0).exp(); // (N,)
        let free = &ratio * &self.advantages;
        let limited = ratio.clamp(1.0 - low, 1.0 + high) * &self.advantages;
        let objective = free.minimum(&limited);
        Surrogate {
            loss: -(objective * &self.weights).sum(Kind::Float),
            clipped: limited.lt_tensor(&free).to_kind(Kind::Float).detach(),
        }
    }

    /// N.
    pub fn trained(&self) -> usize {
        self.chosen.numel()
    }
}

/// What a pass gives back.
pub struct Surrogate {
    pub loss: Tensor,
    /// (N,): 1 where the clip holds a token back, so that it has no gradient.
    pub clipped: Tensor,
}
// ANCHOR_END: forward

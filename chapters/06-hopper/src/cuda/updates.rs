//! The optimizers' element-wise arithmetic, in place. Called without a record: weights are changed behind autograd's back,
//! as an optimizer does.

use muon::AdamWStep;
use tch::Tensor;

use super::error::Error;
use super::kernel::{ADAMW, MUON};
use super::launch::{Argument, Grid, Launch};
use super::operations::{Operations, plain};

// ANCHOR: in_place
/// A tensor that is written has to lie in order itself: a copy of it would be written in vain.
fn in_order(kernel: &'static str, tensors: &[&Tensor]) -> Result<(), Error> {
    let size = tensors[0].size();
    for tensor in tensors {
        if !tensor.is_contiguous() || tensor.size() != size {
            return Err(Error::NotCovered {
                kernel,
                reason: "tensors of several shapes, or not contiguous".to_string(),
            });
        }
    }
    Ok(())
}
// ANCHOR_END: in_place

// ANCHOR: adamw
impl<L: Launch> Operations<L> {
    /// Decoupled weight decay, both moments, the step. All four tensors have one shape and kind.
    ///
    /// # Errors
    /// `NotCovered`, and what stops a launch.
    pub fn adamw(
        &self,
        weight: &mut Tensor,
        gradient: &Tensor,
        first: &mut Tensor,
        second: &mut Tensor,
        step: &AdamWStep,
    ) -> Result<(), Error> {
        let element = self.covers("adamw", &[weight, gradient, first, second])?;
        let gradient = plain(gradient);
        in_order("adamw", &[weight, &gradient, first, second])?;
        let (beta1, beta2) = step.betas;
        let correction = |beta: f64| 1.0 - beta.powi(step.step as i32);
        let total = weight.numel() as i64;
        let chosen = self.choose_flat(&ADAMW, element, &[weight, &gradient, first, second]);
        chosen.run(
            "adamw",
            Grid::flat(total, chosen.width),
            &[
                Argument::Tensor(weight),
                Argument::Tensor(&gradient),
                Argument::Tensor(first),
                Argument::Tensor(second),
                Argument::Long(total),
                Argument::Float((1.0 - step.lr * step.weight_decay) as f32),
                Argument::Float((1.0 - beta1) as f32),
                Argument::Float(beta2 as f32),
                Argument::Float((1.0 - beta2) as f32),
                Argument::Float((step.lr / correction(beta1)) as f32),
                Argument::Float(correction(beta2).sqrt() as f32),
                Argument::Float(step.eps as f32),
            ],
        )
    }
    // ANCHOR_END: adamw

    // ANCHOR: momentum
    /// `momentum ← μ·momentum + (1 − μ)·gradient`, all (N, R, C); returns what is to be orthogonalised: with Nesterov's
    /// look-ahead `(1 − μ)·gradient + μ·momentum`, else the momentum.
    ///
    /// # Errors
    /// `NotCovered`, and what stops a launch.
    pub fn muon_momentum(
        &self,
        momentum: &mut Tensor,
        gradient: &Tensor,
        mu: f64,
        nesterov: bool,
    ) -> Result<Tensor, Error> {
        let element = self.covers("muon_momentum", &[momentum, gradient])?;
        let gradient = plain(gradient);
        in_order("muon_momentum", &[momentum, &gradient])?;
        let ahead = nesterov.then(|| momentum.empty_like());
        let total = momentum.numel() as i64;
        let chosen = self.choose_flat(&MUON, element, &[momentum, &gradient]);
        chosen.run(
            "muon_momentum",
            Grid::flat(total, chosen.width),
            &[
                Argument::Tensor(momentum),
                Argument::Tensor(&gradient),
                ahead.as_ref().map_or(Argument::Nothing, Argument::Tensor),
                Argument::Long(total),
                Argument::Float(mu as f32),
                Argument::Float((1.0 - mu) as f32),
            ],
        )?;
        Ok(ahead.unwrap_or_else(|| momentum.shallow_clone()))
    }
    // ANCHOR_END: momentum

    // ANCHOR: apply
    /// `weight ← (1 − lr·decay)·weight − lr·update` for N weights (R, C) and their updates (N, R, C); cautious: a weight
    /// decays only where its update has its sign.
    ///
    /// # Errors
    /// `NotCovered`, before any weight is changed, and what stops a launch.
    pub fn muon_apply(
        &self,
        weights: &mut [&mut Tensor],
        updates: &Tensor,
        lr: f64,
        weight_decay: f64,
        cautious: bool,
    ) -> Result<(), Error> {
        let updates: Vec<Tensor> = plain(updates).unbind(0);
        if updates.len() != weights.len() {
            return Err(Error::NotCovered {
                kernel: "muon_apply",
                reason: format!("{} weights and {} updates", weights.len(), updates.len()),
            });
        }
        for (weight, update) in weights.iter().zip(&updates) {
            self.covers("muon_apply", &[weight, update])?;
            in_order("muon_apply", &[weight, update])?;
        }
        for (weight, update) in weights.iter().zip(&updates) {
            let element = self.covers("muon_apply", &[weight, update])?;
            let total = update.numel() as i64;
            let chosen = self.choose_flat(&MUON, element, &[weight, update]);
            chosen.run(
                "muon_apply",
                Grid::flat(total, chosen.width),
                &[
                    Argument::Tensor(weight),
                    Argument::Tensor(update),
                    Argument::Long(total),
                    Argument::Float(lr as f32),
                    Argument::Float((lr * weight_decay) as f32),
                    Argument::Int(cautious.into()),
                ],
            )?;
        }
        Ok(())
    }
}
// ANCHOR_END: apply

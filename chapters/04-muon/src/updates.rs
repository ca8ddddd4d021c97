// ANCHOR: head
//! The element-wise arithmetic of both optimizers, behind one seam.
//!
//! These few lines read and write every weight several times, and each line is a pass over memory. [`PlainUpdates`]
//! says what is computed, in tch expressions; chapter 06 computes the same in one pass.

use tch::{Kind, Tensor};

use crate::newton_schulz::orthogonalise;
use crate::polar_express::polar_express;
// ANCHOR_END: head

// ANCHOR: settings
/// AdamW's numbers for one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamWStep {
    pub lr: f64,
    pub betas: (f64, f64),
    pub eps: f64,
    pub weight_decay: f64,
    /// Counted from 1: the bias correction divides by `1 − β^step`.
    pub step: i64,
}
// ANCHOR_END: settings

// ANCHOR: trait
/// What happens to weights and buffers once the gradient is known. Everything is updated in place.
pub trait Updates {
    /// Decoupled weight decay, both moments, the step. All four tensors have one shape.
    fn adamw(
        &self,
        weight: &mut Tensor,
        gradient: &Tensor,
        first: &mut Tensor,
        second: &mut Tensor,
        step: &AdamWStep,
    );

    /// `momentum ← μ·momentum + (1 − μ)·gradient`, all (N, R, C); returns what is to be orthogonalised: with
    /// Nesterov's look-ahead `(1 − μ)·gradient + μ·momentum`, else the momentum.
    fn muon_momentum(
        &self,
        momentum: &mut Tensor,
        gradient: &Tensor,
        mu: f64,
        nesterov: bool,
    ) -> Tensor;

    /// `weight ← (1 − lr·decay)·weight − lr·update` for N weights (R, C) and their updates (N, R, C).
    fn muon_apply(&self, weights: &mut [&mut Tensor], updates: &Tensor, lr: f64, weight_decay: f64);

    // ANCHOR_END: trait

    // ANCHOR: orthogonalise
    /// Orthogonalises N matrices (N, R, C), computing in `compute`, by Newton–Schulz or by Polar Express. Not element-wise, but
    /// here for the same reason: whoever knows the machine can do better than this.
    fn orthogonalise(
        &self,
        stack: &Tensor,
        by_polar_express: bool,
        rounds: usize,
        compute: Kind,
    ) -> Tensor {
        match by_polar_express {
            true => polar_express(stack, rounds, compute),
            false => orthogonalise(stack, rounds, compute),
        }
    }
    // ANCHOR_END: orthogonalise

    // ANCHOR: cautious
    /// As `muon_apply`, but a weight decays only where its update has its sign, that is, where the step shrinks it
    /// anyway: `weight ← weight − lr·update − lr·decay·weight·[update·weight ≥ 0]`.
    fn muon_apply_cautious(
        &self,
        weights: &mut [&mut Tensor],
        updates: &Tensor,
        lr: f64,
        weight_decay: f64,
    ) {
        for (weight, update) in weights.iter_mut().zip(updates.unbind(0)) {
            let agrees = (&update * &**weight).ge(0.0); // (R, C)
            let decay = &**weight * (lr * weight_decay) * agrees;
            let _ = weight.g_sub_(&(update * lr + decay));
        }
    }
}
// ANCHOR_END: cautious

// ANCHOR: plain
/// The readable implementation.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlainUpdates;

impl Updates for PlainUpdates {
    fn adamw(
        &self,
        weight: &mut Tensor,
        gradient: &Tensor,
        first: &mut Tensor,
        second: &mut Tensor,
        step: &AdamWStep,
    ) {
        let (beta1, beta2) = step.betas;
        let correction = |beta: f64| 1.0 - beta.powi(step.step as i32);
        if step.weight_decay != 0.0 {
            let _ = weight.g_mul_scalar_(1.0 - step.lr * step.weight_decay);
        }
        let _ = first.lerp_(gradient, 1.0 - beta1);
        let _ = second
            .g_mul_scalar_(beta2)
            .addcmul_(&(gradient * (1.0 - beta2)), gradient);
        let denominator = second
            .sqrt()
            .g_div_scalar_(correction(beta2).sqrt())
            .g_add_scalar_(step.eps);
        let _ = weight.addcdiv_(&(&*first * (-step.lr / correction(beta1))), &denominator);
    }

    // ANCHOR_END: plain

    // ANCHOR: momentum
    fn muon_momentum(
        &self,
        momentum: &mut Tensor,
        gradient: &Tensor,
        mu: f64,
        nesterov: bool,
    ) -> Tensor {
        let _ = momentum.lerp_(gradient, 1.0 - mu);
        if nesterov {
            gradient.lerp(momentum, mu)
        } else {
            momentum.shallow_clone()
        }
    }

    // ANCHOR_END: momentum

    // ANCHOR: apply
    fn muon_apply(
        &self,
        weights: &mut [&mut Tensor],
        updates: &Tensor,
        lr: f64,
        weight_decay: f64,
    ) {
        // Scaled as one stack: on a CPU a small operation costs more to start than to compute.
        let scaled = updates * lr; // (N, R, C)
        for (weight, update) in weights.iter_mut().zip(scaled.unbind(0)) {
            if weight_decay != 0.0 {
                let _ = weight.g_mul_scalar_(1.0 - lr * weight_decay);
            }
            let _ = weight.g_sub_(&update);
        }
    }
}
// ANCHOR_END: apply

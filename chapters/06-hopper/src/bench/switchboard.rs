// ANCHOR: head
//! The switchboard: each operation from the plain or from the fused side, as a switch says, so that every fusion can be
//! tried alone and left out alone in one and the same model.

use std::cell::Cell;
use std::rc::Rc;

use muon::{AdamWStep, Updates};
use tch::{Device, Kind, Tensor};
use transformer::{Causal, Context, HeadLoss, Kernels};

use super::{Fusions, Operation};
use crate::attention::Windowed;

/// The switches; clones are handles on the same ones.
#[derive(Debug, Clone, Default)]
pub struct Switchboard(Rc<Cell<Fusions>>);

impl Switchboard {
    /// From here on these are computed fused, all others plainly.
    pub fn set(&self, fusions: Fusions) {
        self.0.set(fusions);
    }

    /// Whether this operation is computed fused.
    pub fn has(&self, operation: Operation) -> bool {
        self.0.get().has(operation)
    }
}
// ANCHOR_END: head

// ANCHOR: kernels
/// Each operation of the model from one of two sides.
pub struct SwitchedKernels<P, F> {
    pub plain: P,
    pub fused: F,
    pub board: Switchboard,
}

impl<P: Kernels, F: Kernels> SwitchedKernels<P, F> {
    fn side(&self, operation: Operation) -> &dyn Kernels {
        if self.board.has(operation) {
            &self.fused
        } else {
            &self.plain
        }
    }
}

impl<P: Kernels, F: Kernels> Kernels for SwitchedKernels<P, F> {
    fn linear(&self, x: &Tensor, weight: &Tensor) -> Tensor {
        self.side(Operation::Linear).linear(x, weight)
    }

    fn rms_norm(&self, x: &Tensor, eps: f64) -> Tensor {
        self.side(Operation::RmsNorm).rms_norm(x, eps)
    }

    fn rope_qk_norm(&self, x: &Tensor, cos: &Tensor, sin: &Tensor, eps: f64) -> Tensor {
        self.side(Operation::RopeQkNorm)
            .rope_qk_norm(x, cos, sin, eps)
    }

    fn relu_squared(&self, x: &Tensor) -> Tensor {
        self.side(Operation::ReluSquared).relu_squared(x)
    }

    fn head_loss(&self, x: &Tensor, head: &Tensor, targets: &Tensor, softcap: f64) -> HeadLoss {
        self.side(Operation::HeadLoss)
            .head_loss(x, head, targets, softcap)
    }

    fn logits(&self, x: &Tensor, head: &Tensor, softcap: f64) -> Tensor {
        self.side(Operation::Logits).logits(x, head, softcap)
    }

    /// Without the join there is still a norm, which has a switch of its own.
    fn add_norm(&self, x: &Tensor, change: &Tensor, eps: f64) -> (Tensor, Tensor) {
        if self.board.has(Operation::AddNorm) {
            return self.fused.add_norm(x, change, eps);
        }
        let x = x + change;
        let normed = self.rms_norm(&x, eps);
        (x, normed)
    }

    fn rope_qk_norm_scaled(
        &self,
        x: &Tensor,
        cos: &Tensor,
        sin: &Tensor,
        eps: f64,
        factor: f64,
    ) -> Tensor {
        self.side(Operation::RopeQkNorm)
            .rope_qk_norm_scaled(x, cos, sin, eps, factor)
    }

    fn mix(&self, r: &Tensor, x: &Tensor, s: &Tensor, x0: &Tensor) -> Tensor {
        self.side(Operation::Mix).mix(r, x, s, x0)
    }

    /// As `add_norm`: without the join there are a mix and a norm.
    fn mix_norm(
        &self,
        r: &Tensor,
        x: &Tensor,
        s: &Tensor,
        x0: &Tensor,
        eps: f64,
    ) -> (Tensor, Tensor) {
        if self.board.has(Operation::MixNorm) {
            return self.fused.mix_norm(r, x, s, x0, eps);
        }
        let x = self.mix(r, x, s, x0);
        let normed = self.rms_norm(&x, eps);
        (x, normed)
    }

    fn add_gated(&self, v: &Tensor, looked_up: &Tensor, gate: &Tensor) -> Tensor {
        self.side(Operation::AddGated).add_gated(v, looked_up, gate)
    }
}
// ANCHOR_END: kernels

// ANCHOR: context
/// Attention by chapter 03's call of libtorch, or by this chapter's choice.
pub struct SwitchedContext {
    pub board: Switchboard,
}

impl SwitchedContext {
    fn side(&self) -> Box<dyn Context> {
        match self.board.has(Operation::Attention) {
            true => Box::new(Windowed),
            false => Box::new(Causal),
        }
    }
}

impl Context for SwitchedContext {
    fn positions(&self, batch: i64, time: i64, device: Device) -> Tensor {
        self.side().positions(batch, time, device)
    }

    fn attend(
        &mut self,
        layer: usize,
        window: Option<i64>,
        q: &Tensor,
        k: &Tensor,
        v: &Tensor,
    ) -> Tensor {
        self.side().attend(layer, window, q, k, v)
    }
}
// ANCHOR_END: context

// ANCHOR: updates
/// Each update of the optimizer from one of two sides.
pub struct SwitchedUpdates<P, F> {
    pub plain: P,
    pub fused: F,
    pub board: Switchboard,
}

impl<P: Updates, F: Updates> SwitchedUpdates<P, F> {
    fn side(&self, operation: Operation) -> &dyn Updates {
        if self.board.has(operation) {
            &self.fused
        } else {
            &self.plain
        }
    }
}

impl<P: Updates, F: Updates> Updates for SwitchedUpdates<P, F> {
    fn adamw(
        &self,
        weight: &mut Tensor,
        gradient: &Tensor,
        first: &mut Tensor,
        second: &mut Tensor,
        step: &AdamWStep,
    ) {
        self.side(Operation::AdamW)
            .adamw(weight, gradient, first, second, step);
    }

    fn muon_momentum(
        &self,
        momentum: &mut Tensor,
        gradient: &Tensor,
        mu: f64,
        nesterov: bool,
    ) -> Tensor {
        self.side(Operation::MuonMomentum)
            .muon_momentum(momentum, gradient, mu, nesterov)
    }

    fn orthogonalise(
        &self,
        stack: &Tensor,
        by_polar_express: bool,
        rounds: usize,
        compute: Kind,
    ) -> Tensor {
        self.side(Operation::Orthogonalise)
            .orthogonalise(stack, by_polar_express, rounds, compute)
    }

    fn muon_apply(
        &self,
        weights: &mut [&mut Tensor],
        updates: &Tensor,
        lr: f64,
        weight_decay: f64,
    ) {
        self.side(Operation::MuonApply)
            .muon_apply(weights, updates, lr, weight_decay);
    }

    fn muon_apply_cautious(
        &self,
        weights: &mut [&mut Tensor],
        updates: &Tensor,
        lr: f64,
        weight_decay: f64,
    ) {
        self.side(Operation::MuonApply)
            .muon_apply_cautious(weights, updates, lr, weight_decay);
    }
}
// ANCHOR_END: updates

// ANCHOR: head
//! `Fused`: chapter 03's `Kernels`, one pass over memory each.
//!
//! Every method asks whether there is a kernel for these tensors, and otherwise computes what `Plain` computes. The
//! results agree up to rounding, and so do the gradients; `tests/parity_fused.rs` holds that.

use tch::Tensor;
use transformer::{HeadLoss, Kernels, Plain};

use crate::cpu;
// ANCHOR_END: head

// ANCHOR: fused
#[derive(Debug, Clone, Copy, Default)]
pub struct Fused;

impl Kernels for Fused {
    /// Not fused with anything: a matrix product is libtorch's strength.
    fn linear(&self, x: &Tensor, weight: &Tensor) -> Tensor {
        Plain.linear(x, weight)
    }

    fn rms_norm(&self, x: &Tensor, eps: f64) -> Tensor {
        match cpu::covers(x) {
            true => recorded(cpu::rms_norm(x, eps)),
            false => Plain.rms_norm(x, eps),
        }
    }

    fn rope_qk_norm(&self, x: &Tensor, cos: &Tensor, sin: &Tensor, eps: f64) -> Tensor {
        self.rope_qk_norm_scaled(x, cos, sin, eps, 1.0)
    }

    fn relu_squared(&self, x: &Tensor) -> Tensor {
        match cpu::covers(x) {
            true => recorded(cpu::relu_squared(x)),
            false => Plain.relu_squared(x),
        }
    }

    fn head_loss(&self, x: &Tensor, head: &Tensor, targets: &Tensor, softcap: f64) -> HeadLoss {
        match cpu::covers(x) && cpu::covers(head) && softcap <= cpu::LARGEST_CAP {
            true => recorded(cpu::head_loss(x, head, targets, softcap)),
            false => Plain.head_loss(x, head, targets, softcap),
        }
    }

    /// Whoever asks for logits wants them all: nothing to be saved.
    fn logits(&self, x: &Tensor, head: &Tensor, softcap: f64) -> Tensor {
        Plain.logits(x, head, softcap)
    }
    // ANCHOR_END: fused

    // ANCHOR: joins
    fn add_norm(&self, x: &Tensor, change: &Tensor, eps: f64) -> (Tensor, Tensor) {
        match cpu::covers(x) && cpu::covers(change) && x.size() == change.size() {
            true => recorded(cpu::add_norm(x, change, eps)),
            false => Plain.add_norm(x, change, eps),
        }
    }

    fn rope_qk_norm_scaled(
        &self,
        x: &Tensor,
        cos: &Tensor,
        sin: &Tensor,
        eps: f64,
        factor: f64,
    ) -> Tensor {
        match [x, cos, sin].iter().all(|x| cpu::covers(x)) {
            true => recorded(cpu::rope_qk_norm(x, cos, sin, eps, factor)),
            false => Plain.rope_qk_norm_scaled(x, cos, sin, eps, factor),
        }
    }

    fn mix(&self, r: &Tensor, x: &Tensor, s: &Tensor, x0: &Tensor) -> Tensor {
        match [r, x, s, x0].iter().all(|x| cpu::covers(x)) && x.size() == x0.size() {
            true => recorded(cpu::mix(r, x, s, x0)),
            false => Plain.mix(r, x, s, x0),
        }
    }

    fn add_gated(&self, v: &Tensor, looked_up: &Tensor, gate: &Tensor) -> Tensor {
        match [v, looked_up, gate].iter().all(|x| cpu::covers(x)) {
            true => recorded(cpu::add_gated(v, looked_up, gate)),
            false => Plain.add_gated(v, looked_up, gate),
        }
    }
}

/// Recording an operation fails only if libtorch itself is out of memory; tch's own operations panic then, too.
fn recorded<T>(result: Result<T, tensors::Error>) -> T {
    result.unwrap_or_else(|error| panic!("a fused operation could not be recorded: {error}"))
}
// ANCHOR_END: joins

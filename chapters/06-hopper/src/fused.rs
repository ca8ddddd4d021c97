// ANCHOR: head
//! `Fused`: chapter 03's `Kernels`, one pass over memory each.
//!
//! Every method asks whether there is a kernel for these tensors, on a CPU or on a GPU, and otherwise computes what `Plain`
//! computes. The results agree up to rounding, and so do the gradients; `tests/parity_fused.rs` holds that.

use std::sync::Once;

use tch::Tensor;
use transformer::{HeadLoss, Kernels, Plain};

use crate::cpu;
use crate::cuda::{self, GPU};
// ANCHOR_END: head

// ANCHOR: fused
/// Chapter 03's operations, one pass over memory each, where there is a kernel for the tensors; there is nothing to set.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fused;

impl Kernels for Fused {
    /// Not fused with anything: a matrix product is libtorch's strength.
    fn linear(&self, x: &Tensor, weight: &Tensor) -> Tensor {
        Plain.linear(x, weight)
    }

    fn rms_norm(&self, x: &Tensor, eps: f64) -> Tensor {
        if cpu::covers(x) {
            return recorded(cpu::rms_norm(x, eps));
        }
        on_gpu(x, || GPU.rms_norm(x, eps)).unwrap_or_else(|| Plain.rms_norm(x, eps))
    }

    fn rope_qk_norm(&self, x: &Tensor, cos: &Tensor, sin: &Tensor, eps: f64) -> Tensor {
        self.rope_qk_norm_scaled(x, cos, sin, eps, 1.0)
    }

    fn relu_squared(&self, x: &Tensor) -> Tensor {
        if cpu::covers(x) {
            return recorded(cpu::relu_squared(x));
        }
        on_gpu(x, || GPU.relu_squared(x)).unwrap_or_else(|| Plain.relu_squared(x))
    }

    fn head_loss(&self, x: &Tensor, head: &Tensor, targets: &Tensor, softcap: f64) -> HeadLoss {
        if cpu::covers(x) && cpu::covers(head) && softcap <= cpu::LARGEST_CAP {
            return recorded(cpu::head_loss(x, head, targets, softcap));
        }
        on_gpu(x, || GPU.head_loss(x, head, targets, softcap))
            .unwrap_or_else(|| Plain.head_loss(x, head, targets, softcap))
    }

    /// Whoever asks for logits wants them all: nothing to be saved.
    fn logits(&self, x: &Tensor, head: &Tensor, softcap: f64) -> Tensor {
        Plain.logits(x, head, softcap)
    }
    // ANCHOR_END: fused

    // ANCHOR: joins
    fn add_norm(&self, x: &Tensor, change: &Tensor, eps: f64) -> (Tensor, Tensor) {
        if cpu::covers(x) && cpu::covers(change) && x.size() == change.size() {
            return recorded(cpu::add_norm(x, change, eps));
        }
        on_gpu(x, || GPU.add_norm(x, change, eps)).unwrap_or_else(|| Plain.add_norm(x, change, eps))
    }

    fn rope_qk_norm_scaled(
        &self,
        x: &Tensor,
        cos: &Tensor,
        sin: &Tensor,
        eps: f64,
        factor: f64,
    ) -> Tensor {
        if [x, cos, sin].iter().all(|x| cpu::covers(x)) {
            return recorded(cpu::rope_qk_norm(x, cos, sin, eps, factor));
        }
        on_gpu(x, || GPU.rope_qk_norm_scaled(x, cos, sin, eps, factor))
            .unwrap_or_else(|| Plain.rope_qk_norm_scaled(x, cos, sin, eps, factor))
    }

    fn mix(&self, r: &Tensor, x: &Tensor, s: &Tensor, x0: &Tensor) -> Tensor {
        if [r, x, s, x0].iter().all(|x| cpu::covers(x)) && x.size() == x0.size() {
            return recorded(cpu::mix(r, x, s, x0));
        }
        on_gpu(x, || GPU.mix(r, x, s, x0)).unwrap_or_else(|| Plain.mix(r, x, s, x0))
    }

    fn mix_norm(
        &self,
        r: &Tensor,
        x: &Tensor,
        s: &Tensor,
        x0: &Tensor,
        eps: f64,
    ) -> (Tensor, Tensor) {
        if [r, x, s, x0].iter().all(|x| cpu::covers(x)) && x.size() == x0.size() {
            return recorded(cpu::mix_norm(r, x, s, x0, eps));
        }
        on_gpu(x, || GPU.mix_norm(r, x, s, x0, eps))
            .unwrap_or_else(|| Plain.mix_norm(r, x, s, x0, eps))
    }

    fn add_gated(&self, v: &Tensor, looked_up: &Tensor, gate: &Tensor) -> Tensor {
        if [v, looked_up, gate].iter().all(|x| cpu::covers(x)) {
            return recorded(cpu::add_gated(v, looked_up, gate));
        }
        on_gpu(v, || GPU.add_gated(v, looked_up, gate))
            .unwrap_or_else(|| Plain.add_gated(v, looked_up, gate))
    }
}
// ANCHOR_END: joins

// ANCHOR: falling-back
/// Recording an operation fails only if libtorch itself is out of memory; tch's own operations panic then, too.
fn recorded<T>(result: Result<T, tensors::Error>) -> T {
    result.unwrap_or_else(|error| panic!("a fused operation could not be recorded: {error}"))
}

/// What the GPU's kernel gives, or `None` where the plain expression has to do. A kernel that should have run and
/// could not (no NVRTC, a driver that refuses) is reported once, for the run goes on, only slower.
pub(crate) fn on_gpu<T>(x: &Tensor, run: impl FnOnce() -> Result<T, cuda::Error>) -> Option<T> {
    static SAID: Once = Once::new();
    if !x.device().is_cuda() {
        return None;
    }
    match run() {
        Ok(result) => Some(result),
        Err(error) => {
            if !error.is_not_covered() {
                SAID.call_once(|| eprintln!("running without CUDA kernels of our own: {error}"));
            }
            None
        }
    }
}
// ANCHOR_END: falling-back

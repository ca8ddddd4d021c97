//! `Fused`: chapter 03's `Kernels`, one pass over memory each.

use tch::Tensor;
use transformer::{HeadLoss, Kernels, Plain};

/// Fused where this chapter has a kernel for the tensors' device and kind, plain elsewhere.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fused;

impl Kernels for Fused {
    fn linear(&self, x: &Tensor, weight: &Tensor) -> Tensor {
        Plain.linear(x, weight)
    }

    fn rms_norm(&self, x: &Tensor, eps: f64) -> Tensor {
        Plain.rms_norm(x, eps)
    }

    fn rope_qk_norm(&self, x: &Tensor, cos: &Tensor, sin: &Tensor, eps: f64) -> Tensor {
        Plain.rope_qk_norm(x, cos, sin, eps)
    }

    fn relu_squared(&self, x: &Tensor) -> Tensor {
        Plain.relu_squared(x)
    }

    fn head_loss(&self, x: &Tensor, head: &Tensor, targets: &Tensor, softcap: f64) -> HeadLoss {
        Plain.head_loss(x, head, targets, softcap)
    }

    fn logits(&self, x: &Tensor, head: &Tensor, softcap: f64) -> Tensor {
        Plain.logits(x, head, softcap)
    }
}

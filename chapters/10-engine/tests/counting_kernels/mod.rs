//! The plain kernels, which count what they are asked for.

use std::cell::Cell;
use tch::Tensor;
use transformer::{HeadLoss, Kernels, Plain};

#[derive(Default)]
pub struct Counting {
    /// Positions that went through an MLP, padding included; once per layer.
    pub positions: Cell<i64>,
    /// The most rows × positions that logits were made of at once, and all of them.
    pub most_logits: Cell<i64>,
    pub all_logits: Cell<i64>,
}

impl Kernels for Counting {
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
        self.positions
            .set(self.positions.get() + x.size()[0] * x.size()[1]);
        Plain.relu_squared(x)
    }

    fn head_loss(&self, x: &Tensor, head: &Tensor, targets: &Tensor, softcap: f64) -> HeadLoss {
        Plain.head_loss(x, head, targets, softcap)
    }

    fn logits(&self, x: &Tensor, head: &Tensor, softcap: f64) -> Tensor {
        let count = x.size()[0] * x.size()[1];
        self.most_logits.set(self.most_logits.get().max(count));
        self.all_logits.set(self.all_logits.get() + count);
        Plain.logits(x, head, softcap)
    }
}

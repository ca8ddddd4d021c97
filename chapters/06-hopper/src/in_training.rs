//! `InTraining`: kernels of any kind, with what training puts in the place of two of them.
//!
//! A relu² of the learner's own comes in here (exercise 06.10, by way of chapter 12), and so do [`Products`] where training computes in
//! bf16. Evaluation has no gradients to add and asks for each weight once, so it stays with the kernels themselves. Everything else
//! is asked of them, the joins too: what is left to a default here would be computed in several passes again.

use tch::Tensor;
use transformer::{HeadLoss, Kernels};

use crate::precision::Products;

/// max(x, 0)², differentiable, of x's shape and kind.
pub type ReluSquared = fn(&Tensor) -> Tensor;

/// Kernels with a relu² and products of their own, where they are given; for the forward pass that training differentiates.
pub struct InTraining<'k> {
    /// What computes everything else.
    pub kernels: &'k dyn Kernels,
    /// `None`: the kernels' own.
    pub relu_squared: Option<ReluSquared>,
    /// `None`: the kernels' own `linear`.
    pub products: Option<Products>,
}

impl Kernels for InTraining<'_> {
    fn relu_squared(&self, x: &Tensor) -> Tensor {
        match self.relu_squared {
            Some(function) => function(x),
            None => self.kernels.relu_squared(x),
        }
    }

    fn linear(&self, x: &Tensor, weight: &Tensor) -> Tensor {
        match &self.products {
            // As with tch's own operations: what libtorch refuses in the middle of a model ends the run.
            Some(products) => products
                .linear(x, weight)
                .unwrap_or_else(|error| panic!("{error}")),
            None => self.kernels.linear(x, weight),
        }
    }

    fn rms_norm(&self, x: &Tensor, eps: f64) -> Tensor {
        self.kernels.rms_norm(x, eps)
    }

    fn rope_qk_norm(&self, x: &Tensor, cos: &Tensor, sin: &Tensor, eps: f64) -> Tensor {
        self.kernels.rope_qk_norm(x, cos, sin, eps)
    }

    fn head_loss(&self, x: &Tensor, head: &Tensor, targets: &Tensor, softcap: f64) -> HeadLoss {
        self.kernels.head_loss(x, head, targets, softcap)
    }

    fn logits(&self, x: &Tensor, head: &Tensor, softcap: f64) -> Tensor {
        self.kernels.logits(x, head, softcap)
    }

    fn add_norm(&self, x: &Tensor, change: &Tensor, eps: f64) -> (Tensor, Tensor) {
        self.kernels.add_norm(x, change, eps)
    }

    fn rope_qk_norm_scaled(
        &self,
        x: &Tensor,
        cos: &Tensor,
        sin: &Tensor,
        eps: f64,
        factor: f64,
    ) -> Tensor {
        self.kernels.rope_qk_norm_scaled(x, cos, sin, eps, factor)
    }

    fn mix(&self, r: &Tensor, x: &Tensor, s: &Tensor, x0: &Tensor) -> Tensor {
        self.kernels.mix(r, x, s, x0)
    }

    fn mix_norm(
        &self,
        r: &Tensor,
        x: &Tensor,
        s: &Tensor,
        x0: &Tensor,
        eps: f64,
    ) -> (Tensor, Tensor) {
        self.kernels.mix_norm(r, x, s, x0, eps)
    }

    fn add_gated(&self, v: &Tensor, looked_up: &Tensor, gate: &Tensor) -> Tensor {
        self.kernels.add_gated(v, looked_up, gate)
    }
}

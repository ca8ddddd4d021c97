//! The CUDA kernels as chapter 03's `Kernels`, so that a whole model runs on the emulator.

use hopper::cuda::Operations;
use tch::Tensor;
use transformer::{HeadLoss, Kernels, Plain};

use crate::emulator::{Emulator, Order};

/// As `Fused` on a GPU, but what is not covered is a failure, and the loss takes so many rows at a time.
pub struct Emulated {
    pub on: Operations<Emulator>,
    pub chunk: i64,
}

impl Emulated {
    pub fn new(chunk: i64) -> Emulated {
        let on = Operations(Emulator::new(Order::Forward));
        Emulated { on, chunk }
    }
}

impl Kernels for Emulated {
    fn linear(&self, x: &Tensor, weight: &Tensor) -> Tensor {
        Plain.linear(x, weight)
    }

    fn rms_norm(&self, x: &Tensor, eps: f64) -> Tensor {
        self.on.rms_norm(x, eps).unwrap()
    }

    fn rope_qk_norm(&self, x: &Tensor, cos: &Tensor, sin: &Tensor, eps: f64) -> Tensor {
        self.rope_qk_norm_scaled(x, cos, sin, eps, 1.0)
    }

    fn relu_squared(&self, x: &Tensor) -> Tensor {
        self.on.relu_squared(x).unwrap()
    }

    fn head_loss(&self, x: &Tensor, head: &Tensor, targets: &Tensor, softcap: f64) -> HeadLoss {
        self.on
            .head_loss_in_chunks(x, head, targets, softcap, self.chunk)
            .unwrap()
    }

    fn logits(&self, x: &Tensor, head: &Tensor, softcap: f64) -> Tensor {
        Plain.logits(x, head, softcap)
    }

    fn add_norm(&self, x: &Tensor, change: &Tensor, eps: f64) -> (Tensor, Tensor) {
        self.on.add_norm(x, change, eps).unwrap()
    }

    fn rope_qk_norm_scaled(
        &self,
        x: &Tensor,
        cos: &Tensor,
        sin: &Tensor,
        eps: f64,
        factor: f64,
    ) -> Tensor {
        self.on
            .rope_qk_norm_scaled(x, cos, sin, eps, factor)
            .unwrap()
    }

    fn mix(&self, r: &Tensor, x: &Tensor, s: &Tensor, x0: &Tensor) -> Tensor {
        self.on.mix(r, x, s, x0).unwrap()
    }

    fn mix_norm(
        &self,
        r: &Tensor,
        x: &Tensor,
        s: &Tensor,
        x0: &Tensor,
        eps: f64,
    ) -> (Tensor, Tensor) {
        self.on.mix_norm(r, x, s, x0, eps).unwrap()
    }

    fn add_gated(&self, v: &Tensor, looked_up: &Tensor, gate: &Tensor) -> Tensor {
        self.on.add_gated(v, looked_up, gate).unwrap()
    }
}

//! Kernels whose backward pass is wrong in one place each.

use tch::{Kind, Tensor};
use transformer::{HeadLoss, Kernels};

use hopper::Fused;

#[derive(Clone, Copy, PartialEq)]
pub enum Fault {
    None,
    /// The norm's backward takes its scale for a constant.
    ScaleTakenForConstant,
    /// The factor of queries and keys is missing on the way back.
    FactorForgotten,
    /// The gradient is turned forward, as the activations were, and not back.
    NotTurnedBack,
}

pub const FAULTS: [(Fault, &str); 4] = [
    (Fault::None, "right"),
    (Fault::FactorForgotten, "factor forgotten"),
    (Fault::ScaleTakenForConstant, "second term missing"),
    (Fault::NotTurnedBack, "not turned back"),
];

/// The value of one tensor with the gradient of another.
pub fn with_gradient_of(value: &Tensor, path: &Tensor) -> Tensor {
    value.detach() + path - path.detach()
}

impl Fault {
    fn norm(self, x: &Tensor, eps: f64) -> Tensor {
        if self != Fault::ScaleTakenForConstant {
            return Fused.rms_norm(x, eps);
        }
        let mean = (x * x).mean_dim(-1, true, Kind::Float); // (…, 1)
        x * (mean + eps).rsqrt().detach()
    }
}

/// x (B, T, H, D), turned by the angles of `cos` and `sin` (B or 1, T, 1, D/2).
pub fn turned(x: &Tensor, cos: &Tensor, sin: &Tensor) -> Tensor {
    let half = x.size()[3] / 2;
    let (a, b) = (x.narrow(3, 0, half), x.narrow(3, half, half));
    Tensor::cat(&[&a * cos + &b * sin, &b * cos - &a * sin], 3)
}

impl Kernels for Fault {
    fn linear(&self, x: &Tensor, weight: &Tensor) -> Tensor {
        Fused.linear(x, weight)
    }

    fn rms_norm(&self, x: &Tensor, eps: f64) -> Tensor {
        self.norm(x, eps)
    }

    fn rope_qk_norm(&self, x: &Tensor, cos: &Tensor, sin: &Tensor, eps: f64) -> Tensor {
        self.rope_qk_norm_scaled(x, cos, sin, eps, 1.0)
    }

    fn relu_squared(&self, x: &Tensor) -> Tensor {
        Fused.relu_squared(x)
    }

    fn head_loss(&self, x: &Tensor, head: &Tensor, targets: &Tensor, softcap: f64) -> HeadLoss {
        Fused.head_loss(x, head, targets, softcap)
    }

    fn logits(&self, x: &Tensor, head: &Tensor, softcap: f64) -> Tensor {
        Fused.logits(x, head, softcap)
    }

    fn add_norm(&self, x: &Tensor, change: &Tensor, eps: f64) -> (Tensor, Tensor) {
        let sum = x + change;
        let normed = self.norm(&sum, eps);
        (sum, normed)
    }

    fn rope_qk_norm_scaled(
        &self,
        x: &Tensor,
        cos: &Tensor,
        sin: &Tensor,
        eps: f64,
        factor: f64,
    ) -> Tensor {
        let right = Fused.rope_qk_norm_scaled(x, cos, sin, eps, factor);
        match self {
            Fault::None => right,
            Fault::FactorForgotten => {
                with_gradient_of(&right, &Fused.rope_qk_norm_scaled(x, cos, sin, eps, 1.0))
            }
            Fault::ScaleTakenForConstant => {
                let mean = (x * x).mean_dim(-1, true, Kind::Float).detach();
                turned(x, cos, sin) * ((mean + eps).rsqrt() * factor)
            }
            Fault::NotTurnedBack => {
                // Backward of `turned` with −sin turns forward; the norm's own part is as it should be.
                let scale = ((x * x).mean_dim(-1, true, Kind::Float) + eps)
                    .rsqrt()
                    .detach();
                let unit = right.detach() / factor;
                let path = turned(x, cos, &-sin);
                let along = (&unit * &path).mean_dim(-1, true, Kind::Float);
                with_gradient_of(&right, &((path - &unit * along) * scale * factor))
            }
        }
    }
}

// ANCHOR: head
//! `Plain`: the first `Kernels`. Every formula of the chapter as one tensor expression, no trick that hides it.

use tch::{Kind, Reduction, Tensor};

use crate::kernels::{HeadLoss, Kernels};

pub struct Plain;

/// Target of a position that is not to be counted.
const IGNORED: i64 = -1;

impl Kernels for Plain {
    // ANCHOR_END: head

    // ANCHOR: linear
    fn linear(&self, x: &Tensor, weight: &Tensor) -> Tensor {
        x.linear(&weight.to_kind(x.kind()), None::<&Tensor>) // (…, in) -> (…, out); the cast is free if kinds agree
    }
    // ANCHOR_END: linear

    // ANCHOR: rms_norm
    fn rms_norm(&self, x: &Tensor, eps: f64) -> Tensor {
        let wide = x.to_kind(Kind::Float); // a bf16 sum of thousands of squares would lose most of them
        let mean_square = wide.square().mean_dim(-1, true, Kind::Float); // (…, C) -> (…, 1)
        let scale: Tensor = (mean_square + eps).rsqrt();
        (wide * scale).to_kind(x.kind()) // (…, 1) broadcasts: (…, C)
    }
    // ANCHOR_END: rms_norm

    // ANCHOR: rope_qk_norm
    fn rope_qk_norm(&self, x: &Tensor, cos: &Tensor, sin: &Tensor, eps: f64) -> Tensor {
        let halves = x.chunk(2, -1); // (B, T, H, D) -> two of (B, T, H, D/2)
        let (first, second) = (&halves[0], &halves[1]);
        let turned = Tensor::cat(
            &[first * cos + second * sin, second * cos - first * sin],
            -1,
        ); // (B, T, H, D)
        self.rms_norm(&turned, eps).to_kind(x.kind())
    }
    // ANCHOR_END: rope_qk_norm

    // ANCHOR: relu_squared
    fn relu_squared(&self, x: &Tensor) -> Tensor {
        x.relu().square()
    }
    // ANCHOR_END: relu_squared

    // ANCHOR: logits
    fn logits(&self, x: &Tensor, head: &Tensor, softcap: f64) -> Tensor {
        let raw = self.linear(x, head).to_kind(Kind::Float); // (B, T, C) -> (B, T, V)
        (raw / softcap).tanh() * softcap
    }
    // ANCHOR_END: logits

    // ANCHOR: head_loss
    fn head_loss(&self, x: &Tensor, head: &Tensor, targets: &Tensor, softcap: f64) -> HeadLoss {
        let logits = self.logits(x, head, softcap).flatten(0, 1); // (B, T, C) -> (B·T, V)
        let log_probability = logits.log_softmax(-1, Kind::Float); // (B·T, V)
        let per_token = log_probability.nll_loss_nd(
            &targets.flatten(0, 1),
            None::<&Tensor>,
            Reduction::None,
            IGNORED,
        ); // (B·T,)
        HeadLoss {
            sum: per_token.sum(Kind::Float),
            count: targets.ne(IGNORED).sum(Kind::Int64),
            per_token: per_token.detach().view_as(targets), // (B·T,) -> (B, T)
        }
    }
}
// ANCHOR_END: head_loss

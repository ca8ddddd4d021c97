// ANCHOR: head
//! `Kernels`: the arithmetic that the model asks for, as a trait, so that faster arithmetic can be plugged in without
//! touching the model.
//!
//! This chapter's implementation is [`Plain`](crate::Plain), one tensor expression per formula. Chapter 06 brings fused
//! ones. They must agree with `Plain` up to rounding: it is their oracle.
//!
//! Weights are fp32 *masters*, `[out, in]`. Activations have the model's compute kind: fp32 on a CPU, bf16 on a large
//! GPU. The place where the two meet is `linear`, which casts the weight to the activation's kind.

use tch::{Kind, Tensor};

use crate::qk_scale::scaled;
// ANCHOR_END: head

// ANCHOR: kernels
pub trait Kernels {
    /// x Wᵀ: (…, in) with weight `[out, in]` -> (…, out), in x's kind.
    fn linear(&self, x: &Tensor, weight: &Tensor) -> Tensor;

    /// x / √(mean(x²) + eps) over the last dimension. No learned gain, no bias, no mean subtracted.
    fn rms_norm(&self, x: &Tensor, eps: f64) -> Tensor;

    /// Rotates each head by its position, then RMS-normalises it: (B, T, H, D) -> (B, T, H, D).
    /// `cos` and `sin` are (B or 1, T, 1, D/2) in fp32.
    fn rope_qk_norm(&self, x: &Tensor, cos: &Tensor, sin: &Tensor, eps: f64) -> Tensor;

    /// max(x, 0)².
    fn relu_squared(&self, x: &Tensor) -> Tensor;

    /// Cross-entropy of softcapped logits in fp32, from x (B, T, C), head `[V, C]` and targets (B, T), where target −1
    /// means "do not count this position". A fused version never holds the (B, T, V) logits.
    fn head_loss(&self, x: &Tensor, head: &Tensor, targets: &Tensor, softcap: f64) -> HeadLoss;

    /// softcap · tanh(x Wᵀ / softcap) in fp32: (B, T, C) -> (B, T, V).
    fn logits(&self, x: &Tensor, head: &Tensor, softcap: f64) -> Tensor;
    // ANCHOR_END: kernels

    // ANCHOR: joins
    // Joins: two formulas that stand side by side in the model. Here one follows the other; chapter 06 computes both in
    // one pass over memory.

    /// The stream and what a layer adds to it, both (B, T, C) -> the new stream, and its `rms_norm`.
    fn add_norm(&self, x: &Tensor, change: &Tensor, eps: f64) -> (Tensor, Tensor) {
        let x = x + change;
        let normed = self.rms_norm(&x, eps);
        (x, normed)
    }

    /// `rope_qk_norm`, then times a factor.
    fn rope_qk_norm_scaled(
        &self,
        x: &Tensor,
        cos: &Tensor,
        sin: &Tensor,
        eps: f64,
        factor: f64,
    ) -> Tensor {
        scaled(self.rope_qk_norm(x, cos, sin, eps), factor)
    }

    /// r · x + s · x₀ with scalars r and s that are trained: x and x₀ (B, T, C), r and s () -> (B, T, C).
    fn mix(&self, r: &Tensor, x: &Tensor, s: &Tensor, x0: &Tensor) -> Tensor {
        r * x + s * x0
    }

    /// `mix`, and its `rms_norm`: with residual scalars a layer begins so.
    fn mix_norm(
        &self,
        r: &Tensor,
        x: &Tensor,
        s: &Tensor,
        x0: &Tensor,
        eps: f64,
    ) -> (Tensor, Tensor) {
        let x = self.mix(r, x, s, x0);
        let normed = self.rms_norm(&x, eps);
        (x, normed)
    }

    /// v + 3 σ(gate) · looked_up: v and looked_up (B, T, K, D), gate (B, T, K) -> (B, T, K, D).
    fn add_gated(&self, v: &Tensor, looked_up: &Tensor, gate: &Tensor) -> Tensor {
        let share: Tensor = gate.sigmoid() * 3.0;
        v + share.unsqueeze(-1) * looked_up // (B, T, K, 1) broadcasts over D
    }
}
// ANCHOR_END: joins

// ANCHOR: head_loss
/// Sum and count are kept apart, because batches (and ranks) are averaged over *tokens*, not over means.
pub struct HeadLoss {
    /// Sum of −ln p(target) over counted positions, a differentiable fp32 scalar, in nats.
    pub sum: Tensor,
    /// How many positions counted, an i64 scalar on the device (reading it would make a GPU wait).
    pub count: Tensor,
    /// −ln p(target) per position, (B, T), 0 where not counted; cut off from the gradient.
    pub per_token: Tensor,
}

impl HeadLoss {
    /// The mean over counted positions. With nothing to count it is 0, not 0/0.
    pub fn mean(&self) -> Tensor {
        &self.sum / self.count.clamp_min(1).to_kind(Kind::Float)
    }
}
// ANCHOR_END: head_loss

// ANCHOR: head
//! Switch: smear. Right after the embedding each position takes over a share of the previous position's embedding,
//! x[t] += λ · sigmoid(w · x[t][..24]) · x[t − 1], so that pairs of tokens are there before the first attention.
//!
//! x[t − 1] is the embedding *before* it was smeared itself. The first position of a row has no previous one and stays.
//! Whoever feeds a row in pieces has to remember the last embedding of each piece: [`Context::previous`] asks for it.

use tch::Tensor;

use crate::{Context, Kernels};

/// How many numbers of a position the gate reads.
pub const CHANNELS: i64 = 24;
// ANCHOR_END: head

// ANCHOR: smear
pub struct Smear {
    /// w, `[1, 24]`
    pub gate: Tensor,
    /// λ, `[1]`: begins at 0, so a fresh model does not smear.
    pub strength: Tensor,
}

impl Smear {
    /// x (B, T, C), the normalised embedding -> (B, T, C)
    pub fn forward(&self, kernels: &dyn Kernels, context: &mut dyn Context, x: Tensor) -> Tensor {
        let previous = context.previous(&x); // (B, T, C)
        let gate = kernels.linear(&x.narrow(-1, 0, CHANNELS), &self.gate); // (B, T, 24) -> (B, T, 1)
        let share = gate.sigmoid() * self.strength.to_kind(x.kind()); // (B, T, 1)
        x + share * previous
    }
}
// ANCHOR_END: smear

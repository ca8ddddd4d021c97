// ANCHOR: head
//! Switch: backout. Before the last norm λ times the stream's state in the middle of the model is subtracted. Early layers
//! write things that only later layers need; the head need not look through them.

use tch::Tensor;
// ANCHOR_END: head

// ANCHOR: backout
pub struct Backout {
    /// λ, `[1]`: begins at 0.2.
    pub strength: Tensor,
}

/// The layer after which the state is kept: number L/2, rounded down, counted from 0.
pub fn middle_layer(layers: i64) -> usize {
    (layers / 2) as usize
}

impl Backout {
    /// x, the stream after the last layer, and its state in the middle, both (B, T, C) -> (B, T, C)
    pub fn subtract(&self, x: Tensor, middle: &Tensor) -> Tensor {
        x - self.strength.to_kind(middle.kind()) * middle
    }
}
// ANCHOR_END: backout

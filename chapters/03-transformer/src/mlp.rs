// ANCHOR: head
//! The MLP of one block: each position on its own, four times wider inside, relu² between.

use tch::Tensor;

use crate::Kernels;
// ANCHOR_END: head

// ANCHOR: mlp
pub struct Mlp {
    /// `[4C, C]`, fc1
    pub up: Tensor,
    /// `[C, 4C]`, fc2
    pub down: Tensor,
}

impl Mlp {
    /// x (B, T, C), already normalised -> (B, T, C), to be added to the residual stream.
    pub fn forward(&self, kernels: &dyn Kernels, x: &Tensor) -> Tensor {
        let inner = kernels.linear(x, &self.up); // (B, T, C) -> (B, T, 4C)
        kernels.linear(&kernels.relu_squared(&inner), &self.down) // (B, T, 4C) -> (B, T, C)
    }
}
// ANCHOR_END: mlp

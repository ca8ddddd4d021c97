// ANCHOR: head
//! One block: attention, then MLP, each reading a normalised copy of the residual stream and adding to it.

use tch::Tensor;

use crate::attention::{Attention, Place};
use crate::mlp::Mlp;
use crate::{Config, Context, Kernels};
// ANCHOR_END: head

// ANCHOR: block
pub struct Block {
    pub attention: Attention,
    pub mlp: Mlp,
}

impl Block {
    /// The stream x and its normalised copy, both (B, T, C) -> the stream behind the block, (B, T, C)
    pub fn forward(
        &self,
        config: &Config,
        kernels: &dyn Kernels,
        context: &mut dyn Context,
        place: &Place,
        x: Tensor,
        normed: Tensor,
    ) -> Tensor {
        let change = self
            .attention
            .forward(config, kernels, context, place, &normed);
        let (x, normed) = kernels.add_norm(&x, &change, config.norm_eps);
        let change = self.mlp.forward(kernels, &normed);
        x + change
    }
}
// ANCHOR_END: block

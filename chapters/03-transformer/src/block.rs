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
    /// x (B, T, C) -> (B, T, C)
    pub fn forward(
        &self,
        config: &Config,
        kernels: &dyn Kernels,
        context: &mut dyn Context,
        place: &Place,
        x: Tensor,
    ) -> Tensor {
        let normed = kernels.rms_norm(&x, config.norm_eps);
        let change = self
            .attention
            .forward(config, kernels, context, place, &normed);
        let (x, normed) = kernels.add_norm(&x, &change, config.norm_eps);
        let change = self.mlp.forward(kernels, &normed);
        x + change
    }
}
// ANCHOR_END: block

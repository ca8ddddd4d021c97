// ANCHOR: head
//! Switch: residual scalars. Before layer i the stream x becomes r[i] · x + s[i] · x₀, where x₀ is what entered the first
//! layer. With r a layer can fade out what stands in the stream; with s it gets the token itself anew.

use tch::Tensor;

use crate::Kernels;
// ANCHOR_END: head

// ANCHOR: residual_scalars
pub struct ResidualScalars {
    /// r, `[L]`: begins at 1.15 in the first layer and 1.05 in the last.
    pub residual: Tensor,
    /// s, `[L]`: begins at 0.20 in the first layer and 0.05 in the last.
    pub start: Tensor,
}

impl ResidualScalars {
    /// x and x₀ (B, T, C) -> the mix and its `rms_norm`, which the layer reads, both (B, T, C). The scalars stay on the device:
    /// reading them would make a GPU wait.
    pub fn mix_norm(
        &self,
        kernels: &dyn Kernels,
        layer: usize,
        x: &Tensor,
        x0: &Tensor,
        eps: f64,
    ) -> (Tensor, Tensor) {
        let (r, s) = (
            self.residual.get(layer as i64),
            self.start.get(layer as i64),
        ); // [L] -> ()
        kernels.mix_norm(&r, x, &s, x0, eps)
    }
}
// ANCHOR_END: residual_scalars

// ANCHOR: head
//! Self-attention of one block: each position asks (query), offers (key) and hands over (value).

use tch::Tensor;

use crate::{Config, Context, Kernels, value_embedding};
// ANCHOR_END: head

// ANCHOR: attention
/// The four matrices; tensors here share their storage with [`Gpt::parameters`](crate::Gpt::parameters).
pub struct Attention {
    /// `[C, C]`
    pub query: Tensor,
    /// `[K·D, C]`
    pub key: Tensor,
    /// `[K·D, C]`
    pub value: Tensor,
    /// `[K, 12]`, where the layer has a value embedding
    pub value_gate: Option<Tensor>,
    /// `[C, C]`
    pub output: Tensor,
}

/// The rotations of this batch's positions, looked up once and used by every layer.
pub struct Rotation {
    /// (B or 1, T, 1, D/2)
    pub cos: Tensor,
    pub sin: Tensor,
}

/// What a layer is told besides the stream.
pub struct Place<'a> {
    pub layer: usize,
    /// How many positions back its queries see; `None` is all.
    pub window: Option<i64>,
    pub rotation: &'a Rotation,
    /// (B, T, K·D), where the layer has a value embedding.
    pub value_embedding: Option<Tensor>,
}

impl Attention {
    /// x (B, T, C), already normalised -> (B, T, C), to be added to the residual stream.
    pub fn forward(
        &self,
        config: &Config,
        kernels: &dyn Kernels,
        context: &mut dyn Context,
        place: &Place,
        x: &Tensor,
    ) -> Tensor {
        let (batch, time) = (x.size()[0], x.size()[1]);
        let heads = |x: Tensor, count: i64| x.view([batch, time, count, config.head_width()]);
        let q = heads(kernels.linear(x, &self.query), config.heads); // (B, T, C) -> (B, T, H, D)
        let k = heads(kernels.linear(x, &self.key), config.kv_heads); // (B, T, C) -> (B, T, K, D)
        let v = heads(kernels.linear(x, &self.value), config.kv_heads); // (B, T, C) -> (B, T, K, D)

        let v = match (&place.value_embedding, &self.value_gate) {
            (Some(looked_up), Some(gate)) => value_embedding::add(kernels, v, looked_up, x, gate),
            _ => v,
        };

        let Rotation { cos, sin } = place.rotation;
        let (eps, scale) = (config.norm_eps, config.switches.qk_scale);
        let q = kernels.rope_qk_norm_scaled(&q, cos, sin, eps, scale);
        let k = kernels.rope_qk_norm_scaled(&k, cos, sin, eps, scale);
        let y = context.attend(place.layer, place.window, &q, &k, &v); // (B, T, H, D)

        let y = y.reshape([batch, time, config.width]); // (B, T, H, D) -> (B, T, C): heads side by side
        kernels.linear(&y, &self.output)
    }
}
// ANCHOR_END: attention

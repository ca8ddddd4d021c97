// ANCHOR: head
//! Which tensors a model has: one list that decides names, order, shapes, roles and first values.
//!
//! A linear layer's weight is stored `[out, in]`, one row per output. The optimizer treats three roles differently
//! (chapter 04): the embedding is a look-up table, the head has one row per token, and everything else is a matrix
//! between two spaces of the residual stream's kind.

use crate::Config;
// ANCHOR_END: head

// ANCHOR: slot
/// What the optimizer needs to know about a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Embedding,
    Head,
    Matrix,
}

/// The law that a tensor's first values are drawn from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Law {
    Zero,
    /// Normal with mean zero and this standard deviation.
    Normal(f64),
}

/// A place for one tensor.
#[derive(Debug, Clone, PartialEq)]
pub struct Slot {
    /// The name in `model.safetensors`, the one that transformers uses.
    pub name: String,
    pub role: Role,
    /// `[out, in]`; `[V, C]` for the embedding and the head.
    pub shape: [i64; 2],
    pub law: Law,
}

impl Slot {
    pub fn elements(&self) -> i64 {
        self.shape[0] * self.shape[1]
    }
}
// ANCHOR_END: slot

// ANCHOR: layout
/// All tensors in their fixed order: embedding, then per block q, k, v, o, fc1, fc2, then the head.
pub fn layout(config: &Config) -> Vec<Slot> {
    let (vocab, width) = (config.vocab_size, config.width);
    let slot = |name: String, role, shape, law| Slot {
        name,
        role,
        shape,
        law,
    };

    let mut slots = Vec::new();
    let table = "model.embed_tokens.weight".to_string();
    slots.push(slot(
        table,
        Role::Embedding,
        [vocab, width],
        Law::Normal(1.0),
    ));
    for layer in 0..config.layers {
        let mut matrix = |part: &str, out, inner, starts_at_zero: bool| {
            let law = if starts_at_zero {
                Law::Zero
            } else {
                Law::Normal(deviation(out, inner))
            };
            slots.push(slot(
                format!("model.layers.{layer}.{part}.weight"),
                Role::Matrix,
                [out, inner],
                law,
            ));
        };
        matrix("self_attn.q_proj", width, width, false);
        matrix("self_attn.k_proj", config.kv_width(), width, false);
        matrix("self_attn.v_proj", config.kv_width(), width, false);
        matrix("self_attn.o_proj", width, width, true);
        matrix("mlp.fc1", config.hidden_width(), width, false);
        matrix("mlp.fc2", width, config.hidden_width(), true);
    }
    slots.push(slot(
        "lm_head.weight".to_string(),
        Role::Head,
        [vocab, width],
        Law::Zero,
    ));
    slots
}
// ANCHOR_END: layout

// ANCHOR: deviation
/// min(1, √(out/in)) / √in. The second factor keeps the size of a signal through the layer; the first lowers it where
/// the output is narrower than the input, so that the matrix's largest stretch stays about the same in every shape.
fn deviation(out: i64, inner: i64) -> f64 {
    let (out, inner) = (out as f64, inner as f64);
    (out / inner).sqrt().min(1.0) / inner.sqrt()
}
// ANCHOR_END: deviation

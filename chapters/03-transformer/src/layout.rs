// ANCHOR: head
//! Which tensors a model has: one list that decides names, order, shapes, roles and first values.
//!
//! A linear layer's weight is stored `[out, in]`, one row per output. The optimizer treats roles differently (chapter
//! 04): the embedding is a look-up table, the head has one row per token, and everything else of the seed model is a matrix
//! between two spaces of the residual stream's kind. Switches bring four more roles.

use crate::init_2026::{BACKOUT, GATE, Laws, RESIDUAL, SMEAR, START};
use crate::padding::padded_vocabulary;
use crate::value_embedding::has_table;
use crate::{Config, smear, value_embedding};
// ANCHOR_END: head

// ANCHOR: slot
/// What the optimizer needs to know about a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Embedding,
    Head,
    Matrix,
    /// A value embedding.
    ValueTable,
    /// The factors r of the residual stream.
    ResidualScalars,
    /// The factors s of its start.
    StartScalars,
    /// Smear's gate and strength, and backout's strength.
    SmearBackout,
}

/// The law that a tensor's first values are drawn from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Law {
    Zero,
    /// Normal with mean zero and this standard deviation.
    Normal(f64),
    /// Uniform between these bounds.
    Uniform(f64, f64),
    /// From the first number to the second in equal steps; nothing random.
    Ramp(f64, f64),
}

/// A place for one tensor.
#[derive(Debug, Clone, PartialEq)]
pub struct Slot {
    /// The name in `model.safetensors`, the one that transformers uses.
    pub name: String,
    pub role: Role,
    /// `[out, in]`; `[V, C]` for the embedding and the head; `[n]` for learned scalars.
    pub shape: Vec<i64>,
    pub law: Law,
}

impl Slot {
    pub fn elements(&self) -> i64 {
        self.shape.iter().product()
    }
}
// ANCHOR_END: slot

// ANCHOR: layout
/// All tensors in their fixed order: embedding, then per block q, k, v, o, fc1, fc2, then the head, then what switches
/// bring. (A block's value gate stands behind v.)
pub fn layout(config: &Config) -> Vec<Slot> {
    let (vocab, width) = (padded_vocabulary(config), config.width);
    let laws = Laws::of(config);
    let mut slots = Vec::new();
    let mut add = |name: String, role, shape: &[i64], law| {
        slots.push(Slot {
            name,
            role,
            shape: shape.to_vec(),
            law,
        });
    };

    let table = "model.embed_tokens.weight".to_string();
    add(table, Role::Embedding, &[vocab, width], laws.embedding);
    for layer in 0..config.layers {
        let mut matrix = |part: &str, out, inner, law| {
            let name = format!("model.layers.{layer}.{part}.weight");
            add(name, Role::Matrix, &[out, inner], law);
        };
        matrix("self_attn.q_proj", width, width, laws.query);
        matrix("self_attn.k_proj", config.kv_width(), width, laws.key_value);
        matrix("self_attn.v_proj", config.kv_width(), width, laws.key_value);
        if has_table(config, layer) {
            let read = value_embedding::CHANNELS;
            matrix("self_attn.value_gate", config.kv_heads, read, GATE);
        }
        matrix("self_attn.o_proj", width, width, Law::Zero);
        matrix("mlp.fc1", config.hidden_width(), width, laws.up);
        matrix("mlp.fc2", width, config.hidden_width(), Law::Zero);
    }
    let head = "lm_head.weight".to_string();
    add(head, Role::Head, &[vocab, width], laws.head);

    for layer in (0..config.layers).filter(|&layer| has_table(config, layer)) {
        let name = format!("model.value_embeddings.{layer}.weight");
        let shape = [vocab, config.kv_width()];
        add(name, Role::ValueTable, &shape, laws.key_value);
    }
    let mut scalars = |name: &str, role, shape: &[i64], law| {
        add(format!("model.{name}"), role, shape, law);
    };
    if config.switches.residual_scalars {
        let layers = [config.layers];
        scalars("residual_scalars", Role::ResidualScalars, &layers, RESIDUAL);
        scalars("start_scalars", Role::StartScalars, &layers, START);
    }
    if config.switches.smear {
        let gate = [1, smear::CHANNELS];
        scalars("smear_gate.weight", Role::SmearBackout, &gate, GATE);
        scalars("smear_strength", Role::SmearBackout, &[1], SMEAR);
    }
    if config.switches.backout {
        scalars("backout_strength", Role::SmearBackout, &[1], BACKOUT);
    }
    slots
}
// ANCHOR_END: layout

// ANCHOR: deviation
/// min(1, √(out/in)) / √in. The second factor keeps the size of a signal through the layer; the first lowers it where
/// the output is narrower than the input, so that the matrix's largest stretch stays about the same in every shape.
pub(crate) fn deviation(out: i64, inner: i64) -> f64 {
    let (out, inner) = (out as f64, inner as f64);
    (out / inner).sqrt().min(1.0) / inner.sqrt()
}
// ANCHOR_END: deviation

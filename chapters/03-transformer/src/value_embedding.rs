// ANCHOR: head
//! Switch: value embeddings. A second look-up of the token id, K·D numbers wide, is added to the values of every
//! second layer. What attention hands over from a position then holds something of the *token* there, untouched by the
//! layers in between; and the table adds parameters that cost no arithmetic.
//!
//! How much of it is added is decided per position and key/value head by a gate, 3 · sigmoid(W · x[..12]), which reads
//! the first numbers of the normalised stream.

use tch::Tensor;

use crate::{Config, Kernels};

/// How many numbers of a position the gate reads.
pub const CHANNELS: i64 = 12;
// ANCHOR_END: head

// ANCHOR: layers
/// Whether a layer has a table: every second one, counted back from the last.
pub fn has_table(config: &Config, layer: i64) -> bool {
    config.switches.value_embeddings && (config.layers - 1 - layer) % 2 == 0
}
// ANCHOR_END: layers

// ANCHOR: add
/// v (B, T, K, D) plus the gated looked-up values (B, T, K·D); x (B, T, C) is the normalised input of the block, the
/// gate's weight `[K, 12]`.
pub fn add(
    kernels: &dyn Kernels,
    v: Tensor,
    looked_up: &Tensor,
    x: &Tensor,
    gate: &Tensor,
) -> Tensor {
    let read = x.narrow(-1, 0, CHANNELS); // (B, T, C) -> (B, T, 12)
    let gate = kernels.linear(&read, gate); // (B, T, 12) -> (B, T, K)
    let looked_up = looked_up.view_as(&v); // (B, T, K·D) -> (B, T, K, D)
    kernels.add_gated(&v, &looked_up, &gate)
}
// ANCHOR_END: add

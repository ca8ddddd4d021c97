//! # Value embeddings, and the gradient of a look-up
//!
//! Goal: write the switch of 2026 that adds looked-up values, forward and backward, without autograd.
//!
//! Minutes: 45. Difficulty: 3 of 5.
//!
//! Every second layer of the 2026 model adds to its values a row of a table, chosen by the token's id alone, as much as a gate
//! says:
//!
//! ```text
//! g = 3 · sigmoid(W · x[..12])                 one number per position and key/value head
//! v  becomes  v + g · E[id]                    E[id] has K · D numbers: D for each head
//! ```
//!
//! Forward is three lines. The backward of a look-up is the interesting part: a row of the table gets a gradient from each
//! position at which its token stands, and rows whose token is not there get none.
//!
//! Help: `cargo course hint 03.9`. Judge it: `cargo course check 03.9`.

use tch::Tensor;

/// How much is added: x (B, T, C), weight `[K, 12]` -> (B, T, K), between 0 and 3.
pub fn gate(x: &Tensor, weight: &Tensor) -> Tensor {
    let _ = (x, weight); // delete this line
    todo!("exercise 03.9")
}

/// v (B, T, K, D) with the gated rows of `table` `[V, K·D]` added that belong to ids (B, T); gate (B, T, K).
pub fn add(v: &Tensor, ids: &Tensor, table: &Tensor, gate: &Tensor) -> Tensor {
    let _ = (v, ids, table, gate); // delete this line
    todo!("exercise 03.9")
}

/// From the gradient with respect to what `add` gives, (B, T, K, D): the gradients of the table `[V, K·D]` and of the gate
/// (B, T, K).
pub fn backward(
    gradient: &Tensor,
    ids: &Tensor,
    table: &Tensor,
    gate: &Tensor,
) -> (Tensor, Tensor) {
    let _ = (gradient, ids, table, gate); // delete this line
    todo!("exercise 03.9")
}

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
//! ## Hint 1
//!
//! `table.index_select(0, &ids.reshape([-1]))` looks up all rows, and `view_as(&v)` gives them v's shape (B, T, K, D) (in
//! `backward` there is no v; the gradient has its shape). The gate is (B, T, K): `unsqueeze(-1)` lets it broadcast over D.
//!
//! ## Hint 2
//!
//! Backward is the product rule with E[id] and g as the factors. The gate's gradient is summed over D, because one gate served
//! D numbers.
//!
//! ## Hint 3
//!
//! `table.zeros_like().index_add(0, &ids.reshape([-1]), &rows)` adds each row of `rows` (B·T, K·D) where its id says, also when
//! an id comes twice. `index_copy` would keep the last one only.
//!
//! ## Notes
//!
//! The table's gradient has as many numbers as the table, and most are 0: 16 rows of 2,048 tokens are as many positions as a
//! vocabulary of 32,768 has rows, and most of them fall on a few frequent tokens. An optimizer that walks over the dense
//! gradient still moves every row, because its averages remember. That is one reason why embeddings are trained by AdamW with
//! its own rates (chapter 04), and not by Muon.
//!
//! On a GPU many positions add to the row of `the` at the same time, in an order that nobody fixes. Floating-point sums depend
//! on the order, so this is one of the few places where two identical runs differ.

use tch::Tensor;

/// How much is added: x (B, T, C), weight `[K, 12]` -> (B, T, K), between 0 and 3.
pub fn gate(x: &Tensor, weight: &Tensor) -> Tensor {
    let read = x.narrow(-1, 0, weight.size()[1]); // (B, T, C) -> (B, T, 12)
    read.matmul(&weight.tr()).sigmoid() * 3.0 // (B, T, 12) -> (B, T, K)
}

/// v (B, T, K, D) with the gated rows of `table` `[V, K·D]` added that belong to ids (B, T); gate (B, T, K).
pub fn add(v: &Tensor, ids: &Tensor, table: &Tensor, gate: &Tensor) -> Tensor {
    v + gate.unsqueeze(-1) * looked_up(v, ids, table) // (B, T, K, 1) broadcasts over D
}

/// From the gradient with respect to what `add` gives, (B, T, K, D): the gradients of the table `[V, K·D]` and of the gate
/// (B, T, K).
pub fn backward(
    gradient: &Tensor,
    ids: &Tensor,
    table: &Tensor,
    gate: &Tensor,
) -> (Tensor, Tensor) {
    let of_rows = gradient * gate.unsqueeze(-1); // (B, T, K, D)
    let of_table = table.zeros_like().index_add(
        0,
        &ids.reshape([-1]),
        &of_rows.reshape([-1, table.size()[1]]), // (B·T, K·D)
    );
    let of_gate = gradient * looked_up(gradient, ids, table); // (B, T, K, D)
    (
        of_table,
        of_gate.sum_dim_intlist(-1, false, gradient.kind()), // (B, T, K)
    )
}

/// The rows of the table that belong to ids, in the shape of `like`, (B, T, K, D).
fn looked_up(like: &Tensor, ids: &Tensor, table: &Tensor) -> Tensor {
    table.index_select(0, &ids.reshape([-1])).view_as(like) // (B·T, K·D) -> (B, T, K, D)
}

//! # Causal attention
//!
//! Goal: write attention from its formula, with shared heads and a window, so that a model can be trained with it.
//!
//! Minutes: 60. Difficulty: 3 of 5. Plugs in: `./speedrun.sh --mine 03` trains its model with your function.
//!
//! The chapter calls `scaled_dot_product_attention` and is done. Here the formula is written out:
//!
//! ```text
//! y[t] = Σ w[t, s] · v[s]     with  w[t, ·] = softmax of  q[t] · k[s] / √D  over the s that t may see
//! ```
//!
//! Position t sees s if s <= t, and with a window w only if also t − w <= s: itself and w positions before it. There are H
//! query heads and K heads of keys and values; query head h reads head h / (H/K), so neighbouring query heads share. The heads
//! stand in front of time here, (B, H, T, D); in the chapter's `Context` they stand behind it, (B, T, H, D). The result has the
//! kind of q.
//!
//! Use tensor expressions that autograd can differentiate: no loops over numbers, nothing written in place.
//!
//! Help: `cargo course hint 03.4`. Judge it: `cargo course check 03.4`.

use tch::Tensor;

/// q (B, H, T, D), k and v (B, K, T, D), K a divisor of H: query head h reads head h / (H/K). Position t sees s with
/// s <= t, and with `window: Some(w)` only t − w <= s. Gives (B, H, T, D), differentiable by autograd.
pub fn causal_attention(q: &Tensor, k: &Tensor, v: &Tensor, window: Option<i64>) -> Tensor {
    let _ = (q, k, v, window); // delete this line
    todo!("exercise 03.4")
}

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
//! ## Hint 1
//!
//! First forget windows and sharing. `q.matmul(&k.transpose(2, 3))` is (B, H, T, T): row t, column s. Scale it, hide what may
//! not be seen, `softmax` over the last dimension, `matmul` with v.
//!
//! ## Hint 2
//!
//! Hide by `masked_fill(&hidden, f64::NEG_INFINITY)` *before* the softmax: e^−∞ is an exact 0, and the rest still sums to 1.
//! `hidden` is a (T, T) tensor of booleans, made of `arange(T)` as a column minus `arange(T)` as a row: the distance t − s. It
//! is hidden where the distance is less than 0, or more than the window.
//!
//! ## Hint 3
//!
//! For shared heads repeat keys and values: with H/K = 2 the heads 0, 1 become 0, 0, 1, 1, which is
//! `k.repeat_interleave_self_int(heads / kv_heads, 1, None)`. (`repeat` would give 0, 1, 0, 1: other partners.)
//!
//! ## Notes
//!
//! The (B, H, T, T) weights are what flash attention avoids. At B = 32, H = 10, T = 2,048 they are 1.3 billion numbers per
//! layer, and autograd keeps them for the backward pass. `scaled_dot_product_attention` goes through the keys in blocks instead
//! and keeps two numbers per row of scores. Exercise 11 does the same for the loss.
//!
//! Losses of `--mine 03` agree with those of the chapter's attention to some digits only: they are the same sums, taken in
//! another order.

use tch::{Kind, Tensor};

/// q (B, H, T, D), k and v (B, K, T, D), K a divisor of H: query head h reads head h / (H/K). Position t sees s with
/// s <= t, and with `window: Some(w)` only t − w <= s. Gives (B, H, T, D), differentiable by autograd.
pub fn causal_attention(q: &Tensor, k: &Tensor, v: &Tensor, window: Option<i64>) -> Tensor {
    let (_, heads, time, width) = q.size4().expect("q is (B, H, T, D)");
    let group = heads / k.size()[1];
    let shared = |x: &Tensor| x.repeat_interleave_self_int(group, 1, None); // (B, K, T, D) -> (B, H, T, D)
    let scores = q.matmul(&shared(k).transpose(2, 3)) / (width as f64).sqrt(); // (B, H, T, T)
    let weights = scores
        .masked_fill(&hidden(time, window, q), f64::NEG_INFINITY)
        .softmax(-1, scores.kind());
    weights.matmul(&shared(v)) // (B, H, T, T) · (B, H, T, D) -> (B, H, T, D)
}

/// True where query t (row) may not see key s (column): (T, T), on the device of `like`.
fn hidden(time: i64, window: Option<i64>, like: &Tensor) -> Tensor {
    let at = Tensor::arange(time, (Kind::Int64, like.device()));
    let distance = at.unsqueeze(1) - at.unsqueeze(0); // (T, 1) − (1, T) -> (T, T)
    let later = distance.lt(0);
    match window {
        Some(window) => later.logical_or(&distance.gt(window)),
        None => later,
    }
}

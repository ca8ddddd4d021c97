//! # Sharing heads afterwards
//!
//! Goal: turn a model with H key/value heads into one with K, and count what its cache saves.
//!
//! Minutes: 30. Difficulty: 2 of 5.
//!
//! A trained model has H heads of keys and values, and its cache is too large. The paper on grouped-query attention does not
//! train a new one: it takes each H/K neighbouring heads of the key matrix, and of the value matrix, and puts their mean in
//! their place, then trains on for a twentieth of the time. Write that mean over heads. Write also the way back: each of K
//! heads copied H/K times, which gives a model that computes exactly the same with more memory.
//!
//! Then the memory. A conversation of some tokens keeps keys and values of every layer. `transformer::windows(config)` has one
//! `Option<i64>` per layer. `Some(w)`: the layer keeps what its next query may see besides itself, the last w positions.
//! `None`: it keeps all tokens, however many.
//!
//! ## Hint 1
//!
//! The rows of a key matrix `[H·D, C]` are H blocks of D rows. View it as (K, H/K, D, C): the second dimension counts the heads
//! of a group.
//!
//! ## Hint 2
//!
//! The mean is `mean_dim(1, false, kind)` of that view, and then a view as `[K·D, C]`. For the way back view as (K, 1, D, C),
//! `expand` the second dimension to H/K (or use `repeat_interleave_self_int`), and `reshape`.
//!
//! ## Hint 3
//!
//! Per layer: 2 (keys and values) · K · D numbers per position, times the positions kept: `tokens`, or with a window the
//! smaller of `tokens` and w. Sum over the layers of `transformer::windows(config)`.
//!
//! ## Notes
//!
//! For d20 with K = H = 10 in bf16, 2,048 tokens are 210 MB; with K = 2, 42 MB. Beside the weights, 80 GB of memory hold 376
//! such conversations, or with K = 2, which also saves 105 MB of weights, 1,883. While a model writes, it reads its whole cache
//! for every token, so the same factor of five is in its speed.
//!
//! The mean of trained heads is a poor start and not a good model: heads that were never asked to agree are averaged. It is
//! better than choosing one of them or beginning anew, and most of the loss is gone after little training (Ainslie and others,
//! 2023).

use tch::Tensor;
use transformer::{Config, windows};

/// The mean of each H/K neighbouring heads of a key or value matrix: `[H·D, C]` -> `[K·D, C]`.
pub fn shared(weight: &Tensor, heads: i64, kv_heads: i64) -> Tensor {
    let (rows, width) = weight.size2().expect("a weight is [out, in]");
    let head_width = rows / heads;
    weight
        .reshape([kv_heads, heads / kv_heads, head_width, width])
        .mean_dim(1, false, weight.kind()) // (K, H/K, D, C) -> (K, D, C)
        .reshape([kv_heads * head_width, width])
}

/// Each head copied H/K times, to stand where the query heads expect it: `[K·D, C]` -> `[H·D, C]`.
pub fn copied(weight: &Tensor, heads: i64, kv_heads: i64) -> Tensor {
    let (rows, width) = weight.size2().expect("a weight is [out, in]");
    let head_width = rows / kv_heads;
    weight
        .reshape([kv_heads, head_width, width])
        .repeat_interleave_self_int(heads / kv_heads, 0, None) // (K, D, C) -> (H, D, C)
        .reshape([heads * head_width, width])
}

/// Bytes of keys and values kept for one conversation of `tokens` tokens, at `bytes` per number.
pub fn cache_bytes(config: &Config, tokens: i64, bytes: i64) -> i64 {
    let positions: i64 = windows(config)
        .iter()
        .map(|window| window.map_or(tokens, |window| window.min(tokens)))
        .sum();
    2 * config.kv_width() * positions * bytes
}

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
//! Help: `cargo course hint 03.5`. Judge it: `cargo course check 03.5`.

use tch::Tensor;
use transformer::Config;

/// The mean of each H/K neighbouring heads of a key or value matrix: `[H·D, C]` -> `[K·D, C]`.
pub fn shared(weight: &Tensor, heads: i64, kv_heads: i64) -> Tensor {
    let _ = (weight, heads, kv_heads); // delete this line
    todo!("exercise 03.5")
}

/// Each head copied H/K times, to stand where the query heads expect it: `[K·D, C]` -> `[H·D, C]`.
pub fn copied(weight: &Tensor, heads: i64, kv_heads: i64) -> Tensor {
    let _ = (weight, heads, kv_heads); // delete this line
    todo!("exercise 03.5")
}

/// Bytes of keys and values kept for one conversation of `tokens` tokens, at `bytes` per number.
pub fn cache_bytes(config: &Config, tokens: i64, bytes: i64) -> i64 {
    let _ = (config, tokens, bytes); // delete this line
    todo!("exercise 03.5")
}

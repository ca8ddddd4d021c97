//! # Parameters and operations by hand
//!
//! Goal: count a model's parameters and its work with a pencil, and ask what a budget buys.
//!
//! Minutes: 30. Difficulty: 2 of 5.
//!
//! The chapter counts by walking through its list of tensors. You write the formulas: from the numbers of a `Config`, for the
//! architecture of October 2025 (all switches off), and without calling the chapter's counting. A table may be *tied*: one
//! table of V · C for embedding and head. It is then looked up at the bottom and multiplied at the top. Only `parameters` asks
//! for it; the operations are the same either way.
//!
//! Then two questions that one asks before buying. From which context on is half of a model's work attention? And what is the
//! deepest model of the dial that a budget of operations can train, at 20 tokens per parameter?
//!
//! ## Hint 1
//!
//! Write down the six matrices of a block with their shapes `[out, in]`. Query and output belong to H heads, key and value to
//! K; `config.kv_width()` is K · D.
//!
//! ## Hint 2
//!
//! Per block: query and output have C · C, key and value C · K·D each, up and down 4 · C · C each. Per token: 6 operations for
//! every parameter that multiplies, which is all matrices and the head. The embedding is looked up and does not count.
//! Attention adds 12 · C · T per layer: the head width times the heads is C.
//!
//! ## Hint 3
//!
//! Half is reached at the first T with 12 · L · C · T >= 6 · M, where M are the parameters that multiply: so T = M / (2 · L ·
//! C), rounded up. For the budget: try depths 1, 2, 3 …; leave out those that `Config::d` refuses; the cost is 20 · parameters
//! · operations per token, as `f64`, because it passes 2⁶³.
//!
//! ## Notes
//!
//! For d20 half is reached at T = 9,319. A context of 128,000 tokens is therefore another world: there attention is 93 % of the
//! work of a d20, and windows, sparse attention and their relatives are what one thinks about.
//!
//! Where the tables no longer matter, the cost of a run grows with the sixth power of the depth: the parameters of the blocks
//! with the third, because the width grows too, the tokens with them, and the work is their product. Twice the budget buys 12 %
//! more depth.

use transformer::Config;

/// All trainable numbers; with `tied`, embedding and head are one table.
pub fn parameters(config: &Config, tied: bool) -> i64 {
    let table = config.vocab_size * config.width;
    blocks(config) + if tied { table } else { 2 * table }
}

/// Floating-point operations to train on one token of a row of `config.context` tokens, counted as the chapter does.
pub fn flops_per_token(config: &Config) -> i64 {
    6 * multiplied(config) + 12 * config.layers * config.width * config.context
}

/// The smallest context for which attention's scores and sums are at least half of the operations, whatever
/// `config.context` is.
pub fn context_of_half(config: &Config) -> i64 {
    let per_position = 2 * config.layers * config.width;
    (multiplied(config) + per_position - 1) / per_position
}

/// The greatest depth below 100 that `Config::d` accepts, and whose training on 20 tokens per parameter (all of them, embedding
/// and head too) costs at most `budget` operations. `None` if there is none.
pub fn deepest(budget: f64, vocab_size: i64, context: i64) -> Option<i64> {
    let is_affordable = |depth: &i64| {
        let Ok(config) = Config::d(*depth, vocab_size, context) else {
            return false;
        };
        let tokens = 20.0 * parameters(&config, false) as f64;
        tokens * flops_per_token(&config) as f64 <= budget
    };
    (1..100).rev().find(is_affordable)
}

/// The parameters of all blocks.
fn blocks(config: &Config) -> i64 {
    let attention = 2 * config.width + 2 * config.kv_width();
    config.layers * config.width * (attention + 8 * config.width)
}

/// The parameters that multiply: blocks and head.
fn multiplied(config: &Config) -> i64 {
    blocks(config) + config.vocab_size * config.width
}

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
//! Help: `cargo course hint 03.8`. Judge it: `cargo course check 03.8`.

use transformer::Config;

/// All trainable numbers; with `tied`, embedding and head are one table.
pub fn parameters(config: &Config, tied: bool) -> i64 {
    let _ = (config, tied); // delete this line
    todo!("exercise 03.8")
}

/// Floating-point operations to train on one token of a row of `config.context` tokens, counted as the chapter does.
pub fn flops_per_token(config: &Config) -> i64 {
    let _ = config; // delete this line
    todo!("exercise 03.8")
}

/// The smallest context for which attention's scores and sums are at least half of the operations, whatever
/// `config.context` is.
pub fn context_of_half(config: &Config) -> i64 {
    let _ = config; // delete this line
    todo!("exercise 03.8")
}

/// The greatest depth below 100 that `Config::d` accepts, and whose training on 20 tokens per parameter (all of them, embedding
/// and head too) costs at most `budget` operations. `None` if there is none.
pub fn deepest(budget: f64, vocab_size: i64, context: i64) -> Option<i64> {
    let _ = (budget, vocab_size, context); // delete this line
    todo!("exercise 03.8")
}

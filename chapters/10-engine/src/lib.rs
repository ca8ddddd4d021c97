//! Chapter 10: the engine, which generates without computing anything twice.
//!
//! Chapter 03's sampler computes the whole row again for each new token: a reply of n tokens costs on the order of n²
//! positions. What it computes again is always the same, the keys and values of what has been said; this crate keeps
//! them.
//!
//! Read `kv_cache` (what is kept), `engine` (prefill, then decode in a batch), then `tool_machine`,
//! `calculator` and `number`, with which a model does its sums in the middle of a sentence.

// ANCHOR: modules
pub mod calculator;
mod engine;
mod kv_cache;
mod number;
mod tool_machine;

pub use engine::Engine;
pub use kv_cache::KvCache;
pub use number::Value;
pub use tool_machine::{Evaluate, ToolMachine};
// ANCHOR_END: modules

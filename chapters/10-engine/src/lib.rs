// ANCHOR: head
//! Chapter 10: the engine, which generates without computing anything twice.
//!
//! Chapter 03's sampler computes the whole row again for each new token: a reply of n tokens costs on the order of n²
//! positions. What it computes again is always the same, the keys and values of what has been said; this crate keeps
//! them.
//!
//! Read `kv_cache` and `pass` (what is kept, and how a forward pass uses it), `prefill`, `batch` and `engine` (reading
//! prompts, decoding rows together), `prefix` and `scoring` (what rows have in common is computed once), `stop_text`,
//! then `tool_machine`, `calculator` and `number`, with which a model does its sums in the middle of a sentence.
// ANCHOR_END: head

// ANCHOR: modules
pub mod calculator;

mod batch;
mod engine;
mod kv_cache;
mod number;
mod pass;
mod prefill;
mod prefix;
mod scoring;
mod stop_text;
mod tool_machine;

pub use batch::{Batch, RowId};
pub use engine::Engine;
pub use kv_cache::KvCache;
pub use number::Value;
pub use stop_text::StopText;
pub use tool_machine::{Evaluate, ToolMachine, calculated};
// ANCHOR_END: modules

// ANCHOR: head
//! The GPT of this course: a decoder-only transformer that turns token ids into a loss, or into the next token.
//!
//! Letters used in every shape comment, here and in the book:
//!
//! | letter | meaning | in the code |
//! |---|---|---|
//! | B | batch: how many rows are computed at once | `batch` |
//! | T | time: positions in a row | `time` |
//! | V | vocabulary size | `vocab_size` |
//! | C | width: numbers per position in the residual stream | `width` |
//! | L | layers | `layers` |
//! | H | query heads | `heads` |
//! | K | key/value heads, a divisor of H | `kv_heads` |
//! | D | head width, C / H | `head_width()` |
//!
//! Read the files in this order: `config`, `layout`, `init` (what a model is made of), `kernels`, `plain`, `rotary`,
//! `context` (the arithmetic), `attention`, `mlp`, `block`, `gpt` (the model), `dial` (sizes and costs), `sampler`,
//! `token_choice`, `generation`, `naive_sampler`, `scorer` (using it), `safetensors_io`, `hf_config`, `folder`, `names`
//! (keeping it), `error`.
// ANCHOR_END: head

// ANCHOR: modules
pub mod dial;
pub mod names;
pub mod safetensors_io;

mod attention;
mod block;

mod config;
mod context;
mod error;
mod folder;
mod generation;
mod gpt;
mod hf_config;
mod init;
mod kernels;
mod layout;
mod mlp;
mod naive_sampler;
mod plain;
mod rotary;
mod sampler;
mod scorer;
mod token_choice;

pub use config::Config;
pub use context::{Causal, Context};
pub use error::Error;
pub use folder::save_folder;
pub use generation::Generation;
pub use gpt::{Gpt, Parameter};
pub use kernels::{HeadLoss, Kernels};
pub use layout::{Law, Role, Slot, layout};
pub use naive_sampler::NaiveSampler;
pub use plain::Plain;
pub use rotary::Rotary;
pub use sampler::{Prompt, Sample, Sampler, Sampling, StopReason, Tool};
pub use scorer::{PlainScorer, Scorer, Scores};
pub use token_choice::TokenChoice;
// ANCHOR_END: modules

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
//! `token_choice`, `insight`, `generation`, `naive_sampler`, `scorer` (using it), `safetensors_io`, `hf_config`, `folder`, `names`
//! (keeping it), `error`. What nanochat changed until July 2026 stands apart, a file for each change: `switches` lists
//! them, and `dial_2026` has its arithmetic of a run.
// ANCHOR_END: head

// ANCHOR: modules
pub mod dial;
pub mod dial_2026;
pub mod names;
pub mod safetensors_io;

mod attention;
mod backout;
mod block;
mod config;
mod context;
mod error;
mod folder;
mod generation;
mod gpt;
mod hf_config;
mod init;
mod init_2026;
mod insight;
mod kernels;
mod layout;
mod mlp;
mod naive_sampler;
mod padding;
mod plain;
mod qk_scale;
mod residual_scalars;
mod rotary;
mod sampler;
mod scorer;
mod smear;
mod switches;
mod token_choice;
mod value_embedding;
mod windows;

pub use config::Config;
pub use context::{Attend, Causal, CausalWith, Context, causal_attention};
pub use error::Error;
pub use folder::{config_text, save_folder};
pub use generation::Generation;
pub use gpt::{Gpt, Parameter};
pub use insight::Insight;
pub use kernels::{HeadLoss, Kernels};
pub use layout::{Law, Role, Slot, layout};
pub use naive_sampler::NaiveSampler;
pub use plain::Plain;
pub use rotary::Rotary;
pub use sampler::{Added, Prompt, Sample, Sampler, Sampling, StopReason, Tool};
pub use scorer::{PlainScorer, Scorer, Scores};
pub use switches::{Initialisation, Switches};
pub use token_choice::TokenChoice;
pub use windows::{short_window, windows};
// ANCHOR_END: modules

// ANCHOR: head
//! Fused operations for CPUs, in Rust.
//!
//! A *pass* reads or writes a whole tensor. On a CPU an elementwise formula costs what its passes cost, for arithmetic is
//! faster than memory; so every operation here takes what it needs in one sweep over its rows, and a row, once
//! fetched, stays in the nearest cache until it is done with. A *row* is the last dimension: the C numbers of a
//! position, or the D numbers of a head.
//!
//! All kernels are fp32. What libtorch does well (large matrix products) stays with libtorch.
//!
//! Reading order: `slices`, `lanes`, `parallel`, `exponential`, then one file for each operation; `tile` before `attention` and
//! `orthogonalise`, which are made of products that stay in a cache.

mod adamw;
mod add_norm;
mod attention;
mod exponential;
mod gated_add;
mod head_loss;
mod lanes;
mod mix;
mod mix_norm;
mod muon_updates;
mod orthogonalise;
mod parallel;
mod relu_squared;
mod rms_norm;
mod rotary;
mod slices;
mod tile;

pub use adamw::adamw;
pub use add_norm::add_norm;
pub use attention::{attends, causal_attention};
pub use exponential::{exp, tanh};
pub use gated_add::add_gated;
pub use head_loss::{LARGEST_CAP, chunk_rows, head_loss};
pub use mix::mix;
pub use mix_norm::mix_norm;
pub use muon_updates::{muon_apply, muon_momentum};
pub use orthogonalise::{Iteration, orthogonalise};
pub use relu_squared::relu_squared;
pub use rms_norm::rms_norm;
pub use rotary::rope_qk_norm;
pub use slices::covers;
// ANCHOR_END: head

//! Fused operations for NVIDIA GPUs, compiled by NVRTC while the program runs.
//!
//! From the bottom up: `kernels/*.cu` are the sources, [`kernel`] lists them, [`nvrtc`] compiles, [`cache`] keeps what was
//! compiled, [`gpu`] loads and launches it behind the seam of [`launch`]. The other files make operations of them, with
//! tensors in and out and gradients: `GPU.rms_norm(&x, eps)?`. [`graph`] starts many launches as one.

pub mod cache;
mod error;
pub mod fp8;
mod gate;
pub mod gpu;
pub mod graph;
mod head_loss;
pub mod kernel;
pub mod launch;
mod mix;
mod mix_norm;
mod norm;
pub mod nvrtc;
mod operations;
mod relu_squared;
mod rope;
mod updates;

pub use error::Error;
pub use head_loss::CHUNK as LOSS_CHUNK;
pub use operations::{GPU, Operations};

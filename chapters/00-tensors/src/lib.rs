// ANCHOR: head
//! # tensors: libtorch, found and made ready
//!
//! Everything above this crate computes with [`tch::Tensor`], Rust's window on libtorch. This crate is what has to be
//! right *before* the first tensor: the machine is looked at and set up ([`machine::start`]), seeds are set
//! ([`seed_everything`]), and the one thing that tch lacks is added: operations whose derivative we write ourselves
//! ([`differentiable()`]).
//!
//! | file | concept |
//! |---|---|
//! | [`machine`] | which device, which precision, how many threads: chosen once, at the start |
//! | [`waiting`] | what OpenMP's threads do while they wait |
//! | [`memory`] | keeping the memory of large temporaries |
//! | [`cuda`] | loading libtorch's CUDA half while the program runs |
//! | [`seed`] | random numbers that come out the same again |
//! | [`mod@differentiable`] | an operation from two closures, forward and backward |
//! | [`gradient`] | clearing gradients; checking them against finite differences |
//! | [`gemm`] | how fast this machine multiplies matrices |
//! | [`doctor`] | a table of all this, with measurements |
// ANCHOR_END: head

// ANCHOR: modules
pub mod cuda;
pub mod differentiable;
pub mod doctor;
pub mod error;
pub mod gemm;
pub mod gradient;
pub mod machine;
pub mod memory;
pub mod seed;
pub mod waiting;

pub use cuda::CudaState;
pub use differentiable::{Forward, differentiable, recording};
pub use error::Error;
pub use gemm::measure_gemm_gflops;
pub use gradient::clear_gradient;
pub use machine::{Choice, Machine, start};
pub use seed::seed_everything;
// ANCHOR_END: modules

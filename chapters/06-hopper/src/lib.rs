//! Chapter 06: the same model, fast.
//!
//! [`Fused`] is chapter 03's `Kernels` with one pass over memory where `Plain` takes several, [`FusedUpdates`] the same
//! for chapter 04's `Updates`. Nothing of the model changes; every operation here is held to its plain twin, forward and
//! backward.

pub mod attention;
pub mod bench;
pub mod cpu;
pub mod cuda;
mod error;
mod fused;
mod glue;
mod in_training;
pub mod precision;
pub mod ranks;
mod updates;

pub use error::Error;
pub use fused::Fused;
pub use in_training::{InTraining, ReluSquared};
pub use updates::FusedUpdates;

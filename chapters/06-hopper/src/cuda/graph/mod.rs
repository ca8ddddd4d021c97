//! CUDA graphs: a stretch of launches, recorded once and started as one.
//!
//! [`rounds`] is a stretch that can be recorded, the rounds of Muon's iteration; [`recorded`] records and starts; [`stacks`]
//! decides for which stacks of matrices that pays.

pub mod recorded;
pub mod rounds;
pub mod stacks;

pub use recorded::Recorded;
pub use rounds::Rounds;
pub use stacks::{Decision, decisions, orthogonalise};

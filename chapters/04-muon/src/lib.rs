// ANCHOR: head
//! Chapter 04: the optimizers. AdamW for the tables, Muon for the matrices.
//!
//! Reading order: `newton_schulz` (the idea of Muon), `updates` (the arithmetic on each weight), `groups` (who is
//! trained how), `optimizer` (a step), `buffers` (what it remembers); then `race` and `chart`, the demonstration. What
//! nanochat changed until July 2026: `refinements`, `polar_express`, `normuon`, `groups_2026`. Several ranks: `collective`
//! (what they ask of each other), `sharding` (who owns what), `sequence` (in which order), `threads` (ranks in one
//! program), `messages`, `traffic` (what it costs).
// ANCHOR_END: head

// ANCHOR: modules
mod buffers;
pub mod chart;
mod collective;
mod error;
mod groups;
mod groups_2026;
mod messages;
pub mod newton_schulz;
mod normuon;
mod optimizer;
pub mod polar_express;
pub mod race;
mod refinements;
mod sequence;
mod sharding;
mod threads;
pub mod traffic;
mod updates;

pub use collective::{Collective, Handle, Solo};
pub use error::Error;
pub use groups::{Group, Method, Rates2025, groups_2025};
pub use groups_2026::{Rates2026, groups_2026};
pub use messages::{gather_bytes, gather_numbers, sum_over_ranks};
pub use newton_schulz::{Orthogonalise, Round, orthogonalise};
pub use normuon::{evened_out, second_moment_shape};
pub use optimizer::{Optimizer, StepScale};
pub use polar_express::polar_express;
pub use refinements::{Refinements, equilibrated, renormalised};
pub use sequence::Sequence;
pub use sharding::{SMALLEST_CUT, Share};
pub use threads::{Call, Hall, Operation, Threads};
pub use updates::{AdamWStep, PlainUpdates, Updates};
// ANCHOR_END: modules

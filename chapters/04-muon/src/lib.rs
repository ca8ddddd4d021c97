//! Chapter 04: the optimizers. AdamW for the tables, Muon for the matrices.
//!
//! Reading order: `newton_schulz` (the idea of Muon), `updates` (the arithmetic on each weight), `groups` (who is
//! trained how), `collective` (several ranks), `optimizer` (a step); then `race` and `chart`, the demonstration.

// ANCHOR: modules
pub mod chart;
mod collective;
mod error;
mod groups;
mod newton_schulz;
mod optimizer;
pub mod race;
mod updates;

pub use collective::{Collective, Handle, Solo};
pub use error::Error;
pub use groups::{Group, Method, Rates2025, groups_2025};
pub use newton_schulz::orthogonalise;
pub use optimizer::{Optimizer, StepScale};
pub use updates::{AdamWStep, PlainUpdates, Updates};
// ANCHOR_END: modules

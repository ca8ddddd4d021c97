// ANCHOR: head
//! Chapter 04: the optimizers. AdamW for the tables, Muon for the matrices.
//!
//! Reading order: `newton_schulz` (the idea of Muon), `updates` (the arithmetic on each weight), `groups` (who is
//! trained how), `collective` (several ranks), `optimizer` (a step); then `race` and `chart`, the demonstration. What
//! nanochat changed until July 2026: `refinements`, `polar_express`, `normuon`, `groups_2026`.
// ANCHOR_END: head

// ANCHOR: modules
pub mod chart;
mod collective;
mod error;
mod groups;
mod groups_2026;
mod newton_schulz;
mod normuon;
mod optimizer;
mod polar_express;
pub mod race;
mod refinements;
mod updates;

pub use collective::{Collective, Handle, Solo};
pub use error::Error;
pub use groups::{Group, Method, Rates2025, groups_2025};
pub use groups_2026::{Rates2026, groups_2026};
pub use newton_schulz::orthogonalise;
pub use normuon::{evened_out, second_moment_shape};
pub use optimizer::{Optimizer, StepScale};
pub use polar_express::polar_express;
pub use refinements::{Refinements, equilibrated, renormalised};
pub use updates::{AdamWStep, PlainUpdates, Updates};
// ANCHOR_END: modules

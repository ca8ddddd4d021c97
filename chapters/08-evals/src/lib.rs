// ANCHOR: head
//! Chapter 08: how good is it?
//!
//! Two families of examinations. *CORE* looks at a base model, which continues texts: it compares how likely the model finds
//! certain texts. *Chat tasks* look at a model that answers: they compare option letters, or let it write and judge what
//! it wrote. Both are asked through the traits of chapter 03, `Scorer` and `Sampler`, and know nothing about models.
//!
//! Read `question` (what is scored, and what is right), `batches` (many at once), then `core` from `items` to `report`,
//! `python_random` where the shots come from, `interval` (how far off is it?), `task` and `chat`, and `sandbox`, in which
//! programs run that nobody has read; `over_ranks` lets several ranks do it together.
// ANCHOR_END: head

// ANCHOR: modules
pub mod batches;
pub mod benchmark;
pub mod chat;
pub mod core;
mod error;
pub mod interval;
mod over_ranks;
pub mod python_random;
pub mod question;
pub mod sandbox;
mod task;

pub use error::Error;
pub use interval::{Bootstrap, Interval};
pub use over_ranks::Shared;
pub use task::{Kind, Task};
// ANCHOR_END: modules

// ANCHOR: head
//! Chapter 07: midtraining and fine-tuning on conversations. What was a text predictor learns whose turn it is, and when
//! to stop.
//!
//! Nothing in the model changes, and nothing in the training loop: what changes is the data. Read `render` (from a
//! conversation to ids and a loss mask), `visualise` (seeing that mask), `recipe`, `published`, `open_mixture`, `pages` and `mixture`
//! (which conversations, how often), `conversation_batches` and `amount` (rows and targets), `schedule`, `newcomers` and `sft` (the stage),
//! `evaluate` (what it has learnt, source by source).
// ANCHOR_END: head

// ANCHOR: modules
mod amount;
mod conversation_batches;
mod error;
mod evaluate;
mod mixture;
mod newcomers;
mod open_mixture;
mod pages;
pub mod published;
mod recipe;
mod render;
mod schedule;
mod sft;
mod visualise;

pub use amount::Amount;
pub use conversation_batches::{ConversationBatches, TooLong};
pub use error::Error;
pub use evaluate::{SourceScore, evaluate_by_source};
pub use mixture::{Ingredient, Mixture};
pub use newcomers::{Newcomers, begin_like};
pub use open_mixture::open_mixture;
pub use pages::Pages;
pub use recipe::{Kind, MixtureRecipe, Side, SourceRecipe, StageRecipe};
pub use render::{Rendered, Supervise, render, render_for_completion};
pub use schedule::Ramp;
pub use sft::{SftRun, SftSettings, fine_tune, steps_for};
pub use visualise::visualise;
// ANCHOR_END: modules

//! Chapter 07: fine-tuning on conversations. What was a text predictor learns whose turn it is, and when to stop.
//!
//! Nothing in the model changes, and nothing in the training loop: what changes is the data. Read `render` (from a
//! conversation to ids and a loss mask), `visualise` (seeing that mask), `mixture` (which conversations, how often),
//! `conversation_batches` (rows and targets), `schedule` and `sft` (the stage).

// ANCHOR: modules
mod conversation_batches;
mod error;
mod mixture;
mod render;
mod schedule;
mod sft;
mod visualise;

pub use conversation_batches::{ConversationBatches, Epoch};
pub use error::Error;
pub use mixture::{Ingredient, Mixture};
pub use render::{Rendered, render, render_for_completion};
pub use schedule::Ramp;
pub use sft::{SftRun, SftSettings, fine_tune, steps_for};
pub use visualise::visualise;
// ANCHOR_END: modules

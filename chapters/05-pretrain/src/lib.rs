// ANCHOR: head
//! Chapter 05: pretraining. A loop, a schedule, a yardstick, and checkpoints that survive what happens to runs.
//!
//! Reading order: [`schedule`], [`bits_per_byte`], [`kneser_ney`], [`train`]; then what is written: [`checkpoint`],
//! [`manifest`], [`snapshot`], [`shelf`], [`writer`], on a [`disk`]; and what else happens to runs: [`trouble`],
//! [`interrupt`], with all choices in [`durability`]. [`metrics`] and [`progress`] are what the loop talks through.
// ANCHOR_END: head

// ANCHOR: modules
pub mod bits_per_byte;
pub mod checkpoint;
pub mod disk;
pub mod durability;
mod error;
mod going_back;
pub mod interrupt;
pub mod kneser_ney;
pub mod manifest;
pub mod metrics;
pub mod progress;
mod saving;
pub mod schedule;
pub mod shelf;
pub mod snapshot;
pub mod train;
pub mod trouble;
pub mod writer;

pub use bits_per_byte::{
    BitsPerByte, batch_tensors, bits_per_byte, bits_per_byte_over, take_batches, token_bytes_table,
};
pub use checkpoint::TrainState;
pub use durability::{Durability, WhenUnwritable};
pub use error::Error;
pub use interrupt::Interrupt;
pub use kneser_ney::KneserNey;
pub use metrics::{Metrics, read_metrics};
pub use schedule::{Decay, Momentum, RateMultiplier, Schedule};
pub use train::{Evaluate, Evaluation, Outcome, Settings, Trainer};
// ANCHOR_END: modules

// ANCHOR: head
//! Measuring: what the machine can do, what an operation takes, where a training step's time goes.
//!
//! Words: a *ceiling* is the best that this machine was seen to do, in floating-point operations per second (matrix products)
//! or in bytes per second (copying). The *limit* of an operation is the time in which the ceilings would let it happen: its
//! operations at the one, or the bytes that it must move at the other, whichever is longer. *MFU* (model FLOPs
//! utilisation) is the share of a device's peak that a step makes of the operations which the model's formula counts.
//!
//! No number here is taken alone. What is compared takes *turns*, A B A B …, because a machine is faster in one
//! minute than in the next; what is reported is the median of the rounds and their spread.
//!
//! Reading order: [`turns`], [`operation`] and [`cost`], [`ceilings`] and [`peaks`], `cases`, [`kernels`] with [`kernel_table`];
//! then a step: [`workload`], [`step_cost`], [`resources`], [`log`] and [`timed`], [`handing_over`], [`switchboard`], [`train`]
//! with [`train_report`], [`waterfall`] and [`part_table`], [`trace`]; and [`beside_torch`] with [`brief`].
// ANCHOR_END: head

// ANCHOR: modules
pub mod beside_torch;
pub mod brief;
mod cases;
pub mod ceilings;
pub mod cost;
mod error;
pub mod handing_over;
pub mod kernel_table;
pub mod kernels;
pub mod log;
pub mod operation;
pub mod part_table;
pub mod peaks;
pub mod resources;
pub mod step_cost;
pub mod switchboard;
pub mod timed;
pub mod trace;
pub mod train;
pub mod train_report;
pub mod turns;
pub mod waterfall;
pub mod workload;

pub use error::Error;
pub use operation::{Fusions, Operation};
// ANCHOR_END: modules

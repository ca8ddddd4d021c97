//! `course`: the course's own tool, run as `cargo course …`.
//!
//! It compiles in seconds and needs no libtorch, because its first task is to fetch libtorch. Reading order:
//!
//! - [`project`], [`platform`], [`surroundings`]: where we are, on what machine, with what around us.
//! - [`prerequisites`], [`wheel`], [`pip`], [`transfer`], [`download`], [`libtorch`], [`setup`], [`compiler`]:
//!   `cargo course setup`.
//! - [`doctor`]: `cargo course doctor`.
//! - [`suite`] runs checks, [`checks`] lists them, [`libtest`] reads what tests print; [`dependency_rule`],
//!   [`house_rules`] (over [`rust_text`]), [`smoke`] and [`mine`] are those that are more than one command: `cargo course
//!   test`.
//! - [`catalogue`] finds the exercises and [`sheet`] reads what is said about them; [`stub`] takes the answer out of a
//!   solution, [`generate`] writes `exercises/`: `cargo course gen`.
//! - [`trial`] judges answers, [`record`] remembers how it went, [`beside`] compares two answers, [`learner`] has the
//!   learner's commands and [`watch`] repeats them; [`gates`] judges the exercises themselves.

pub mod beside;
pub mod blocks;
pub mod catalogue;
pub mod checks;
pub mod cleanup;
pub mod compiler;
pub mod dependency_rule;
pub mod doctor;
pub mod download;
mod error;
pub mod gates;
pub mod generate;
pub mod house_rules;
pub mod learner;
pub mod libtest;
pub mod libtorch;
pub mod mine;
pub mod pip;
pub mod platform;
pub mod prerequisites;
pub mod progress;
pub mod project;
pub mod record;
pub mod rust_text;
pub mod setup;
pub mod sheet;
pub mod smoke;
pub mod stub;
pub mod suite;
pub mod surroundings;
pub mod transfer;
pub mod trial;
pub mod watch;
pub mod wheel;

pub use error::Error;
pub use project::Project;

//! The solutions.

use solutions_05 as implementation;

#[allow(clippy::duplicate_mod, reason = "one file, filled from two crates")]
#[path = "../tables.rs"]
pub mod tables;

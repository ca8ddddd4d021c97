//! The solutions.

use solutions_04 as implementation;

#[allow(clippy::duplicate_mod, reason = "one file, filled from two crates")]
#[path = "../tables.rs"]
pub mod tables;

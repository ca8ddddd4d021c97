//! The stages, one per file, in the order in which they run. Each reads what the ones before it left in the run's
//! folder, and does nothing when its own result is there already.

pub mod base;
pub mod data;
pub mod examination;
pub mod fine_tuning;
pub mod quiz;
pub mod reinforcing;
pub mod vocabulary;

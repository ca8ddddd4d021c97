// ANCHOR: head
//! CORE: 22 small examinations for base models, each scored by what the model finds likely.
//!
//! A base model continues texts; it does not answer. So nothing is asked of it. It is shown texts, and what counts is how well
//! it predicted a certain stretch of them. There are three kinds of tasks:
//!
//! | kind | what is shown | right if |
//! |---|---|---|
//! | multiple choice | one beginning, several endings | the gold ending has the lowest mean loss |
//! | schema | several beginnings, one ending | the ending has its lowest mean loss after the gold beginning |
//! | language modelling | one beginning, one ending | each token of the ending is the model's first guess |
//!
//! Words: an *item* is a row of a task's file. A *shot* is a solved item in front of the one that is asked. The *baseline* is the
//! accuracy of guessing; *centring* moves it to 0 and perfection to 1. CORE is the mean of the centred accuracies
//! (Li et al. 2024, DataComp-LM).
//!
//! ```text
//! bundle ──► items ──► prompts ──► questions (rows of ids) ──► Scorer ──► verdicts ──► scores
//! ```

pub mod bundle;
mod evaluate;
pub mod items;
pub mod prompts;
mod questions;
mod report;

pub use bundle::{Bundle, CoreTask};
pub use evaluate::{CoreScore, CoreSettings, TaskScore, evaluate, score_task};
pub use items::{Item, Kind};
pub use questions::{few_shot_indices, order, question, questions};
pub use report::{csv, table};
// ANCHOR_END: head

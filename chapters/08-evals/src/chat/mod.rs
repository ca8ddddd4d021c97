// ANCHOR: head
//! Chat tasks: examinations for a model that answers.
//!
//! | task | an answer is obtained | right if |
//! |---|---|---|
//! | ARC-Easy, ARC-Challenge, MMLU | by letter: the likeliest of the option letters; or by continuation: the option with the lowest mean loss | it is the right option |
//! | GSM8K, SpellingBee | by writing, with the calculator at hand | the number behind `####` is right |
//! | HumanEval | by writing | the program passes the tests |
//!
//! The questions come from chapter 02's conversations, the same that fine-tuning sees, without their last message.
//! *ChatCORE* is the mean of the centred accuracies.

mod choice_task;
pub mod continuation;
mod humaneval;
pub mod letters;
mod number_tasks;
mod score;
mod suite;
pub mod writing;

pub use choice_task::ChoiceTask;
pub use continuation::{Form, by_continuation};
pub use humaneval::{HumanEval, imports_of, program_of};
pub use letters::by_letter;
pub use number_tasks::{SpellingBeeTask, WordProblemTask};
pub use score::{ChatScore, Method, ToolUse, chat_core, csv, table};
pub use suite::{ChatMeans, ChatSuite, drawn};
pub use writing::{Judged, WritingSettings, by_writing};
// ANCHOR_END: head

// ANCHOR: task
//! `Task`: questions with a judge. Evaluation asks how often the judge is pleased; chapter 09 trains on what it says.

use crate::Error;
use dataset::Conversation;

/// How an answer is obtained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The model writes an answer.
    Generative,
    /// The answer is one of a few given texts (option letters); the likeliest of them is taken.
    Categorical,
}

/// A set of questions as conversations, each ending in the right answer, and a judge of answers.
pub trait Task: Send + Sync {
    /// As in the report: `GSM8K`, `ARC-Easy`.
    fn name(&self) -> &str;

    fn kind(&self) -> Kind;

    fn len(&self) -> usize;

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Question `index` with the reference answer as its last message.
    fn conversation(&self, index: usize) -> Result<Conversation, Error>;

    /// The texts that a categorical answer is chosen from, in the order of the options; empty for generative tasks.
    fn choices(&self, _index: usize) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }

    /// Whether `answer`, the text that the model wrote (tool calls and results included as plain text), is right.
    fn is_correct(&self, index: usize, answer: &str) -> Result<bool, Error>;

    /// What reinforcement learning maximises; 1 for right and 0 for wrong unless a task has finer marks.
    fn reward(&self, index: usize, answer: &str) -> Result<f64, Error> {
        Ok(f64::from(u8::from(self.is_correct(index, answer)?)))
    }
}
// ANCHOR_END: task

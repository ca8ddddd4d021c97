// ANCHOR: head
//! HumanEval: 164 Python functions, each given by its head and a comment, to be completed; tests decide.
//!
//! It is a test set and nobody trains on it. It is here because the conversation, with the solution as the assistant's
//! answer, shows in which form code is to be answered: one fenced block that holds the whole function.

use serde::Deserialize;
use serde_json::Value;

use super::{Schema, fields};
use crate::{Conversation, Message};
// ANCHOR_END: head

// ANCHOR: program
/// A row of HumanEval.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Program {
    /// `HumanEval/0` and so on.
    pub task_id: String,
    /// Imports, the function's head and its documentation.
    pub prompt: String,
    /// The body.
    pub canonical_solution: String,
    /// A function `check(candidate)` full of assertions.
    pub test: String,
    /// The function's name, to be handed to `check`.
    pub entry_point: String,
}

impl Program {
    /// What is asked: the unfinished program as it stands.
    pub fn question(&self) -> &str {
        &self.prompt
    }

    /// The whole program in a fenced block.
    pub fn solution(&self) -> String {
        format!(
            "```python\n{}{}\n```",
            self.prompt,
            self.canonical_solution.trim_end()
        )
    }
}

impl Schema for Program {
    fn from_row(row: Value) -> Result<Self, String> {
        let row: Program = fields(row)?;
        if !row.prompt.contains(&format!("def {}", row.entry_point)) {
            return Err(format!(
                "the prompt does not define the function `{}`",
                row.entry_point
            ));
        }
        Ok(row)
    }

    fn conversation(&self) -> Conversation {
        Conversation::exchange(self.question(), Message::assistant(self.solution()))
    }
}
// ANCHOR_END: program

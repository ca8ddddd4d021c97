// ANCHOR: head
//! The state machine that lets a model use a tool in the middle of its answer.
//!
//! ```text
//!                 python_start                      python_end
//!   WRITING TEXT ──────────────► WRITING A CALL ────────────────► evaluate
//!        ▲                        (ids collected)                    │
//!        └───────── forced: output_start  result  output_end ◄───────┘ (nothing, if there is no result)
//! ```
//!
//! A *forced* token is put into the sequence by the program in place of a sampled one. The model then reads the
//! result as if it had written it, and goes on. What is forced was not the model's choice, so samplers mark it with
//! mask 0, and no training on samples ever rewards the model for it.
//!
//! Each row of a batch has a machine of its own; one struct keeps them all.

use crate::calculator;
use std::collections::HashMap;
use tokenizer::{Special, Tokenizer};
use transformer::Tool;

/// A call with more tokens than this is not evaluated; the calculator would refuse it for its length anyway.
const MAX_CALL_TOKENS: usize = 256;

/// What turns the text of a call into the text of its result; `None` where there is no result.
pub type Evaluate = dyn Fn(&str) -> Option<String> + Send;
// ANCHOR_END: head

// ANCHOR: machine
/// The calculator's result as text.
pub fn calculated(call: &str) -> Option<String> {
    let value = calculator::evaluate(call).ok()?;
    Some(value.to_string())
}

/// Watches the tokens of every row and answers calls with the calculator's results.
pub struct ToolMachine {
    tokenizer: Tokenizer,
    evaluate: Box<Evaluate>,
    /// The call that a row is writing. A row that is writing text has no entry.
    calls: HashMap<usize, Vec<u32>>,
}

impl ToolMachine {
    /// The machine with the calculator.
    pub fn new(tokenizer: &Tokenizer) -> Self {
        Self::with(tokenizer, calculated)
    }

    /// The machine with another tool.
    pub fn with(
        tokenizer: &Tokenizer,
        evaluate: impl Fn(&str) -> Option<String> + Send + 'static,
    ) -> Self {
        ToolMachine {
            tokenizer: tokenizer.clone(),
            evaluate: Box::new(evaluate),
            calls: HashMap::new(),
        }
    }

    /// A row has ended, perhaps in the middle of a call. Rows of a [`Batch`](crate::Batch) never get a number twice, so
    /// whoever serves many rows with one machine calls this to keep it small; whoever uses a number twice must.
    pub fn forget(&mut self, row: usize) {
        self.calls.remove(&row);
    }

    /// `output_start`, the result as plain text, `output_end`.
    fn forced(&self, result: &str) -> Vec<u32> {
        let mut ids = vec![self.tokenizer.special(Special::OutputStart)];
        self.tokenizer.encode_into(result, &mut ids);
        ids.push(self.tokenizer.special(Special::OutputEnd));
        ids
    }
}
// ANCHOR_END: machine

// ANCHOR: accept
impl Tool for ToolMachine {
    /// Takes one token of a row; the answer is what must be forced next, if anything.
    ///
    /// A second `python_start` begins the call anew, a `python_end` without a beginning means nothing: a model
    /// that is still learning writes both.
    fn accept(&mut self, row: usize, id: u32) -> Option<Vec<u32>> {
        match self.tokenizer.is_special(id) {
            Some(Special::PythonStart) => {
                self.calls.insert(row, Vec::new());
                None
            }
            Some(Special::PythonEnd) => {
                let call = self.calls.remove(&row)?;
                if call.len() > MAX_CALL_TOKENS {
                    return None;
                }
                let result = (self.evaluate)(&self.tokenizer.decode(&call))?;
                Some(self.forced(&result))
            }
            // The answer is over, and an unfinished call with it (heard only where these are not stop tokens).
            Some(Special::Bos | Special::AssistantEnd) => {
                self.calls.remove(&row);
                None
            }
            _ => {
                if let Some(call) = self.calls.get_mut(&row)
                    && call.len() <= MAX_CALL_TOKENS
                {
                    call.push(id);
                }
                None
            }
        }
    }
}
// ANCHOR_END: accept

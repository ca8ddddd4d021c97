// ANCHOR: head
//! GSM8K: sums told as little stories, with worked answers. Where a model learns to use a calculator.
//!
//! An answer marks each calculation by `<<expression=result>>` just before the result, and ends in a line `#### number`:
//!
//! ```text
//! Natalia sold 48/2 = <<48/2=24>>24 clips in May.        text     "Natalia sold 48/2 = "
//! #### 72                                                python   "48/2"
//!                                                        output   "24"
//!                                                        text     "24 clips in May.\n#### 72"
//! ```
//!
//! In a conversation the marks become tool calls: the model is trained to *write* the expression; the result is put in by
//! the calculator, and the model goes on from there. It need not learn to multiply.

use serde::Deserialize;
use serde_json::Value;

use super::{Schema, fields};
use crate::{Conversation, Message, Part};
// ANCHOR_END: head

// ANCHOR: problem
/// A row of GSM8K.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct WordProblem {
    pub question: String,
    /// The worked answer, marks included.
    pub answer: String,
}

impl Schema for WordProblem {
    fn from_row(row: Value) -> Result<Self, String> {
        let row: WordProblem = fields(row)?;
        if final_answer(&row.answer).is_none() {
            return Err("the answer does not end in a line `#### number`".to_owned());
        }
        parts_of(&row.answer)?;
        Ok(row)
    }

    fn conversation(&self) -> Conversation {
        let parts = parts_of(&self.answer).expect("checked when the row was read");
        Conversation::exchange(self.question.clone(), Message::assistant_parts(parts))
    }
}
// ANCHOR_END: problem

// ANCHOR: parts
/// An answer with `<<…>>` marks as parts: text, Python, Python output, text, …
pub fn parts_of(answer: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = answer;
    while let Some((before, opened)) = rest.split_once("<<") {
        let Some((call, after)) = opened.split_once(">>") else {
            return Err(format!("`<<{opened}` is never closed by `>>`"));
        };
        // The last `=` separates the result: an expression may compare with `==`.
        let Some((expression, result)) = call.rsplit_once('=') else {
            return Err(format!("`<<{call}>>` has no `=result`"));
        };
        if !before.is_empty() {
            parts.push(Part::Text(before.to_owned()));
        }
        parts.push(Part::Python(expression.to_owned()));
        parts.push(Part::PythonOutput(result.to_owned()));
        rest = after;
    }
    if !rest.is_empty() || parts.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    Ok(parts)
}

/// The number behind the last `####`, without commas: what an answer is graded by. `None` if there is none.
pub fn final_answer(text: &str) -> Option<String> {
    let (_, behind) = text.rsplit_once("####")?;
    let word = behind.trim_start().split(char::is_whitespace).next()?;
    let number: String = word
        .trim_start_matches('$')
        .chars()
        .filter(|&c| c != ',')
        .collect();
    let number = number.trim_end_matches('.');
    let is_number = number
        .strip_prefix('-')
        .unwrap_or(number)
        .starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && number
            .chars()
            .skip(1)
            .all(|c| c.is_ascii_digit() || c == '.');
    is_number.then(|| number.to_owned())
}
// ANCHOR_END: parts

// ANCHOR: head
//! Multiple choice: a question, some options, and a letter as the answer. MMLU and ARC.
//!
//! A small model finds an answer's letter with the circuit that copies: "this word stood above; what stood right behind it?" The prompt
//! is laid out for that circuit, and each point is about tokens:
//!
//! - **The letter touches its option.** The tokenizer cuts `- blue whale=B` into the chunks `-` ` blue` ` whale` `=B`, and a vocabulary
//!   that has seen many such lines has a token `=B`. With `whale =B` there would be a token between word and letter, and
//!   looking up would take two steps instead of one.
//! - **An option begins like a word in a sentence,** with a space, which the dash provides: ` blue` here and ` blue` in a text are the
//!   same token, `blue` at the beginning of a line is another.
//! - **The question comes last.** What the model recalls at its end can then be looked up in a list that it has read already.
//! - **The answer is a single token**, the letter alone, so that an evaluation can compare letters in one step.

use serde::Deserialize;
use serde_json::Value;

use super::{Schema, fields};
use crate::{Conversation, Message};

/// The names of the options.
const LETTERS: &[u8; 26] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
// ANCHOR_END: head

// ANCHOR: question
/// A question with 2 to 26 options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MultipleChoice {
    pub question: String,
    pub choices: Vec<String>,
    /// Which of the choices is right, counted from 0.
    pub answer: usize,
    /// MMLU's subject; empty elsewhere.
    pub subject: String,
}

impl MultipleChoice {
    /// What the user says.
    pub fn prompt(&self) -> String {
        let mut prompt = String::from("Pick the right answer and give its letter only.\n");
        for (choice, letter) in self.choices.iter().zip(self.letters()) {
            prompt.push_str(&format!("\n- {}={letter}", choice.trim()));
        }
        prompt.push_str("\n\n");
        prompt.push_str(self.question.trim());
        prompt
    }

    /// The letters that may be answered, one per choice.
    pub fn letters(&self) -> impl Iterator<Item = char> + '_ {
        LETTERS
            .iter()
            .take(self.choices.len())
            .map(|&letter| char::from(letter))
    }

    /// The right letter.
    pub fn letter(&self) -> char {
        char::from(LETTERS[self.answer])
    }

    fn checked(self) -> Result<Self, String> {
        let count = self.choices.len();
        if !(2..=LETTERS.len()).contains(&count) {
            return Err(format!(
                "{count} choices; 2 to {} are possible",
                LETTERS.len()
            ));
        }
        if self.answer >= count {
            return Err(format!(
                "answer {} of {count} choices; they are counted from 0",
                self.answer
            ));
        }
        Ok(self)
    }
}

impl Schema for MultipleChoice {
    /// Rows of MMLU and of ARC are told apart by their fields.
    fn from_row(row: Value) -> Result<Self, String> {
        match row {
            Value::Object(object) if object.contains_key("answerKey") => {
                of_arc(fields(Value::Object(object))?)?.checked()
            }
            Value::Object(object) => of_mmlu(fields(unwrapped(object))?)?.checked(),
            other => of_mmlu(fields(other)?)?.checked(),
        }
    }

    fn conversation(&self) -> Conversation {
        Conversation::exchange(self.prompt(), Message::assistant(self.letter().to_string()))
    }
}
// ANCHOR_END: question

// ANCHOR: mmlu
#[derive(Deserialize)]
struct MmluRow {
    question: String,
    choices: Vec<String>,
    answer: i64,
    #[serde(default)]
    subject: String,
}

fn of_mmlu(row: MmluRow) -> Result<MultipleChoice, String> {
    let answer =
        usize::try_from(row.answer).map_err(|_| format!("answer {} is below 0", row.answer))?;
    Ok(MultipleChoice {
        question: row.question,
        choices: row.choices,
        answer,
        subject: row.subject,
    })
}

/// MMLU's training rows exist in a second form, wrapped into one more object: `{"train": {"question": …}}`.
fn unwrapped(mut object: serde_json::Map<String, Value>) -> Value {
    match object.remove("train") {
        Some(inner) if object.is_empty() => inner,
        Some(inner) => {
            object.insert("train".to_owned(), inner);
            Value::Object(object)
        }
        None => Value::Object(object),
    }
}
// ANCHOR_END: mmlu

// ANCHOR: arc
#[derive(Deserialize)]
struct ArcRow {
    question: String,
    choices: ArcChoices,
    #[serde(rename = "answerKey")]
    answer_key: String,
}

#[derive(Deserialize)]
struct ArcChoices {
    text: Vec<String>,
    label: Vec<String>,
}

/// ARC labels most options A to E and some 1 to 4, so the answer is looked up among the labels. After that the labels are
/// dropped and the options get letters by their order: the model always answers in letters.
fn of_arc(row: ArcRow) -> Result<MultipleChoice, String> {
    let ArcChoices { text, label } = row.choices;
    if text.len() != label.len() {
        return Err(format!(
            "{} choices with {} labels",
            text.len(),
            label.len()
        ));
    }
    let Some(answer) = label.iter().position(|label| *label == row.answer_key) else {
        return Err(format!(
            "answerKey `{}` is none of the labels {}",
            row.answer_key,
            label.join(", ")
        ));
    };
    Ok(MultipleChoice {
        question: row.question,
        choices: text,
        answer,
        subject: String::new(),
    })
}
// ANCHOR_END: arc

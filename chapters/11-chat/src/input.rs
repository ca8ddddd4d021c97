// ANCHOR: head
//! Messages of more than one line, and the history of what was typed.
//!
//! The line editor asks after every Enter whether the text is complete. It is not while a line ends with `\`, or while a
//! fence of three backquotes is open. Pasted text arrives in one piece, line breaks and all (the terminal brackets it).

use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Helper, Result};
use std::path::PathBuf;
// ANCHOR_END: head

// ANCHOR: complete
const FENCE: &str = "```";

/// Whether Enter sends the text.
pub fn is_complete(text: &str) -> bool {
    let fences = text.lines().filter(|line| is_fence(line)).count();
    fences % 2 == 0 && !text.ends_with('\\')
}

fn is_fence(line: &str) -> bool {
    line.trim_start().starts_with(FENCE)
}

/// The message as it is meant: without the backslashes at line ends, and without fences that were only there to hold it
/// together. A fence with a language, or inside a message, belongs to what is said.
pub fn unfold(text: &str) -> String {
    let lines: Vec<&str> = text.trim().lines().collect();
    match lines.as_slice() {
        [first, middle @ .., last]
            if first.trim() == FENCE
                && last.trim() == FENCE
                && !middle.iter().any(|line| is_fence(line)) =>
        {
            let said = middle.join("\n");
            match said.starts_with('/') {
                true => format!("/{said}"), // what is fenced is said, and no command
                false => said,
            }
        }
        // Inside a fence a backslash is a backslash.
        _ if lines.iter().any(|line| is_fence(line)) => text.to_string(),
        _ => text.replace("\\\n", "\n"),
    }
}
// ANCHOR_END: complete

// ANCHOR: helper
/// Tells the editor when a message is complete.
pub struct Folding;

impl Helper for Folding {}

// No completion, no hints, no colours: their defaults do nothing.
impl Completer for Folding {
    type Candidate = String;
}

impl Hinter for Folding {
    type Hint = String;
}

impl Highlighter for Folding {}

impl Validator for Folding {
    fn validate(&self, context: &mut ValidationContext<'_>) -> Result<ValidationResult> {
        Ok(match is_complete(context.input()) {
            true => ValidationResult::Valid(None),
            false => ValidationResult::Incomplete,
        })
    }
}
// ANCHOR_END: helper

// ANCHOR: history
/// How many messages are remembered.
pub const HISTORY: usize = 1000;

/// Where what was typed is kept from one chat to the next: `$NANOCRAB_HOME`, or `$XDG_STATE_HOME`, or `~/.local/state`; on macOS
/// `~/Library/Application Support`. `None` without a home.
pub fn history_file() -> Option<PathBuf> {
    let folder = |name: &str| {
        let value = std::env::var_os(name).filter(|value| !value.is_empty());
        value.map(PathBuf::from)
    };
    if let Some(home) = folder("NANOCRAB_HOME") {
        return Some(home.join("chat-history"));
    }
    let state = match cfg!(target_os = "macos") {
        true => folder("HOME").map(|home| home.join("Library/Application Support")),
        false => folder("XDG_STATE_HOME").or(folder("HOME").map(|home| home.join(".local/state"))),
    };
    Some(state?.join("nanocrab/chat-history"))
}
// ANCHOR_END: history

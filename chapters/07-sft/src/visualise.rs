// ANCHOR: head
//! A conversation with its mask in colour: the picture that finds a wrong mask faster than any test.
//!
//! Green is trained on, red is not. Without colours, what is trained on stands between `[` and `]`.

use crate::Rendered;
use std::fmt::Write;
use tokenizer::{Special, Tokenizer};

const TRAINED: &str = "\x1b[32m";
const CONTEXT: &str = "\x1b[31m";
const RESET: &str = "\x1b[0m";
// ANCHOR_END: head

// ANCHOR: visualise
/// The conversation as text. A new line begins before each turn, line ends inside a token are shown as `⏎`.
pub fn visualise(rendered: &Rendered, tokenizer: &Tokenizer, colour: bool) -> String {
    let mut out = String::new();
    let mut start = 0;
    while start < rendered.ids.len() {
        // One run of equal masks at a time: single tokens may hold only a part of a character, a run of the same
        // writer holds whole ones.
        let mask = rendered.mask[start];
        let length = rendered.mask[start..]
            .iter()
            .take_while(|&&m| m == mask)
            .count();
        let text = spell(&rendered.ids[start..start + length], tokenizer);
        match (colour, mask) {
            (true, 1) => write!(out, "{TRAINED}{text}{RESET}"),
            (true, _) => write!(out, "{CONTEXT}{text}{RESET}"),
            (false, 1) => write!(out, "[{text}]"),
            (false, _) => write!(out, "{text}"),
        }
        .expect("writing to a string cannot fail");
        start += length;
    }
    out
}
// ANCHOR_END: visualise

// ANCHOR: spell
/// The tokens as one text, special ones by name.
fn spell(ids: &[u32], tokenizer: &Tokenizer) -> String {
    let mut out = String::new();
    let mut plain = Vec::new();
    for &id in ids {
        match tokenizer.is_special(id) {
            None => plain.push(id),
            Some(special) => {
                out += &tokenizer.decode(&plain).replace('\n', "⏎");
                plain.clear();
                if matches!(special, Special::UserStart | Special::AssistantStart) {
                    out.push('\n');
                }
                out += special.name();
            }
        }
    }
    out + &tokenizer.decode(&plain).replace('\n', "⏎")
}
// ANCHOR_END: spell

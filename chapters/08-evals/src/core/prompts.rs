// ANCHOR: head
//! Prompts: from items to texts.
//!
//! ```text
//! shot ⏎ ⏎ shot ⏎ ⏎ … ⏎ ⏎ beginning ‖ delimiter ‖ ending
//! ```
//!
//! Every space counts. A tokenizer joins a space to the word behind it, so that a text which ends in a space ends in a token that
//! the model has hardly ever seen before a word.

use super::Item;
// ANCHOR_END: head

// ANCHOR: prompts
/// The texts of an item. Multiple choice: one for each ending. Schema: one for each beginning. Language modelling: two, without the
/// ending and with it.
pub fn prompts(item: &Item, delimiter: &str, shots: &[&Item]) -> Vec<String> {
    let before: String = shots
        .iter()
        .map(|shot| solved(shot, delimiter) + "\n\n")
        .collect();
    match item {
        Item::MultipleChoice { query, choices, .. } => choices
            .iter()
            .map(|choice| format!("{before}{query}{delimiter}{choice}"))
            .collect(),
        Item::Schema {
            contexts,
            continuation,
            ..
        } => contexts
            .iter()
            .map(|context| format!("{before}{context}{delimiter}{continuation}"))
            .collect(),
        Item::LanguageModelling {
            context,
            continuation,
        } => {
            let beginning = format!("{before}{}{delimiter}", trimmed(context));
            // Without the ending, the delimiter's space would be a token of its own, where with the ending it is part of the
            // next word's. Trimmed, the ids of the one text are the first ids of the other.
            vec![
                trimmed(&beginning).to_owned(),
                format!("{beginning}{continuation}"),
            ]
        }
    }
}

/// An item with its right answer. Contexts of language modelling are trimmed and queries are not, although some end in a
/// space: that is how the published scores were made.
fn solved(item: &Item, delimiter: &str) -> String {
    match item {
        Item::MultipleChoice {
            query,
            choices,
            gold,
        } => format!("{query}{delimiter}{}", choices[*gold]),
        Item::Schema {
            contexts,
            continuation,
            gold,
        } => format!("{}{delimiter}{continuation}", contexts[*gold]),
        Item::LanguageModelling {
            context,
            continuation,
        } => format!("{}{delimiter}{continuation}", trimmed(context)),
    }
}

/// What Python's `strip` leaves: it takes four control characters for white space that Unicode does not.
fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c))
}
// ANCHOR_END: prompts

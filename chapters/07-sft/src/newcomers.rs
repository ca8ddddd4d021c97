// ANCHOR: head
//! Eight tokens that pretraining has never seen.
//!
//! `<|assistant_start|>` and its like are rows of the tables that are looked up by id, and no document has one of them. After
//! pretraining those rows hold what they were drawn with: noise, in the middle of every conversation. What answers by letter stands
//! on `<|assistant_start|>`, and has to learn what this token means from the few thousand answers that fine-tuning has.
//!
//! So a token may begin as something the model knows. On a page, `?` and the end of the line stand between a question and its answer.

use crate::Error;
use std::collections::BTreeMap;
use tokenizer::{Special, Tokenizer};
use transformer::{Gpt, Role};
// ANCHOR_END: head

// ANCHOR: newcomers
/// Special tokens by name, and for each a text whose last token it is to begin as: in most vocabularies `?\n` is one token, in some the
/// line's end is alone.
pub type Newcomers = BTreeMap<String, String>;

/// What can be wrong with them, as far as that is known without a tokenizer.
pub(crate) fn check_newcomers(newcomers: &Newcomers) -> Result<(), Error> {
    for (name, text) in newcomers {
        special(name)?;
        if text.is_empty() {
            let remedy = "give a text whose last token it is to begin as, such as \"\\n\"";
            return Err(wrong(text, remedy));
        }
    }
    Ok(())
}

fn special(name: &str) -> Result<Special, Error> {
    let found = Special::ALL.into_iter().find(|it| it.name() == name);
    found.ok_or_else(|| {
        wrong(
            name,
            "name a special token as tokenizer.json does, such as \"<|user_end|>\"",
        )
    })
}

fn wrong(value: &str, remedy: &'static str) -> Error {
    Error::Setting {
        setting: "newcomers",
        value: format!("{value:?}"),
        remedy,
    }
}

/// In every table that is read by id, gives each of the newcomers the row of its token. The head stays as it is: it has been told at
/// every position that these tokens do not come, and that has to be unlearned anyway.
///
/// # Errors
/// A name that no special token has, and an empty text.
pub fn begin_like(gpt: &Gpt, tokenizer: &Tokenizer, newcomers: &Newcomers) -> Result<(), Error> {
    check_newcomers(newcomers)?;
    let mut pairs = Vec::new();
    for (name, text) in newcomers {
        let tokens = tokenizer.encode(text);
        let known = tokens.last().expect("a text that is not empty has a token");
        pairs.push((
            i64::from(tokenizer.special(special(name)?)),
            i64::from(*known),
        ));
    }
    let _no_gradients = tch::no_grad_guard();
    let tables = gpt
        .parameters()
        .iter()
        .filter(|it| matches!(it.role, Role::Embedding | Role::ValueTable));
    for table in tables {
        for (newcomer, known) in &pairs {
            let row = table.tensor.get(*known); // (V, C) -> (C)
            table.tensor.get(*newcomer).copy_(&row);
        }
    }
    Ok(())
}
// ANCHOR_END: newcomers

//! The data sets beside the pretraining text, each in the shape of a real one.
//!
//! A **side** says what a data set is for. The training side uses the facts that conversations may mention and the
//! training wordings; the test side uses held-out facts and combinations, and wordings of its own.

pub mod conversations;
pub mod core_bundle;
pub mod functions;
pub mod identity;
pub mod multiple_choice;
pub mod spelling;
pub mod word_problems;

use super::error::Error;
use super::world::{FactId, World};
use serde::Serialize;
use std::collections::HashSet;

// ANCHOR: side
/// Training or test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Train,
    Test,
}

impl Side {
    /// Its name in streams and files.
    pub fn name(self) -> &'static str {
        match self {
            Side::Train => "train",
            Side::Test => "test",
        }
    }

    /// The facts that this side may ask for.
    pub fn facts(self, world: &World) -> Vec<FactId> {
        match self {
            Side::Train => world.chat_facts(),
            Side::Test => world.held_out_facts(),
        }
    }
}
// ANCHOR_END: side

// ANCHOR: chat
/// A conversation as SmolTalk's rows have it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Chat {
    pub messages: Vec<Turn>,
    pub source: &'static str,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Turn {
    pub role: &'static str,
    pub content: String,
}

impl Chat {
    /// An empty conversation of the sort `source`.
    pub fn new(source: &'static str) -> Chat {
        Chat {
            messages: Vec::new(),
            source,
        }
    }

    /// Adds what the user says and what the assistant answers.
    pub fn exchange(mut self, user: impl Into<String>, assistant: impl Into<String>) -> Chat {
        self.messages.push(Turn {
            role: "user",
            content: user.into(),
        });
        self.messages.push(Turn {
            role: "assistant",
            content: assistant.into(),
        });
        self
    }

    /// Puts a system message in front.
    pub fn with_system(mut self, system: String) -> Chat {
        self.messages.insert(
            0,
            Turn {
                role: "system",
                content: system,
            },
        );
        self
    }
}
// ANCHOR_END: chat

// ANCHOR: distinct
/// Draws `count` items whose `key`s all differ.
///
/// # Errors
/// Too many repetitions in a row: there is nothing new to draw.
pub fn distinct<T>(
    genre: &'static str,
    count: usize,
    mut draw: impl FnMut(usize) -> Result<T, Error>,
    key: impl Fn(&T) -> String,
) -> Result<Vec<T>, Error> {
    let mut seen = HashSet::new();
    let mut items = Vec::with_capacity(count);
    let mut repetitions = 0;
    let mut turn = 0;
    while items.len() < count {
        let item = draw(turn)?;
        turn += 1;
        if seen.insert(key(&item)) {
            items.push(item);
            repetitions = 0;
        } else {
            repetitions += 1;
            if repetitions == PATIENCE {
                return Err(Error::Exhausted {
                    genre,
                    count: items.len(),
                });
            }
        }
    }
    Ok(items)
}

/// Repetitions in a row after which nothing new is expected.
pub const PATIENCE: usize = 2_000;
// ANCHOR_END: distinct

// ANCHOR: head
//! From a conversation to token ids, and to the *loss mask* that says which of them are worth learning.
//!
//! ```text
//! <|bos|> <|user_start|> question <|user_end|> <|assistant_start|> answer <|assistant_end|> …
//!    0           0           0          0               0             1           1
//! ```
//!
//! Words: a *rendered* conversation is two lists of one length N, `ids` and `mask`. `mask[i]` = 1 means that the
//! model is trained to *predict* `ids[i]` from what stands before it. That is what the assistant decides: its words,
//! the calls of its tool with both delimiters, and that it is done (`<|assistant_end|>`; without it trained, a model
//! never stops). 0 is what others decide: the user's words, the tool's output, and `<|assistant_start|>`, which the
//! program puts there to hand over the turn.
//!
//! What was written by people is *encoded as plain text* even where it spells a special token: a user who types
//! `<|assistant_end|>` gets the nine harmless tokens of its spelling (with a vocabulary of 4,096), not control over the
//! conversation.

use crate::Error;
use dataset::{Conversation, Message, Part, Role};
use serde::{Deserialize, Serialize};
use tokenizer::{Special, Tokenizer};
// ANCHOR_END: head

// ANCHOR: supervise
/// Which tokens of a conversation are trained on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Supervise {
    /// What the assistant decides: the mask of [`render`]. For fine-tuning.
    #[default]
    Assistant,
    /// Every token, questions and tool outputs and the next conversation's `<|bos|>` included: a conversation is text
    /// like any other. nanochat's midtraining.
    Everything,
}
// ANCHOR_END: supervise

// ANCHOR: rendered
/// Token ids and, for each, whether it is trained on. Both have the length N.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rendered {
    pub ids: Vec<u32>,
    pub mask: Vec<u8>,
}

impl Rendered {
    fn push(&mut self, id: u32, mask: u8) {
        self.ids.push(id);
        self.mask.push(mask);
    }

    fn push_text(&mut self, tokenizer: &Tokenizer, text: &str, mask: u8) {
        tokenizer.encode_into(text, &mut self.ids);
        self.mask.resize(self.ids.len(), mask);
    }

    /// The same ids with another choice of what is trained on.
    pub fn supervising(mut self, supervise: Supervise) -> Self {
        if supervise == Supervise::Everything {
            self.mask.fill(1);
        }
        self
    }

    /// Keeps the first `tokens` tokens.
    pub fn cut(&mut self, tokens: usize) {
        self.ids.truncate(tokens);
        self.mask.truncate(tokens);
    }

    /// How many tokens are trained on, the first one left out: nothing stands before it to predict it from.
    pub fn supervised(&self) -> usize {
        self.mask.iter().skip(1).filter(|&&m| m == 1).count()
    }
}
// ANCHOR_END: rendered

// ANCHOR: render
/// Renders a conversation and keeps its first `max_tokens` tokens.
///
/// # Errors
/// A conversation that is empty, in which user and assistant do not alternate, or in which someone other than the
/// assistant calls the tool. It is named by position, counted from 1; it is refused rather than repaired, because
/// a loader that swaps two roles would otherwise train a model to speak as the user, and nobody would notice.
pub fn render(
    conversation: &Conversation,
    tokenizer: &Tokenizer,
    max_tokens: usize,
) -> Result<Rendered, Error> {
    let special = |which| tokenizer.special(which);
    let mut out = Rendered::default();
    out.push(special(Special::Bos), 0);
    if let [page] = conversation.messages.as_slice()
        && page.role == Role::Page
    {
        out.push_text(tokenizer, &page.text(), 1);
        out.cut(max_tokens);
        return Ok(out);
    }
    let turns = turns(&conversation.messages)?;
    for turn in &turns {
        match turn {
            Turn::User(text) => {
                out.push(special(Special::UserStart), 0);
                out.push_text(tokenizer, text, 0);
                out.push(special(Special::UserEnd), 0);
            }
            Turn::Assistant(parts) => {
                out.push(special(Special::AssistantStart), 0);
                for part in *parts {
                    push_part(&mut out, tokenizer, part);
                }
                out.push(special(Special::AssistantEnd), 1);
            }
        }
    }
    out.cut(max_tokens);
    Ok(out)
}

/// One part of an answer: the assistant's text, its call of the tool, or what the tool said.
fn push_part(out: &mut Rendered, tokenizer: &Tokenizer, part: &Part) {
    let (text, mask, delimiters) = match part {
        Part::Text(text) => (text, 1, None),
        Part::Python(code) => (code, 1, Some((Special::PythonStart, Special::PythonEnd))),
        // The engine puts the output there; a model trained on it would learn to make results up.
        Part::PythonOutput(result) => (result, 0, Some((Special::OutputStart, Special::OutputEnd))),
    };
    if let Some((start, _)) = delimiters {
        out.push(tokenizer.special(start), mask);
    }
    out.push_text(tokenizer, text, mask);
    if let Some((_, end)) = delimiters {
        out.push(tokenizer.special(end), mask);
    }
}
// ANCHOR_END: render

// ANCHOR: completion
/// Renders the beginning of an answer: everything up to the last question, then `<|assistant_start|>`.
///
/// If the conversation ends with an answer, that one is left out: it is what the model is asked to write.
pub fn render_for_completion(
    conversation: &Conversation,
    tokenizer: &Tokenizer,
) -> Result<Vec<u32>, Error> {
    let mut messages = conversation.messages.clone();
    if messages.last().is_some_and(|m| m.role == Role::Assistant) {
        messages.pop();
    }
    let mut ids = render(&Conversation { messages }, tokenizer, usize::MAX)?.ids;
    ids.push(tokenizer.special(Special::AssistantStart));
    Ok(ids)
}
// ANCHOR_END: completion

// ANCHOR: turns
/// A message whose place in the conversation has been checked.
enum Turn<'a> {
    User(String),
    Assistant(&'a [Part]),
}

/// Checks the order of a conversation and merges the system message into the first question.
///
/// There is no special token for the system: a model this small sees too few of them to learn a third role, and
/// an instruction in front of the question reads just as well.
fn turns(messages: &[Message]) -> Result<Vec<Turn<'_>>, Error> {
    let (system, dialogue, first) = match messages {
        [] => return Err(Error::EmptyConversation),
        [system, rest @ ..] if system.role == Role::System => {
            if rest.is_empty() {
                return Err(Error::SystemAlone);
            }
            (Some(plain_text(system, 1)?), rest, 2)
        }
        all => (None, all, 1),
    };
    let mut turns = Vec::with_capacity(dialogue.len());
    for (index, message) in dialogue.iter().enumerate() {
        let position = first + index;
        let expected = if index % 2 == 0 {
            Role::User
        } else {
            Role::Assistant
        };
        if message.role != expected {
            return Err(Error::Order {
                position,
                found: message.role.name(),
                expected: expected.name(),
            });
        }
        turns.push(match (expected, index, &system) {
            (Role::Assistant, ..) => Turn::Assistant(&message.parts),
            (_, 0, Some(system)) => {
                Turn::User(format!("{system}\n\n{}", plain_text(message, position)?))
            }
            _ => Turn::User(plain_text(message, position)?),
        });
    }
    Ok(turns)
}

/// The text of a message that may hold nothing else.
fn plain_text(message: &Message, position: usize) -> Result<String, Error> {
    let mut text = String::new();
    for part in &message.parts {
        match part {
            Part::Text(more) => text.push_str(more),
            Part::Python(_) | Part::PythonOutput(_) => {
                return Err(Error::ToolInQuestion {
                    position,
                    role: message.role.name(),
                });
            }
        }
    }
    Ok(text)
}
// ANCHOR_END: turns

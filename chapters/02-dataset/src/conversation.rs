// ANCHOR: head
//! Conversations, and lists of them.
//!
//! - A *message* is what one party says in one turn; its *role* is system (instructions), user or assistant (the model).
//! - A *part* is a stretch of a message of one kind: text, a Python expression that the model hands to its calculator, or
//!   what the calculator answered. Only an assistant has parts other than text.
//!
//! In JSON a message is `{"role": "user", "content": "…"}`, or, where an assistant used a tool,
//! `{"role": "assistant", "content": [{"type": "text", "text": "…"}, {"type": "python", "text": "6*7"}, …]}`.

use serde::{Deserialize, Serialize};

use crate::Error;
// ANCHOR_END: head

// ANCHOR: conversation
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    pub messages: Vec<Message>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawMessage", into = "RawMessage")]
pub struct Message {
    pub role: Role,
    /// A plain string is one [`Part::Text`].
    pub parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    System,
    User,
    Assistant,
    /// Nobody: the message is a document of pretraining, alone in its conversation.
    Page,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "text", rename_all = "snake_case")]
pub enum Part {
    Text(String),
    /// An expression for the calculator.
    Python(String),
    /// What the calculator answered. The model reads it and is never trained to say it.
    PythonOutput(String),
}
// ANCHOR_END: conversation

// ANCHOR: message
impl Message {
    pub fn system(text: impl Into<String>) -> Self {
        Message {
            role: Role::System,
            parts: vec![Part::Text(text.into())],
        }
    }

    pub fn user(text: impl Into<String>) -> Self {
        Message {
            role: Role::User,
            parts: vec![Part::Text(text.into())],
        }
    }

    pub fn assistant(text: impl Into<String>) -> Self {
        Message {
            role: Role::Assistant,
            parts: vec![Part::Text(text.into())],
        }
    }

    pub fn page(text: impl Into<String>) -> Self {
        Message {
            role: Role::Page,
            parts: vec![Part::Text(text.into())],
        }
    }

    pub fn assistant_parts(parts: Vec<Part>) -> Self {
        Message {
            role: Role::Assistant,
            parts,
        }
    }

    /// All that is written in the message, tool calls and answers included, without marks between the parts.
    pub fn text(&self) -> String {
        self.parts.iter().map(Part::text).collect()
    }
}

impl Part {
    pub fn text(&self) -> &str {
        match self {
            Part::Text(text) | Part::Python(text) | Part::PythonOutput(text) => text,
        }
    }
}
// ANCHOR_END: message

// ANCHOR: check
impl Conversation {
    /// One question, one answer.
    pub fn exchange(question: impl Into<String>, answer: Message) -> Self {
        Conversation {
            messages: vec![Message::user(question), answer],
        }
    }

    /// What chat data has to look like: an optional system message, then user and assistant in turn, at least one of each.
    /// The error says which message breaks that.
    pub fn check(&self) -> Result<(), String> {
        let start = usize::from(
            self.messages
                .first()
                .is_some_and(|first| first.role == Role::System),
        );
        let turns = &self.messages[start..];
        for (turn, message) in turns.iter().enumerate() {
            let wanted = if turn % 2 == 0 {
                Role::User
            } else {
                Role::Assistant
            };
            if message.role != wanted {
                let number = start + turn + 1;
                return Err(format!(
                    "message {number} is from {}, expected {}",
                    message.role.name(),
                    wanted.name()
                ));
            }
        }
        if turns.len() < 2 {
            return Err(format!(
                "{} message(s) after the system message, at least 2 are needed",
                turns.len()
            ));
        }
        Ok(())
    }
}

impl Role {
    pub fn name(self) -> &'static str {
        match self {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::Page => "page",
        }
    }
}
// ANCHOR_END: check

// ANCHOR: source
/// A list of conversations. Unlike documents they have numbers, because fine-tuning shuffles them.
pub trait ConversationSource: Send {
    fn len(&self) -> usize;

    fn get(&self, index: usize) -> Result<Conversation, Error>;

    /// The data set's name, for logs and tables.
    fn name(&self) -> &str;

    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<S: ConversationSource + ?Sized> ConversationSource for Box<S> {
    fn len(&self) -> usize {
        (**self).len()
    }
    fn get(&self, index: usize) -> Result<Conversation, Error> {
        (**self).get(index)
    }
    fn name(&self) -> &str {
        (**self).name()
    }
}
// ANCHOR_END: source

// ANCHOR: json
/// A message as it stands in JSON: its content is a string or a list of parts.
#[derive(Serialize, Deserialize)]
struct RawMessage {
    role: Role,
    content: RawContent,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum RawContent {
    Plain(String),
    Parts(Vec<Part>),
}

impl TryFrom<RawMessage> for Message {
    type Error = String;

    /// Only an assistant calls tools, so only its content may be a list.
    fn try_from(raw: RawMessage) -> Result<Self, String> {
        let parts = match raw.content {
            RawContent::Plain(text) => vec![Part::Text(text)],
            RawContent::Parts(parts) if raw.role == Role::Assistant => parts,
            RawContent::Parts(_) => {
                return Err(format!(
                    "content of a {} message must be a string, not a list",
                    raw.role.name()
                ));
            }
        };
        Ok(Message {
            role: raw.role,
            parts,
        })
    }
}

impl From<Message> for RawMessage {
    fn from(message: Message) -> Self {
        let mut parts = message.parts;
        let content = match parts.as_mut_slice() {
            [Part::Text(text)] => RawContent::Plain(std::mem::take(text)),
            _ => RawContent::Parts(parts),
        };
        RawMessage {
            role: message.role,
            content,
        }
    }
}
// ANCHOR_END: json

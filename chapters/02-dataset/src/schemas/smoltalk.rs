// ANCHOR: head
//! SmolTalk: conversations as an object with a list `messages`, and where they came from.
//!
//! `{"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}, …], "source": "…"}`

use serde::Deserialize;
use serde_json::Value;

use super::{Schema, fields};
use crate::{Conversation, Message};
// ANCHOR_END: head

// ANCHOR: smoltalk
/// A row of smol-smoltalk, or of any set in its shape.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SmolTalk {
    pub messages: Vec<Message>,
    /// Which collection the conversation is from; other sets may leave it out.
    #[serde(default)]
    pub source: String,
}

impl Schema for SmolTalk {
    fn from_row(row: Value) -> Result<Self, String> {
        let row: SmolTalk = fields(row)?;
        row.conversation().check()?;
        Ok(row)
    }

    fn conversation(&self) -> Conversation {
        Conversation {
            messages: self.messages.clone(),
        }
    }
}
// ANCHOR_END: smoltalk

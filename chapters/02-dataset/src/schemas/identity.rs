// ANCHOR: head
//! Identity conversations: who the model is and who made it, a thousand small talks in a file of their own.
//!
//! Each line is an *array* of messages, `[{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]`, not an
//! object; they begin with the user, alternate, and hold plain strings. It is also the easiest format to write by hand:
//! a model's personality is a text file that anyone can edit.

use serde_json::Value;

use super::Schema;
use crate::{Conversation, Message, Part, Role};
// ANCHOR_END: head

// ANCHOR: identity
/// One line of such a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub messages: Vec<Message>,
}

impl Schema for Identity {
    fn from_row(row: Value) -> Result<Self, String> {
        if !row.is_array() {
            return Err(
                "expected an array of messages, `[{\"role\": …, \"content\": …}, …]`".to_owned(),
            );
        }
        let messages: Vec<Message> =
            serde_json::from_value(row).map_err(|error| error.to_string())?;
        let talk = Identity { messages };
        talk.conversation().check()?;
        for (index, message) in talk.messages.iter().enumerate() {
            let number = index + 1;
            if message.role == Role::System {
                return Err(format!(
                    "message {number} is a system message; these conversations begin with the user"
                ));
            }
            if !matches!(message.parts.as_slice(), [Part::Text(_)]) {
                return Err(format!(
                    "the content of message {number} is not a plain string"
                ));
            }
        }
        Ok(talk)
    }

    fn conversation(&self) -> Conversation {
        Conversation {
            messages: self.messages.clone(),
        }
    }
}
// ANCHOR_END: identity

// ANCHOR: head
//! A conversation on disk: one line of JSON, `{"messages": […]}`, like a line of chapter 02's training data. What you save
//! here can be edited into an example to fine-tune on.

use crate::Error;
use dataset::{Conversation, Message, Role};
use std::path::Path;
// ANCHOR_END: head

// ANCHOR: transcript
/// Writes a conversation; the file is there whole or not at all.
pub fn save(path: &Path, system: Option<&str>, messages: &[Message]) -> Result<(), Error> {
    let system = system.map(Message::system);
    let messages = system.into_iter().chain(messages.iter().cloned()).collect();
    let failed = |reason: String| Error::Transcript {
        path: path.to_path_buf(),
        done: "written",
        reason,
        remedy: "name a file in a folder that is there and that you may write to",
    };
    let json = serde_json::to_string(&Conversation { messages })
        .map_err(|error| failed(error.to_string()))?;
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".part");
    let part = path.with_file_name(name);
    std::fs::write(&part, json + "\n")
        .and_then(|()| std::fs::rename(&part, path))
        .map_err(|error| {
            let _ = std::fs::remove_file(&part); // it may not even be there
            failed(error.to_string())
        })
}

/// Reads a conversation: the system message, and whole turns.
pub fn load(path: &Path) -> Result<(Option<String>, Vec<Message>), Error> {
    let failed = |reason: String, remedy| Error::Transcript {
        path: path.to_path_buf(),
        done: "read",
        reason,
        remedy,
    };
    let text = std::fs::read_to_string(path)
        .map_err(|error| failed(error.to_string(), "name a file that /save has written"))?;
    let conversation: Conversation = serde_json::from_str(&text).map_err(|error| {
        failed(
            error.to_string(),
            "mend it, or name a file that /save has written",
        )
    })?;
    let mut messages = conversation.messages;
    let system = match messages.first() {
        Some(first) if first.role == Role::System => Some(messages.remove(0).text()),
        _ => None,
    };
    for (index, pair) in messages.chunks(2).enumerate() {
        let roles: Vec<Role> = pair.iter().map(|message| message.role).collect();
        if roles != [Role::User, Role::Assistant] {
            let turn = index + 1;
            return Err(failed(
                format!("turn {turn} is not a question of the user and an answer of the assistant"),
                "mend the file or leave the turn out",
            ));
        }
    }
    Ok((system, messages))
}
// ANCHOR_END: transcript

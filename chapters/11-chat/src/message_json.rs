// ANCHOR: head
//! A message in OpenAI's JSON, read into chapter 02's, and parts written back.
//!
//! `content` is a text, or a list of parts. OpenAI's parts are `{"type": "text", "text": …}`; chapter 02's own `python` and
//! `python_output` extend that list, so that an answer in which the model used its tool can be sent back as it was.

use crate::Refusal;
use dataset::{Message, Part, Role};
use serde_json::{Value, json};
// ANCHOR_END: head

// ANCHOR: read
/// Reads one message; `place` is what errors call it, like `messages[3]`.
pub fn read(value: &Value, place: &str) -> Result<Message, Refusal> {
    let wrong = |what: String| Refusal::field("messages", what);
    let role = match value.get("role").and_then(Value::as_str) {
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        // The newer name of the same thing.
        Some("system" | "developer") => Role::System,
        Some(other) => {
            return Err(wrong(format!(
                "{place}.role is `{other}`; it must be system, user or assistant"
            )));
        }
        None => {
            return Err(wrong(format!(
                "{place} has no role; a message is {{\"role\": \"user\", \"content\": \"…\"}}"
            )));
        }
    };
    let parts = match value.get("content") {
        Some(Value::String(text)) => vec![Part::Text(text.clone())],
        Some(Value::Array(list)) => list
            .iter()
            .enumerate()
            .map(|(index, part)| read_part(part, role, &format!("{place}.content[{index}]")))
            .collect::<Result<_, _>>()?,
        _ => return Err(wrong(format!("{place}.content must be a text"))),
    };
    Ok(Message { role, parts })
}

fn read_part(value: &Value, role: Role, place: &str) -> Result<Part, Refusal> {
    let wrong = |what: String| Err(Refusal::field("messages", what));
    let kind = value
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let Some(text) = value.get("text").and_then(Value::as_str) else {
        return wrong(format!(
            "{place} has no text; this model reads nothing else (its type is `{kind}`)"
        ));
    };
    let text = text.to_string();
    match (kind, role) {
        ("text", _) => Ok(Part::Text(text)),
        ("python", Role::Assistant) => Ok(Part::Python(text)),
        ("python_output", Role::Assistant) => Ok(Part::PythonOutput(text)),
        ("python" | "python_output", _) => wrong(format!(
            "{place}.type is `{kind}`; only an assistant calls the tool"
        )),
        _ => wrong(format!("{place}.type is `{kind}`; it must be text")),
    }
}
// ANCHOR_END: read

// ANCHOR: write
/// The parts of an answer, in the form that `read` takes back.
pub fn write_parts(parts: &[Part]) -> Value {
    let one = |part: &Part| match part {
        Part::Text(text) => json!({"type": "text", "text": text}),
        Part::Python(text) => json!({"type": "python", "text": text}),
        Part::PythonOutput(text) => json!({"type": "python_output", "text": text}),
    };
    parts.iter().map(one).collect()
}
// ANCHOR_END: write

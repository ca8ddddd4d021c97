//! What the server refuses, and in which words; and who may ask at all.

mod access;
#[path = "../babbler/mod.rs"]
mod babbler;
mod requests;
#[path = "../server/mod.rs"]
mod server;

use chat::{ChatRequest, CompletionRequest, PAGE, ServerSettings};
use serde_json::{Value, json};
use server::{Answer, agent, question, start, with};

/// Status, `param` and message of a refusal.
fn refused(answer: &Answer) -> (u16, Option<String>, String) {
    let error = &answer.json()["error"];
    let text = |name: &str| error[name].as_str().map(str::to_string);
    assert!(text("type").is_some(), "{}", answer.text);
    (
        answer.status,
        text("param"),
        text("message").expect("a message"),
    )
}

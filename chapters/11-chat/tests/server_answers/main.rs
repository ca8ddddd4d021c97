//! What the server answers, in OpenAI's words: whole and streamed, with probabilities, with tools, alone and in company.

#[path = "../babbler/mod.rs"]
mod babbler;
#[path = "../server/mod.rs"]
mod server;
mod steering;
mod tools;
mod whole_and_streamed;

use chat::ServerSettings;
use serde_json::{Value, json};
use server::{Gate, Running, question, start, start_with, with};
use tokenizer::Special;

fn babbling() -> Running {
    start(ServerSettings::default())
}

/// The text that chunks add up to.
fn added_up(chunks: &[Value]) -> String {
    chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str())
        .collect()
}

// ANCHOR: head
//! Answers as JSON: whole, or one chunk after the other.
//!
//! Both are made from the same updates. A streamed answer is a list of *chunks*, each with a *delta*, what is new; a
//! client that adds up the deltas has the whole answer. Chat and raw completion differ in names only:
//!
//! ```text
//! chat.completion.chunk   choices[0].delta.content      choices[0].logprobs.content[]
//! text_completion         choices[0].text               choices[0].logprobs.tokens[], …
//! ```

use crate::job::{Chosen, Ending, Piece, Reason, Update};
use crate::{Event, Refusal, message_json, token_json};
use dataset::Part;
use serde_json::{Value, json};
use tokenizer::Tokenizer;
// ANCHOR_END: head

// ANCHOR: teller
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Chat,
    Completion,
}

/// Knows what stays the same in all chunks of an answer.
pub struct Teller {
    pub kind: Kind,
    pub id: String,
    pub created: u64,
    pub model: String,
    pub tokenizer: Tokenizer,
    pub seed: u64,
    /// Messages that did not fit into the context.
    pub forgotten: usize,
    pub with_log_probabilities: bool,
    /// A streamed answer ends with the numbers of tokens.
    pub with_usage: bool,
    /// Characters of a raw completion told so far.
    pub told: usize,
}
// ANCHOR_END: teller

// ANCHOR: chunks
impl Teller {
    /// The chunks that an update becomes.
    pub fn chunks(&mut self, update: Update) -> Vec<Value> {
        match update {
            // Who speaks. A raw completion is nobody's.
            Update::Begun if self.kind == Kind::Chat => {
                let delta = json!({"role": "assistant", "content": ""});
                vec![self.chunk(delta, &[], None)]
            }
            Update::Begun => Vec::new(),
            Update::Piece(Piece { event, chosen }) => {
                let delta = match self.kind {
                    Kind::Chat => delta(&event),
                    Kind::Completion => json!(text(&event)),
                };
                let chunk = self.chunk(delta, &chosen, None);
                self.told += text(&event).chars().count();
                vec![chunk]
            }
            Update::Done(ending) => {
                let nothing = match self.kind {
                    Kind::Chat => json!({}),
                    Kind::Completion => json!(""),
                };
                let mut last = self.chunk(nothing, &[], Some(ending.reason));
                last["nanocrab"] = self.summary(&ending);
                let mut chunks = vec![last];
                if self.with_usage {
                    let mut extra = self.frame(json!([]));
                    extra["usage"] = usage(&ending);
                    chunks.push(extra);
                }
                chunks
            }
            Update::Failed(why) => vec![Refusal::Failed(why).json()],
        }
    }

    fn chunk(&self, new: Value, chosen: &[Chosen], reason: Option<Reason>) -> Value {
        let log_probabilities = match self.with_log_probabilities && !chosen.is_empty() {
            true => self.log_probabilities(chosen),
            false => Value::Null,
        };
        let name = match self.kind {
            Kind::Chat => "delta",
            Kind::Completion => "text",
        };
        let mut chunk = self.frame(json!([{
            "index": 0, name: new, "logprobs": log_probabilities, "finish_reason": reason.map(finish_reason)
        }]));
        if self.with_usage {
            chunk["usage"] = Value::Null;
        }
        chunk
    }

    fn frame(&self, choices: Value) -> Value {
        let object = match self.kind {
            Kind::Chat => "chat.completion.chunk",
            Kind::Completion => "text_completion",
        };
        json!({
            "id": self.id, "object": object, "created": self.created, "model": self.model, "choices": choices
        })
    }

    fn log_probabilities(&self, chosen: &[Chosen]) -> Value {
        match self.kind {
            Kind::Chat => token_json::chat(&self.tokenizer, chosen),
            Kind::Completion => token_json::completion(&self.tokenizer, chosen, self.told),
        }
    }

    /// What OpenAI's format has no place for.
    fn summary(&self, ending: &Ending) -> Value {
        // The first token comes out of the reading of the prompt, the others one by one.
        let speed = match ending.seconds > 0.0 {
            true => ending.completion_tokens.saturating_sub(1) as f64 / ending.seconds,
            false => 0.0,
        };
        json!({
            "seed": self.seed,
            "forgotten": self.forgotten,
            "tokens_per_second": (speed * 10.0).round() / 10.0,
            "time_to_first_token_ms": (ending.first_token_seconds * 1e4).round() / 10.0,
        })
    }
}
// ANCHOR_END: chunks

// ANCHOR: whole
impl Teller {
    /// The whole answer from all its updates.
    ///
    /// # Errors
    /// An answer that failed, or whose end never came.
    pub fn whole(&self, updates: Vec<Update>) -> Result<Value, Refusal> {
        let mut parts: Vec<Part> = Vec::new();
        let mut chosen = Vec::new();
        let mut ended = None;
        for update in updates {
            match update {
                Update::Begun => {}
                Update::Piece(piece) => {
                    chosen.extend(piece.chosen);
                    add(&mut parts, piece.event);
                }
                Update::Done(ending) => ended = Some(ending),
                Update::Failed(why) => return Err(Refusal::Failed(why)),
            }
        }
        let ending = ended.ok_or(Refusal::Stopping)?;
        let mut choice = json!({"index": 0});
        match self.kind {
            Kind::Chat => {
                let spoken: String = parts
                    .iter()
                    .filter(|part| matches!(part, Part::Text(_)))
                    .map(Part::text)
                    .collect();
                choice["message"] = json!({
                    "role": "assistant", "content": spoken, "refusal": null,
                    "nanocrab": {"parts": message_json::write_parts(&parts)},
                });
            }
            Kind::Completion => {
                choice["text"] = json!(parts.iter().map(Part::text).collect::<String>());
            }
        }
        choice["logprobs"] = match self.with_log_probabilities {
            true => self.log_probabilities(&chosen),
            false => Value::Null,
        };
        choice["finish_reason"] = json!(finish_reason(ending.reason));
        let mut whole = self.frame(json!([choice]));
        if self.kind == Kind::Chat {
            whole["object"] = json!("chat.completion");
        }
        whole["usage"] = usage(&ending);
        whole["nanocrab"] = self.summary(&ending);
        Ok(whole)
    }
}
// ANCHOR_END: whole

// ANCHOR: pieces
/// What a chat chunk adds. A client that knows nothing of tools sees a delta without text.
fn delta(event: &Event) -> Value {
    let tool =
        |kind: &str, text: &str| json!({"content": "", "nanocrab": {"kind": kind, "text": text}});
    match event {
        Event::Text(text) => json!({"content": text}),
        Event::ToolCall(call) => tool("python", call),
        Event::ToolResult(result) => tool("output", result),
    }
}

/// A raw completion is all text.
fn text(event: &Event) -> &str {
    match event {
        Event::Text(text) | Event::ToolCall(text) | Event::ToolResult(text) => text,
    }
}

/// Adds an event to the parts; text grows the last part if that is text.
fn add(parts: &mut Vec<Part>, event: Event) {
    match (event, parts.last_mut()) {
        (Event::Text(more), Some(Part::Text(text))) => text.push_str(&more),
        (Event::Text(text), _) if text.is_empty() => {}
        (Event::Text(text), _) => parts.push(Part::Text(text)),
        (Event::ToolCall(text), _) => parts.push(Part::Python(text)),
        (Event::ToolResult(text), _) => parts.push(Part::PythonOutput(text)),
    }
}

/// A cancelled answer has no reader; the server that is shutting down may still have one.
fn finish_reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Stop => "stop",
        Reason::Length | Reason::Cancelled => "length",
    }
}

fn usage(ending: &Ending) -> Value {
    json!({
        "prompt_tokens": ending.prompt_tokens,
        "completion_tokens": ending.completion_tokens,
        "total_tokens": ending.prompt_tokens + ending.completion_tokens,
    })
}
// ANCHOR_END: pieces

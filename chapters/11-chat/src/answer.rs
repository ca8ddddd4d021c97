// ANCHOR: head
//! From the model's tokens to what a person reads, while they arrive.
//!
//! Words: a *piece* is what one token adds to the screen. It can be empty: a token may end in the middle of a
//! character, and special tokens are not text at all. A *part* is a stretch of an answer of one kind: text, a call of
//! the tool, or what the tool said.

use dataset::Part;
use tokenizer::{Special, StreamDecoder, Tokenizer};
// ANCHOR_END: head

// ANCHOR: event
/// What a token adds to the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A piece of text, possibly empty.
    Text(String),
    /// The model has called the tool with this expression.
    ToolCall(String),
    /// The tool's answer, now part of the model's context.
    ToolResult(String),
}
// ANCHOR_END: event

// ANCHOR: answer
/// The answer so far. Feed it tokens; it gives events, and in the end the parts.
pub struct Answer {
    tokenizer: Tokenizer,
    decoder: StreamDecoder,
    /// What the open part is made of; its kind decides how it ends.
    kind: Kind,
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Call,
    Result,
}

impl Answer {
    pub fn new(tokenizer: &Tokenizer) -> Self {
        Answer {
            tokenizer: tokenizer.clone(),
            decoder: StreamDecoder::new(tokenizer),
            kind: Kind::Text,
            text: String::new(),
            parts: Vec::new(),
        }
    }

    /// Takes the next token.
    pub fn push(&mut self, id: u32) -> Event {
        match self.tokenizer.is_special(id) {
            None => {
                let piece = self.decoder.push(id);
                self.text += &piece;
                // A call is shown when it is complete: half an expression tells nobody anything.
                Event::Text(if self.kind == Kind::Text {
                    piece
                } else {
                    String::new()
                })
            }
            Some(Special::PythonStart) => self.begin(Kind::Call),
            Some(Special::OutputStart) => self.begin(Kind::Result),
            Some(Special::PythonEnd | Special::OutputEnd) => self.begin(Kind::Text),
            // The end of the answer, or a mark of a turn that has no business here: not text.
            Some(_) => Event::Text(String::new()),
        }
    }

    /// Closes the open part and begins one of another kind.
    fn begin(&mut self, next: Kind) -> Event {
        let decoder = std::mem::replace(&mut self.decoder, StreamDecoder::new(&self.tokenizer));
        let rest = decoder.finish();
        let text = std::mem::take(&mut self.text) + &rest;
        match std::mem::replace(&mut self.kind, next) {
            Kind::Text => {
                if !text.is_empty() {
                    self.parts.push(Part::Text(text));
                }
                Event::Text(rest)
            }
            Kind::Call => {
                self.parts.push(Part::Python(text.clone()));
                Event::ToolCall(text)
            }
            Kind::Result => {
                self.parts.push(Part::PythonOutput(text.clone()));
                Event::ToolResult(text)
            }
        }
    }

    /// Whether the model is in the middle of a call or of the tool's answer, which are shown when they are complete.
    pub fn in_call(&self) -> bool {
        self.kind != Kind::Text
    }

    /// No more tokens will come: what was still held back.
    pub fn close(&mut self) -> Event {
        self.begin(Kind::Text)
    }

    /// The answer is over: what was still held back, and all parts.
    pub fn finish(mut self) -> (Event, Vec<Part>) {
        let last = self.close();
        if self.parts.is_empty() {
            self.parts.push(Part::Text(String::new()));
        }
        (last, self.parts)
    }
}
// ANCHOR_END: answer

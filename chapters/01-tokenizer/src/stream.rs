// ANCHOR: head
//! Decoding one token at a time, for text that appears while it is being generated.
//!
//! The difficulty: 😀 is four bytes and often two or more tokens. Printed after the first of them, it would come out as
//! � and could not be taken back. So bytes that may still become a character are held until it is complete, or until
//! it is certain that it never will be.

use crate::Tokenizer;
use crate::decode::REPLACEMENT;
// ANCHOR_END: head

// ANCHOR: stream
/// Pushing ids one by one and joining what comes out gives exactly `Tokenizer::decode` of all of them.
#[derive(Clone)]
pub struct StreamDecoder {
    tokenizer: Tokenizer,
    /// The beginning of a character: at most three bytes between calls, because no character has more than four.
    pending: Vec<u8>,
}

impl StreamDecoder {
    /// Copies a handle to the tokenizer, not its tables.
    pub fn new(tokenizer: &Tokenizer) -> Self {
        StreamDecoder {
            tokenizer: tokenizer.clone(),
            pending: Vec::new(),
        }
    }

    /// The text that is certain after this token; may be empty.
    pub fn push(&mut self, id: u32) -> String {
        let bytes = self.tokenizer.written(id);
        self.pending
            .extend_from_slice(bytes.unwrap_or(REPLACEMENT.as_bytes()));
        let mut text = String::new();
        let mut done = 0;
        let mut chunks = self.pending.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            text.push_str(chunk.valid());
            done += chunk.valid().len();
            if chunks.peek().is_none() && could_continue(chunk.invalid()) {
                break; // these bytes wait for the next token
            }
            if !chunk.invalid().is_empty() {
                text.push_str(REPLACEMENT);
                done += chunk.invalid().len();
            }
        }
        self.pending.drain(..done);
        text
    }

    /// The end of the sequence: a character that is still incomplete never will be complete.
    pub fn finish(self) -> String {
        String::from_utf8_lossy(&self.pending).into_owned()
    }
}

/// Whether more bytes could make a character of these. The standard library tells apart "wrong" (`error_len` says how
/// many bytes to skip) and "too short" (`None`).
fn could_continue(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}
// ANCHOR_END: stream

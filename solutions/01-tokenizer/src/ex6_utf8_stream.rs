//! # A decoder that never shows half a character
//!
//! Goal: turn bytes that arrive in pieces into text, showing each character as soon as it is certain, and never half of one.
//!
//! Minutes: 45. Difficulty: 3 of 5.
//!
//! A model speaks in tokens, and a token may end in the middle of a character. After the first two bytes of 🦀 nothing may be
//! shown, after the fourth the whole crab. Bytes that can never become a character are shown as � (U+FFFD), as soon as that is
//! certain.
//!
//! The pieces joined, with what `finish` returns at the end, must be exactly what `String::from_utf8_lossy` says of all bytes
//! at once, wherever the cuts were.
//!
//! ## Hint 1
//!
//! Append the new bytes to those that wait, and ask `std::str::from_utf8` of all of them. Its error tells how far the text is
//! good (`valid_up_to`), and why it stopped.
//!
//! ## Hint 2
//!
//! `error_len()` is the question that matters: `None` means "too short, more bytes could mend it", so wait; `Some(n)` means "these
//! n bytes are wrong", so write one � for them and go on behind them.
//!
//! ## Hint 3
//!
//! It is a loop: push what is valid, and remove it from the waiting bytes; if the rest is wrong, push a � and remove n more; if
//! it is too short, or nothing is left, return. At most three bytes wait between calls.

/// Text out of bytes that come in pieces.
#[derive(Debug, Default)]
pub struct Utf8Stream {
    /// Bytes that may still become a character. You may add fields, or replace this one.
    pub waiting: Vec<u8>,
}

impl Utf8Stream {
    /// The text that is certain now. May be empty.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        self.waiting.extend_from_slice(bytes);
        let mut text = String::new();
        loop {
            let (valid, wrong) = match std::str::from_utf8(&self.waiting) {
                Ok(all) => (all.len(), None),
                Err(error) => (error.valid_up_to(), error.error_len()),
            };
            // Exactly the part that was found valid: nothing is replaced here.
            text.push_str(&String::from_utf8_lossy(&self.waiting[..valid]));
            self.waiting.drain(..valid + wrong.unwrap_or(0));
            if wrong.is_none() {
                return text;
            }
            text.push('\u{FFFD}');
        }
    }

    /// The end: what still waits will never be a character.
    pub fn finish(self) -> String {
        String::from_utf8_lossy(&self.waiting).into_owned()
    }
}

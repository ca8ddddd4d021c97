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
//! Help: `cargo course hint 01.6`. Judge it: `cargo course check 01.6`.

/// Text out of bytes that come in pieces.
#[derive(Debug, Default)]
pub struct Utf8Stream {
    /// Bytes that may still become a character. You may add fields, or replace this one.
    pub waiting: Vec<u8>,
}

impl Utf8Stream {
    /// The text that is certain now. May be empty.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        let _ = bytes; // delete this line
        todo!("exercise 01.6")
    }

    /// The end: what still waits will never be a character.
    pub fn finish(self) -> String {
        todo!("exercise 01.6")
    }
}

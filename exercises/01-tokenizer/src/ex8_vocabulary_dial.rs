//! # The vocabulary dial
//!
//! Goal: turn the vocabulary size down without training again, and measure what it costs in bytes per token.
//!
//! Minutes: 20. Difficulty: 2 of 5.
//!
//! Training never looks ahead: the first thousand merges of a large vocabulary are the thousand merges of a small one. So a
//! tokenizer can be cut, and a curve of bytes per token over V costs one training run.
//!
//! Bytes per token of several documents is a ratio of sums: all bytes, divided by all tokens. The mean of the documents' ratios
//! would let a line of ten characters count as much as a book.
//!
//! Help: `cargo course hint 01.8`. Judge it: `cargo course check 01.8`.

use tokenizer::{Error, Tokenizer};

/// The tokenizer that training with this vocabulary size would have given, or the whole one if it is smaller.
///
/// # Errors
/// [`Error::VocabularyTooSmall`] where the bytes and the special tokens do not fit.
pub fn cut(tokenizer: &Tokenizer, vocab_size: usize) -> Result<Tokenizer, Error> {
    let _ = (tokenizer, vocab_size); // delete this line
    todo!("exercise 01.8")
}

/// Bytes per token over all documents together; 0 where there are no tokens.
pub fn bytes_per_token(tokenizer: &Tokenizer, documents: &[&str]) -> f64 {
    let _ = (tokenizer, documents); // delete this line
    todo!("exercise 01.8")
}

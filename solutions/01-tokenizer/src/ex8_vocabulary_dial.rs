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
//! ## Hint 1
//!
//! A vocabulary of V has 256 bytes, V − 256 − 9 merges, and the nine special tokens (`Special::ALL`).
//!
//! ## Hint 2
//!
//! `tokenizer.vocabulary().merges()` are the merges in the order in which they were learned; `Vocabulary::from_merges` and
//! `Tokenizer::new` make a tokenizer of the first so many. A wish for more than there is gives all of them.
//!
//! ## Hint 3
//!
//! Below 265 nothing fits: `checked_sub` says so, and `Error::VocabularyTooSmall { wanted }` is the error that `train` returns
//! too. For the ratio, text that has no tokens has no bytes either; answer 0 then.

use tokenizer::{Error, Special, Tokenizer, Vocabulary};

/// The tokenizer that training with this vocabulary size would have given, or the whole one if it is smaller.
///
/// # Errors
/// [`Error::VocabularyTooSmall`] where the bytes and the special tokens do not fit.
pub fn cut(tokenizer: &Tokenizer, vocab_size: usize) -> Result<Tokenizer, Error> {
    let merges = tokenizer.vocabulary().merges();
    let wanted = vocab_size
        .checked_sub(256 + Special::ALL.len())
        .ok_or(Error::VocabularyTooSmall { wanted: vocab_size })?;
    let kept = merges[..wanted.min(merges.len())].to_vec();
    Ok(Tokenizer::new(Vocabulary::from_merges(kept)?))
}

/// Bytes per token over all documents together; 0 where there are no tokens.
pub fn bytes_per_token(tokenizer: &Tokenizer, documents: &[&str]) -> f64 {
    let bytes: usize = documents.iter().map(|text| text.len()).sum();
    let tokens: usize = documents
        .iter()
        .map(|text| tokenizer.encode(text).len())
        .sum();
    bytes as f64 / tokens.max(1) as f64
}

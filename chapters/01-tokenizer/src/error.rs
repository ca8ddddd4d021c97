// ANCHOR: head
//! What can go wrong, and what the reader of the message should do about it.

use std::path::PathBuf;

use crate::special::Special;
// ANCHOR_END: head

// ANCHOR: error
/// Every message names the thing at fault and ends with the remedy.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There was nothing to count: no documents, or only empty ones.
    #[error(
        "the training text is empty ({documents} documents, 0 characters): give at least one document with text in it"
    )]
    EmptyText { documents: usize },

    /// 256 bytes and the special tokens must fit before the first merge.
    #[error(
        "a vocabulary of {wanted} is too small: 256 single bytes and {} special tokens already take {}; ask for at least that many",
        Special::ALL.len(),
        Special::ALL.len() + 256
    )]
    VocabularyTooSmall { wanted: usize },

    /// Every chunk of the text has become one token and there is nothing left to merge.
    #[error(
        "a vocabulary of {wanted} is more than this text can give: it ran out of pairs after {possible} merges; \
         ask for at most {largest}, or give more text"
    )]
    VocabularyTooLarge {
        wanted: usize,
        possible: usize,
        largest: usize,
    },

    /// Positions are stored as 32-bit numbers.
    #[error(
        "the distinct chunks of the text take {bytes} bytes, and positions are kept in 32 bits: \
         lower `max_chars` or `max_document_chars`"
    )]
    TooManyDistinctChunks { bytes: usize },

    /// A list of merges that no training run could have produced.
    #[error("merge {index} {reason}: the list of merges is damaged; train the tokenizer again")]
    BadMerge { index: usize, reason: String },

    /// An id beyond the vocabulary.
    #[error(
        "id {id} does not exist in a vocabulary of {vocab_size}: the ids come from another tokenizer; load the one they were made with"
    )]
    UnknownId { id: u32, vocab_size: usize },

    /// A tokenizer.json that is not JSON, or lacks a key, or says something this crate cannot do.
    #[error(
        "{}: at `{key}`: {reason}; save the tokenizer again, or point to the folder it was trained in",
        path.display()
    )]
    Corrupt {
        path: PathBuf,
        key: String,
        reason: String,
    },

    /// The disk said no.
    #[error("cannot {action} {}: {source}; check that the folder exists and that you may use it", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },
}
// ANCHOR_END: error

// ANCHOR: head
//! Chapter 1: text to numbers and back.
//!
//! A language model reads and writes *ids*, whole numbers below the vocabulary size V. This crate makes them from text:
//!
//! ```text
//! "The cat's here"  --split-->  "The" " cat" "'s" " here"  --merge-->  357  279 305  322  523
//! ```
//!
//! (The ids are those of a vocabulary of 4,096 trained on Shakespeare, where ` cat` is no token and takes two.)
//!
//! Read the files in this order: `pattern` splits text into chunks; `count` counts them; `naive` defines the training
//! in forty lines; `strip` and `train` do it fast; `vocabulary` is the result; `encode`, `decode` and `stream` use it;
//! `special` adds the marks that no text can produce; `tokenizer_json` and `tiktoken` write it for other programs;
//! `compression` and `fertility` measure how good it is. The folder `fast` does the work of `pattern`, `count`, `train`
//! and `encode` again, with the same result in a fraction of the time; it comes last.

pub mod atomic_file;
pub mod batches;
pub mod compression;
pub mod count;
mod decode;
pub mod encode;
mod error;
pub mod fast;
pub mod fertility;
pub mod naive;
pub mod pattern;
pub mod sample_text;
mod special;
mod stream;
pub mod strip;
mod tiktoken;
mod tokenizer_json;
pub mod train;
mod vocabulary;

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use thread_local::ThreadLocal;

pub use error::Error;
pub use fast::batch::Encoded;
pub use special::Special;
pub use stream::StreamDecoder;
pub use train::{FindMerges, Progress, TrainSettings, train, train_with};
pub use vocabulary::Vocabulary;

use fast::chunk_cache::ChunkCache;
use fast::encoder::Encoder;
// ANCHOR_END: head

// ANCHOR: tokenizer
/// Two neighbouring tokens.
pub type Pair = (u32, u32);

/// A trained tokenizer. Cloning copies a pointer; all threads may use one at the same time.
#[derive(Clone, Debug)]
pub struct Tokenizer {
    tables: Arc<Tables>,
}

#[derive(Debug)]
struct Tables {
    vocabulary: Vocabulary,
    encoder: Encoder,
    /// Chunks merged lately, one cache per thread.
    caches: ThreadLocal<RefCell<ChunkCache>>,
}

impl Tokenizer {
    pub fn new(vocabulary: Vocabulary) -> Self {
        Tokenizer {
            tables: Arc::new(Tables {
                encoder: Encoder::new(&vocabulary),
                vocabulary,
                caches: ThreadLocal::new(),
            }),
        }
    }

    /// Reads a tokenizer.json. The error names the file and the key at fault.
    pub fn load(path: &Path) -> Result<Self, Error> {
        tokenizer_json::load(path)
    }

    /// Writes a tokenizer.json, whole or not at all.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        tokenizer_json::save(self, path)
    }

    /// The text of a tokenizer.json, for whoever writes it by means of their own.
    pub fn to_json_text(&self) -> String {
        tokenizer_json::text(self)
    }

    /// Bytes and merges, without the special tokens.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.tables.vocabulary
    }

    /// V: bytes, merges and special tokens. Every id is below it.
    pub fn vocab_size(&self) -> usize {
        self.vocabulary().len() + Special::ALL.len()
    }
}
// ANCHOR_END: tokenizer

// ANCHOR: encode
impl Tokenizer {
    /// The ids of a text. The name of a special token in it is text like any other.
    pub fn encode(&self, text: &str) -> Vec<u32> {
        let mut ids = Vec::with_capacity(text.len() / 3);
        self.encode_into(text, &mut ids);
        ids
    }

    /// As `encode`, appending to `ids`. The ids are those of `encode::encode_text`, by the faster way of `fast::encoder`.
    pub fn encode_into(&self, text: &str, ids: &mut Vec<u32>) {
        let tables = &*self.tables;
        let mut cache = tables.caches.get_or_default().borrow_mut();
        tables
            .encoder
            .encode_into(&tables.vocabulary, &mut cache, text, ids);
    }
}
// ANCHOR_END: encode

// ANCHOR: ids
impl Tokenizer {
    /// The id of a special token: they follow the last merge.
    pub fn special(&self, special: Special) -> u32 {
        (self.vocabulary().len() + special.index()) as u32
    }

    /// Which special token an id is, if it is one.
    pub fn is_special(&self, id: u32) -> Option<Special> {
        let index = (id as usize).checked_sub(self.vocabulary().len())?;
        Special::ALL.get(index).copied()
    }

    /// The bytes of a token; `None` for special tokens and ids that do not exist.
    pub fn token(&self, id: u32) -> Option<&[u8]> {
        self.vocabulary().token(id)
    }

    /// Bytes per id, 0 for special tokens: what turns a loss per token into bits per byte.
    pub fn token_bytes(&self) -> Vec<usize> {
        let mut lengths: Vec<usize> = self
            .vocabulary()
            .lengths()
            .iter()
            .map(|&n| n as usize)
            .collect();
        lengths.resize(self.vocab_size(), 0);
        lengths
    }

    /// Sha-256 of all that decides which ids a text gets. A checkpoint keeps it: a model with another tokenizer's ids
    /// runs without complaint and talks nonsense.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(pattern::pattern_text());
        for special in Special::ALL {
            hash.update(special.name());
        }
        for (left, right) in self.vocabulary().merges() {
            hash.update(left.to_le_bytes());
            hash.update(right.to_le_bytes());
        }
        hash.finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}
// ANCHOR_END: ids

// ANCHOR: head
//! The other file format in use: one line per token, its bytes in base64, a space, its rank.
//!
//! OpenAI's `tiktoken` reads it, given the split pattern and the special tokens as arguments. It stores no merges: it
//! merges whatever two neighbours make a known token, lowest rank first. For a vocabulary that training made this
//! is the same, because each token's bytes have only one way to arise.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::Tokenizer;
use crate::atomic_file;
use crate::error::Error;
// ANCHOR_END: head

// ANCHOR: tiktoken
impl Tokenizer {
    /// The ranks file. Special tokens are not part of it.
    pub fn to_tiktoken(&self) -> String {
        let mut lines = String::new();
        for rank in 0..self.vocabulary().len() as u32 {
            let bytes = self.token(rank).expect("below the number of tokens");
            lines.push_str(&format!("{} {rank}\n", STANDARD.encode(bytes)));
        }
        lines
    }

    /// Writes the ranks file, whole or not at all.
    pub fn save_tiktoken(&self, path: &Path) -> Result<(), Error> {
        atomic_file::write(path, self.to_tiktoken().as_bytes())
    }
}
// ANCHOR_END: tiktoken

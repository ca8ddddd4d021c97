// ANCHOR: head
//! Ids to bytes, and bytes to text.
//!
//! Decoding is a table look-up: the bytes of the tokens, one after the other. They need not be valid UTF-8: a token
//! may be half a character, and a model may put halves together that do not fit. So there are two answers: the
//! bytes as they are, and *lossy* text, in which every broken place reads `U+FFFD` (�).

use crate::Tokenizer;
use crate::error::Error;
// ANCHOR_END: head

// ANCHOR: decode
/// Printed in place of bytes that are no text, and of ids that are no token.
pub(crate) const REPLACEMENT: &str = "\u{FFFD}";

impl Tokenizer {
    /// The bytes that `ids` stand for. Special tokens read as their names.
    pub fn decode_bytes(&self, ids: &[u32]) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::with_capacity(ids.len() * 4);
        for &id in ids {
            bytes.extend_from_slice(self.written(id).ok_or(Error::UnknownId {
                id,
                vocab_size: self.vocab_size(),
            })?);
        }
        Ok(bytes)
    }

    /// The text that `ids` stand for, with `U+FFFD` where the bytes are not UTF-8 or an id does not exist.
    pub fn decode(&self, ids: &[u32]) -> String {
        let bytes: Vec<u8> = ids
            .iter()
            .flat_map(|&id| self.written(id).unwrap_or(REPLACEMENT.as_bytes()))
            .copied()
            .collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// What an id looks like in print: a token's bytes, or a special token's name.
    pub(crate) fn written(&self, id: u32) -> Option<&[u8]> {
        let special = || Some(self.is_special(id)?.name().as_bytes());
        self.token(id).or_else(special)
    }
}
// ANCHOR_END: decode

// ANCHOR: head
//! The merges, and what follows from them: which bytes each id stands for, and which id each pair becomes.
//!
//! A *token* is a string of bytes with an id. Ids 0 to 255 are the single bytes. Merge number j makes id 256 + j
//! out of two smaller ids. The special tokens, which stand for no bytes, come after the last merge; they are no
//! part of this table.
//!
//! The list of merges is all there is to know: everything else here is derived from it.

use hashbrown::HashMap;

use crate::Pair;
use crate::error::Error;
use crate::fast::encoder::Encoder;
// ANCHOR_END: head

// ANCHOR: vocabulary
#[derive(Debug)]
pub struct Vocabulary {
    merges: Vec<Pair>,
    /// The bytes of all tokens, one behind the other; token `id` is `bytes[ends[id - 1]..ends[id]]`.
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Bytes per token.
    lengths: Vec<u32>,
    by_bytes: HashMap<Box<[u8]>, u32>,
    by_pair: HashMap<Pair, u32>,
}

impl Vocabulary {
    /// Builds the tables. Fails if a merge names an id that does not exist yet, repeats a pair, or makes a token
    /// that encoding could never reach.
    pub fn from_merges(merges: Vec<Pair>) -> Result<Self, Error> {
        let mut vocabulary = Vocabulary {
            bytes: (0..=255).collect(),
            ends: (1..=256).collect(),
            lengths: vec![1; 256],
            by_bytes: (0..=255u8)
                .map(|byte| ([byte].into(), byte.into()))
                .collect(),
            by_pair: HashMap::with_capacity(merges.len()),
            merges,
        };
        for index in 0..vocabulary.merges.len() {
            vocabulary.add(index)?;
        }
        vocabulary.check_reachable()?;
        Ok(vocabulary)
    }

    /// Merge number `index` becomes token 256 + `index`.
    fn add(&mut self, index: usize) -> Result<(), Error> {
        let (left, right) = self.merges[index];
        let bad = |reason: String| Error::BadMerge { index, reason };
        let (Some(left_bytes), Some(right_bytes)) = (self.token(left), self.token(right)) else {
            return Err(bad(format!(
                "joins ({left}, {right}), but only ids below {} exist by then",
                self.len()
            )));
        };
        let joined = [left_bytes, right_bytes].concat();
        let new = self.len() as u32;
        // Two ways to the same bytes cannot both come out of training: the first would have merged the second away.
        if let Some(other) = self.by_bytes.insert(joined.as_slice().into(), new) {
            return Err(bad(format!("makes the same bytes as id {other}")));
        }
        self.lengths.push(joined.len() as u32);
        self.bytes.extend(joined);
        self.ends.push(self.bytes.len());
        self.by_pair.insert((left, right), new);
        Ok(())
    }

    /// A token's own bytes must merge back into that token. Training guarantees it; the short cut in `encode.rs`
    /// (a chunk that *is* a token needs no merging) rests on it; a file edited by hand may break it. Merging tens of
    /// thousands of tokens is work, so it is left to the encoder of `fast`, which merges as `encode.rs` does.
    fn check_reachable(&self) -> Result<(), Error> {
        let encoder = Encoder::new(self);
        let mut ids = Vec::new();
        for id in 256..self.len() as u32 {
            ids.clear();
            encoder.merge(self, self.token(id).expect("id < len"), &mut ids);
            if ids != [id] {
                return Err(Error::BadMerge {
                    index: id as usize - 256,
                    reason: format!("makes id {id}, whose bytes encode to {ids:?} instead"),
                });
            }
        }
        Ok(())
    }
}
// ANCHOR_END: vocabulary

// ANCHOR: lookups
impl Vocabulary {
    /// Number of tokens, special ones not included.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Never: the 256 bytes are always there.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The bytes of a token; `None` beyond the last merge.
    pub fn token(&self, id: u32) -> Option<&[u8]> {
        let id = id as usize;
        let end = *self.ends.get(id)?;
        Some(&self.bytes[end - self.lengths[id] as usize..end])
    }

    /// Bytes per token, by id.
    pub fn lengths(&self) -> &[u32] {
        &self.lengths
    }

    /// The token with exactly these bytes.
    pub fn id_of(&self, bytes: &[u8]) -> Option<u32> {
        self.by_bytes.get(bytes).copied()
    }

    /// What two neighbours become. The answer is also the *rank* of the merge: pairs that were merged earlier in
    /// training have smaller ids and go first in encoding too.
    pub fn merged(&self, pair: Pair) -> Option<u32> {
        self.by_pair.get(&pair).copied()
    }

    /// The pair that became `id`, for ids from 256 on.
    pub fn pair_of(&self, id: u32) -> Pair {
        self.merges[id as usize - 256]
    }

    /// In the order in which they were learned: merge j makes id 256 + j.
    pub fn merges(&self) -> &[Pair] {
        &self.merges
    }
}
// ANCHOR_END: lookups

// ANCHOR: head
//! Tokens lying side by side over the bytes they cover.
//!
//! Merging needs, at any place and at once: which token starts here, which follows, which stands before. A vector
//! that closes up after each merge moves everything behind it: a merge costs the length of the text. A *strip*
//! never moves anything. It has one cell per byte, and a token writes its id into the first and the last of its
//! cells:
//!
//! ```text
//! bytes      |  t   h   e     c   a   t  |
//! at first   #  t   h   e  #  c   a   t  #      # is a BORDER: chunks end here
//! he = 256   #  t  256 256 #  c   a   t  #
//! the = 257  # 257  .  257 #  c   a   t  #      . is INSIDE a token, nobody's end
//! ```
//!
//! The token after the one at `p` starts at `p + length(id at p)`. The token before it *ends* at `p - 1`, where
//! its id is written too, so it starts at `p - length(id at p - 1)`. Both are one look-up. Memory allocators use
//! the same trick for free blocks, under the name boundary tags (Knuth 1973, volume 1, section 2.5).

use crate::Pair;

/// A cell between chunks: no token, and no pair crosses it.
const BORDER: u32 = u32::MAX;
/// A cell in the middle of a token.
const INSIDE: u32 = u32::MAX - 1;
// ANCHOR_END: head

// ANCHOR: strip
/// `lengths[id]` is the number of bytes of token `id`; it grows with the vocabulary and is passed in.
pub struct Strip {
    cells: Vec<u32>,
}

impl Strip {
    /// An empty strip with room for `bytes` bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        let mut cells = Vec::with_capacity(bytes + 1);
        cells.push(BORDER);
        Strip { cells }
    }

    /// Appends a chunk as single-byte tokens and returns where it starts. The id of a single byte is its value.
    pub fn push_chunk(&mut self, chunk: &[u8]) -> usize {
        let start = self.cells.len();
        self.cells.extend(chunk.iter().map(|&byte| u32::from(byte)));
        self.cells.push(BORDER);
        start
    }

    /// Number of cells, borders included.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    pub fn is_empty(&self) -> bool {
        self.cells.len() == 1
    }

    /// The token that starts (or ends) at `at`; `None` at a border and in the middle of a token.
    pub fn token_at(&self, at: usize) -> Option<u32> {
        let id = self.cells[at];
        (id < INSIDE).then_some(id)
    }

    /// The token after the one that starts at `at`, and where it starts.
    pub fn after(&self, at: usize, lengths: &[u32]) -> Option<(usize, u32)> {
        let next = at + lengths[self.cells[at] as usize] as usize;
        self.token_at(next).map(|id| (next, id))
    }

    /// The token before the one that starts at `at`, and where it starts.
    pub fn before(&self, at: usize, lengths: &[u32]) -> Option<(usize, u32)> {
        let id = self.token_at(at - 1)?; // its last cell
        Some((at - lengths[id as usize] as usize, id))
    }

    /// Whether `pair` stood at `at` once and still does: then where its right half starts. A place that was noted for
    /// a pair may since lie at the end of a larger token or inside it; the cell then holds a larger id or none,
    /// because ids in a cell only grow. So comparing the left half settles it.
    pub fn still_holds(&self, at: usize, pair: Pair, lengths: &[u32]) -> Option<usize> {
        if self.token_at(at) != Some(pair.0) {
            return None;
        }
        let (right_start, right) = self.after(at, lengths)?;
        (right == pair.1).then_some(right_start)
    }

    /// Makes one token `new` of the token that starts at `at` and the one after it. `lengths[new]` must be known already.
    pub fn merge(&mut self, at: usize, new: u32, lengths: &[u32]) {
        let middle = at + lengths[self.cells[at] as usize] as usize;
        let end = at + lengths[new as usize] as usize;
        // First the two ends that meet in the middle, then the new ends: where a half is one byte long its only
        // cell is both, and the new id must win.
        self.cells[middle - 1] = INSIDE;
        self.cells[middle] = INSIDE;
        self.cells[at] = new;
        self.cells[end - 1] = new;
    }
}
// ANCHOR_END: strip

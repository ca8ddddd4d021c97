// ANCHOR: head
//! The ids of chunks that were merged lately.
//!
//! A chunk that is no token is mostly a word that the text will use again: a name, a technical term. Merging it takes
//! some forty times as long as looking it up. The cache is *direct-mapped*: a chunk has one place where it may be, and
//! puts out whatever was there. Nothing has to be counted, aged or thrown away, and a wrong guess costs one merge.

use crate::fast::flat_table::Key;
use crate::fast::packed::Packed;
// ANCHOR_END: head

// ANCHOR: cache
/// 16,384 places of 48 bytes are 786 KB, what a core has for itself. With a quarter of them, encoding with 4,096 ids took 15 %
/// longer (2 vCPU AMD EPYC, median of three pairs of runs).
const PLACES: usize = 16_384;
const MOST: usize = 7;

#[derive(Debug)]
pub struct ChunkCache {
    entries: Box<[Entry]>,
}

#[derive(Clone, Debug)]
struct Entry {
    chunk: Packed,
    count: u32,
    ids: [u32; MOST],
}

impl Default for ChunkCache {
    fn default() -> Self {
        let free = Entry {
            chunk: Packed::FREE,
            count: 0,
            ids: [0; MOST],
        };
        ChunkCache {
            entries: vec![free; PLACES].into(),
        }
    }
}

impl ChunkCache {
    /// The ids of `chunk`, if it was the last of its place.
    #[inline]
    pub fn get(&self, chunk: Packed) -> Option<&[u32]> {
        let entry = &self.entries[chunk.mixed() as usize % PLACES];
        (entry.chunk == chunk).then(|| &entry.ids[..entry.count as usize])
    }

    /// Keeps `ids` if they are few enough.
    pub fn put(&mut self, chunk: Packed, ids: &[u32]) {
        if ids.len() <= MOST {
            let entry = &mut self.entries[chunk.mixed() as usize % PLACES];
            entry.chunk = chunk;
            entry.count = ids.len() as u32;
            entry.ids[..ids.len()].copy_from_slice(ids);
        }
    }
}
// ANCHOR_END: cache

//! # Merge one chunk
//!
//! Goal: merge a pair inside one chunk and report exactly which pair counts it changed.
//!
//! Minutes: 45. Difficulty: 3 of 5. Plugs in: `./speedrun.sh --mine 01` trains its tokenizer with your function.
//!
//! Fast trainers do not count again after a merge: they correct the counts. Around one place where (l, r) stood, with a
//! before it and b after it,
//!
//! ```text
//! … a l r b …   becomes   … a x b …
//! ```
//!
//! (a, l), (l, r) and (r, b) lose one occurrence, and (a, x) and (x, b) gain one. Your function does that for every place in
//! one chunk, from left to right, and returns the changes. `merges`, below it, is a whole trainer around your function; it
//! has to make the merges of the chapter.
//!
//! The order of the changes is free, and the same pair may be listed several times: they are added up.
//!
//! Help: `cargo course hint 01.4`. Judge it: `cargo course check 01.4`.

use crate::chunk_trainer::merges_with;
use tokenizer::Pair;
use tokenizer::count::ChunkCounts;

/// Replaces `pair` by `new` in one chunk, from left to right, and returns by how much the number of each pair in the chunk
/// changed.
pub fn merge_chunk(ids: &mut Vec<u32>, pair: Pair, new: u32) -> Vec<(Pair, i64)> {
    let _ = (ids, pair, new); // delete this line
    todo!("exercise 01.4")
}

/// Up to `wanted` merges, made with `merge_chunk`. This is what the speedrun calls.
pub fn merges(counts: &ChunkCounts, wanted: usize) -> Vec<Pair> {
    merges_with(merge_chunk, counts, wanted)
}

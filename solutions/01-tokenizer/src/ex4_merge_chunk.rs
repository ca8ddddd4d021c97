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
//! ## Hint 1
//!
//! Build the merged chunk in a new vector, as in exercise 3. The token *before* a place is then the last one of the new
//! vector, and not the id in the old one: it may have been merged a moment ago.
//!
//! ## Hint 2
//!
//! At a place: if there is a token `left` before it, (left, l) loses one and (left, x) gains one. (l, r) loses one. If there
//! is an id `right` after it, (r, right) loses one and (x, right) gains one.
//!
//! ## Hint 3
//!
//! Two places side by side, `l r l r`, need no special case. The first promises (x, l) to the right; the second finds x on its
//! left, takes (x, l) back and gives (x, x). Work it through on paper with `a a a a` and (a, a): three pairs are lost, one
//! (x, x) remains.

use crate::chunk_trainer::merges_with;
use tokenizer::Pair;
use tokenizer::count::ChunkCounts;

/// Replaces `pair` by `new` in one chunk, from left to right, and returns by how much the number of each pair in the chunk
/// changed.
pub fn merge_chunk(ids: &mut Vec<u32>, pair: Pair, new: u32) -> Vec<(Pair, i64)> {
    let mut changes = Vec::new();
    let mut merged: Vec<u32> = Vec::with_capacity(ids.len());
    let mut at = 0;
    while at < ids.len() {
        if !ids[at..].starts_with(&[pair.0, pair.1]) {
            merged.push(ids[at]);
            at += 1;
            continue;
        }
        if let Some(&left) = merged.last() {
            changes.extend([((left, pair.0), -1), ((left, new), 1)]);
        }
        changes.push((pair, -1));
        if let Some(&right) = ids.get(at + 2) {
            changes.extend([((pair.1, right), -1), ((new, right), 1)]);
        }
        merged.push(new);
        at += 2;
    }
    *ids = merged;
    changes
}

// given
/// Up to `wanted` merges, made with `merge_chunk`. This is what the speedrun calls.
pub fn merges(counts: &ChunkCounts, wanted: usize) -> Vec<Pair> {
    merges_with(merge_chunk, counts, wanted)
}

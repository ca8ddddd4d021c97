// ANCHOR: head
//! Text to ids: split into chunks, then replay the merges inside each chunk in the order they were learned.
//!
//! The *rank* of a pair is the id it becomes. Encoding a chunk means: of all neighbouring pairs that have a rank,
//! merge the one with the lowest; of equal ones the leftmost; until none has a rank. Three ways to the same ids:
//!
//! - the chunk is itself a token: one look-up. This is most of ordinary text;
//! - short chunks: look at every pair, merge, look again. Quadratic in the length, but for a few dozen bytes nothing
//!   is faster than a loop over them;
//! - long chunks (a line of base64, a row of dashes, a word of a script without spaces): a heap of pairs and the
//!   strip of `strip.rs`, in n log n. Without it a megabyte of one letter takes hours.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::pattern::Pattern;
use crate::strip::Strip;
use crate::vocabulary::Vocabulary;
// ANCHOR_END: head

// ANCHOR: text
/// Appends the ids of a text.
pub fn encode_text(pattern: &Pattern, vocabulary: &Vocabulary, text: &str, ids: &mut Vec<u32>) {
    for chunk in pattern.split(text) {
        encode_chunk(vocabulary, chunk.as_bytes(), ids);
    }
}
// ANCHOR_END: text

// ANCHOR: encode_chunk
/// Where the loop hands over to the heap, in bytes. Words stay below, and both sides give the same ids.
const SHORT: usize = 48;

/// Appends the ids of one chunk to `ids`.
pub fn encode_chunk(vocabulary: &Vocabulary, chunk: &[u8], ids: &mut Vec<u32>) {
    match vocabulary.id_of(chunk) {
        Some(id) => ids.push(id),
        None => merge_chunk(vocabulary, chunk, ids),
    }
}

/// As `encode_chunk`, always by merging.
pub fn merge_chunk(vocabulary: &Vocabulary, chunk: &[u8], ids: &mut Vec<u32>) {
    if chunk.len() <= SHORT {
        merge_short(vocabulary, chunk, ids);
    } else {
        merge_long(vocabulary, chunk, ids);
    }
}
// ANCHOR_END: encode_chunk

// ANCHOR: short
/// The loop. It works at the end of `ids` itself, so that nothing is allocated.
pub fn merge_short(vocabulary: &Vocabulary, chunk: &[u8], ids: &mut Vec<u32>) {
    let first = ids.len();
    ids.extend(chunk.iter().map(|&byte| u32::from(byte)));
    loop {
        let lowest = ids[first..]
            .windows(2)
            .enumerate()
            .filter_map(|(at, pair)| Some((vocabulary.merged((pair[0], pair[1]))?, at)))
            .min();
        let Some((rank, at)) = lowest else {
            return;
        };
        ids[first + at] = rank;
        ids.remove(first + at + 1);
    }
}
// ANCHOR_END: short

// ANCHOR: long
/// The heap. A pair on it may be gone by the time it comes to the top, its halves taken by their neighbours; then it is
/// dropped.
pub fn merge_long(vocabulary: &Vocabulary, chunk: &[u8], ids: &mut Vec<u32>) {
    let lengths = vocabulary.lengths();
    let mut strip = Strip::with_capacity(chunk.len() + 1);
    let start = strip.push_chunk(chunk);
    // The rank of the pair that starts at a place.
    let rank_at = |strip: &Strip, at: usize| {
        let left = strip.token_at(at)?;
        let (_, right) = strip.after(at, lengths)?;
        vocabulary.merged((left, right))
    };
    let mut candidates: BinaryHeap<Reverse<(u32, usize)>> = (start..start + chunk.len())
        .filter_map(|at| Some(Reverse((rank_at(&strip, at)?, at))))
        .collect();
    while let Some(Reverse((rank, at))) = candidates.pop() {
        if strip
            .still_holds(at, vocabulary.pair_of(rank), lengths)
            .is_none()
        {
            continue;
        }
        strip.merge(at, rank, lengths);
        // Two new pairs: the merged token with the one after it, and the one before it with the merged token.
        let before = strip.before(at, lengths).map(|(left, _)| left);
        for place in [Some(at), before].into_iter().flatten() {
            if let Some(rank) = rank_at(&strip, place) {
                candidates.push(Reverse((rank, place)));
            }
        }
    }
    let mut at = start;
    while let Some(id) = strip.token_at(at) {
        ids.push(id);
        at += lengths[id as usize] as usize;
    }
}
// ANCHOR_END: long

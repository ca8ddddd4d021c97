// ANCHOR: head
//! Byte-pair encoding as one would explain it: count all pairs, merge the commonest, begin again.
//!
//! This is the definition. It is quadratic (each of the M merges reads every chunk again) and only meant for short
//! texts; the tests hold the fast trainer of `train.rs` to it.

use hashbrown::HashMap;

use crate::Pair;
use crate::count::ChunkCounts;
// ANCHOR_END: head

// ANCHOR: naive
/// Up to `wanted` merges, commonest pair first; of equally common pairs the one with the smaller ids.
pub fn naive_merges(counts: &ChunkCounts, wanted: usize) -> Vec<Pair> {
    let mut chunks: Vec<(Vec<u32>, i64)> = counts
        .iter()
        .map(|(chunk, &count)| (chunk.bytes().map(u32::from).collect(), count))
        .collect();
    let mut merges = Vec::new();
    while merges.len() < wanted {
        let mut pairs: HashMap<Pair, i64> = HashMap::new();
        for (ids, count) in &chunks {
            for pair in ids.windows(2) {
                *pairs.entry((pair[0], pair[1])).or_insert(0) += count;
            }
        }
        let best = pairs
            .into_iter()
            .max_by_key(|&(pair, count)| (count, std::cmp::Reverse(pair)));
        let Some((best, _)) = best else {
            break; // every chunk is one token
        };
        let new = 256 + merges.len() as u32;
        for (ids, _) in &mut chunks {
            *ids = merge_all(ids, best, new);
        }
        merges.push(best);
    }
    merges
}

/// `ids` with every occurrence of `pair`, from left to right, replaced by `new`.
pub fn merge_all(ids: &[u32], pair: Pair, new: u32) -> Vec<u32> {
    let mut merged = Vec::with_capacity(ids.len());
    let mut at = 0;
    while at < ids.len() {
        if at + 1 < ids.len() && (ids[at], ids[at + 1]) == pair {
            merged.push(new);
            at += 2;
        } else {
            merged.push(ids[at]);
            at += 1;
        }
    }
    merged
}
// ANCHOR_END: naive

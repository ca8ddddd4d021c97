//! The trainer around exercise 4: it knows which chunks hold which pair, and asks a function that it is given to merge one
//! chunk. It is complete; there is nothing to do here.
//!
//! The chapter's own trainer keeps places on a strip. This one keeps, for each pair, the numbers of the chunks in which it
//! stood when it arose, as rustbpe does. A merge visits those chunks and adds up what the function reports.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};
use tokenizer::Pair;
use tokenizer::count::ChunkCounts;

/// Merges a pair in one chunk and says how the numbers of pairs in it changed.
pub type MergeChunk = fn(&mut Vec<u32>, Pair, u32) -> Vec<(Pair, i64)>;

/// Up to `wanted` merges, as the chapter's trainer makes them if `merge` is right. Whatever `merge` does, this ends.
pub fn merges_with(merge: MergeChunk, counts: &ChunkCounts, wanted: usize) -> Vec<Pair> {
    let mut chunks: Vec<(Vec<u32>, i64)> = counts
        .iter()
        .map(|(chunk, &count)| (chunk.bytes().map(u32::from).collect(), count))
        .collect();
    let mut pairs: HashMap<Pair, i64> = HashMap::new();
    let mut holders: HashMap<Pair, BTreeSet<usize>> = HashMap::new();
    for (index, (ids, count)) in chunks.iter().enumerate() {
        for pair in ids.windows(2).map(|pair| (pair[0], pair[1])) {
            *pairs.entry(pair).or_insert(0) += count;
            holders.entry(pair).or_default().insert(index);
        }
    }
    let mut candidates: BinaryHeap<(i64, Reverse<Pair>)> = pairs
        .iter()
        .map(|(&pair, &count)| (count, Reverse(pair)))
        .collect();
    let mut merges = Vec::new();
    while merges.len() < wanted {
        let Some((count, Reverse(pair))) = candidates.pop() else {
            break;
        };
        let now = pairs.get(&pair).copied().unwrap_or(0);
        if now < count {
            // The entry is stale: back with the count of today, or away with it.
            if now > 0 {
                candidates.push((now, Reverse(pair)));
            }
            continue;
        }
        let new = 256 + merges.len() as u32;
        let mut arisen = BTreeSet::new();
        for index in holders.remove(&pair).unwrap_or_default() {
            let (ids, count) = &mut chunks[index];
            for (changed, change) in merge(ids, pair, new) {
                *pairs.entry(changed).or_insert(0) += change * *count;
                if change > 0 {
                    holders.entry(changed).or_default().insert(index);
                    arisen.insert(changed);
                }
            }
        }
        // What arose at one place and was taken back at the next is nothing to wait for.
        let entries = arisen.into_iter().map(|pair| (pairs[&pair], Reverse(pair)));
        candidates.extend(entries.filter(|&(count, _)| count > 0));
        merges.push(pair);
    }
    merges
}

//! # Weighted pairs
//!
//! Goal: count the pairs of a corpus that is stored as distinct chunks with a number beside each.
//!
//! Minutes: 15. Difficulty: 1 of 5.
//!
//! A corpus of a million chunks has some forty thousand distinct ones. So training never counts a chunk twice: it counts
//! it once and adds its number of occurrences. Write that count, and the choice of the commonest pair.
//!
//! Chunks are lists of ids here, because later in training they are no longer bytes. With the chunks `a b a` twice and
//! `b a` three times, the pair (a, b) occurs twice and (b, a) five times.
//!
//! ## Hint 1
//!
//! `ids.windows(2)` gives every pair of neighbours, overlapping ones too: `a a a` holds (a, a) twice.
//!
//! ## Hint 2
//!
//! `*counts.entry(pair).or_insert(0) += weight` adds to an entry that need not exist yet. Keep the weight an `i64` all the
//! way: the commonest pair of a large corpus passes 2³¹.
//!
//! ## Hint 3
//!
//! For the commonest pair use `max_by_key` with the key `(count, Reverse(pair))`: the larger count wins, and of equal counts
//! the smaller pair, because `Reverse` turns its order round. Without the second part of the key, the order of the hash
//! map decides, and two runs give two tokenizers.

use std::cmp::Reverse;
use std::collections::HashMap;
use tokenizer::Pair;

/// How often each pair of neighbours occurs. A chunk comes with the number of its occurrences in the corpus.
pub fn count_pairs(chunks: &[(Vec<u32>, i64)]) -> HashMap<Pair, i64> {
    let mut counts = HashMap::new();
    for (ids, weight) in chunks {
        for pair in ids.windows(2) {
            *counts.entry((pair[0], pair[1])).or_insert(0) += weight;
        }
    }
    counts
}

/// The commonest pair; of equally common ones the pair with the smaller ids. `None` where there is no pair.
pub fn commonest(counts: &HashMap<Pair, i64>) -> Option<Pair> {
    let best = counts
        .iter()
        .max_by_key(|&(&pair, &count)| (count, Reverse(pair)));
    best.map(|(&pair, _)| pair)
}

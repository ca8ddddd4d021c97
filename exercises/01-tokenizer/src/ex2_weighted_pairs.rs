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
//! Help: `cargo course hint 01.2`. Judge it: `cargo course check 01.2`.

use std::collections::HashMap;
use tokenizer::Pair;

/// How often each pair of neighbours occurs. A chunk comes with the number of its occurrences in the corpus.
pub fn count_pairs(chunks: &[(Vec<u32>, i64)]) -> HashMap<Pair, i64> {
    let _ = chunks; // delete this line
    todo!("exercise 01.2")
}

/// The commonest pair; of equally common ones the pair with the smaller ids. `None` where there is no pair.
pub fn commonest(counts: &HashMap<Pair, i64>) -> Option<Pair> {
    let _ = counts; // delete this line
    todo!("exercise 01.2")
}

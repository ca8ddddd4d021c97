//! # Almost the same text
//!
//! Goal: find near-duplicates among many documents without comparing each with each.
//!
//! Minutes: 40. Difficulty: 4 of 5.
//!
//! The web has every text several times, with another date, another footer. A corpus is cleaned of them by *MinHash*.
//!
//! A document becomes the set of its *shingles*: every `width` words in a row. How alike two documents are is the Jaccard
//! similarity of their sets: shingles in both, divided by shingles in either. To estimate it without the sets, hash all
//! shingles of a document and keep the smallest hash. Of the shingles in either document, each is as likely as any other
//! to have the smallest hash; the two minima are equal just if that one is in both. So they are equal with the
//! probability that is the similarity. Do it with many hash functions, and the share of equal minima estimates it.
//!
//! A `signature` has one minimum for each hash function, from `hash(0, …)` on. Similar documents are then found by
//! *bands*: cut the signatures into bands of `rows` numbers; two documents that agree in a whole band are a candidate.
//! Those are found with a table, band by band, and not by comparing all pairs: the judge counts, and allows 16 comparisons
//! for each number of all signatures. With b bands of r numbers, documents of similarity s become a candidate with a
//! probability that `found` computes.
//!
//! Help: `cargo course hint 02.10`. Judge it: `cargo course check 02.10`.

use std::collections::BTreeSet;
use std::hash::Hash;

/// Hash function number `number`: FNV-1a over the text, stirred with the number.
pub fn hash(number: u64, text: &str) -> u64 {
    let mut state = 0xcbf2_9ce4_8422_2325_u64;
    for byte in text.bytes() {
        state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    // The end of SplitMix64, so that functions of neighbouring numbers have nothing in common.
    state ^= number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

/// Every `width` words in a row, joined by spaces. A shorter text is one shingle.
pub fn shingles(text: &str, width: usize) -> BTreeSet<String> {
    let _ = (text, width); // delete this line
    todo!("exercise 02.10")
}

/// The smallest hash of any shingle, for each of `hashes` hash functions.
pub fn signature(shingles: &BTreeSet<String>, hashes: usize) -> Vec<u64> {
    let _ = (shingles, hashes); // delete this line
    todo!("exercise 02.10")
}

/// The share of places at which two signatures of one length have the same number. 0 for empty ones.
pub fn agreement(one: &[u64], other: &[u64]) -> f64 {
    let _ = (one, other); // delete this line
    todo!("exercise 02.10")
}

/// The pairs (i, j), i < j, of documents whose signatures agree in a whole band of `rows` numbers; ascending, none twice.
/// What does not fill a band at the end of a signature is not looked at. The signatures have one length.
///
/// Usually `N` is `u64`. The judge also calls this with numbers that count how often they are compared.
pub fn candidates<N: Hash + Ord>(signatures: &[Vec<N>], rows: usize) -> Vec<(usize, usize)> {
    let _ = (signatures, rows); // delete this line
    todo!("exercise 02.10")
}

/// With which probability two documents of this similarity agree in at least one of `bands` bands of `rows` numbers.
pub fn found(similarity: f64, bands: i32, rows: i32) -> f64 {
    let _ = (similarity, bands, rows); // delete this line
    todo!("exercise 02.10")
}

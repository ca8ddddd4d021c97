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
//! ## Hint 1
//!
//! `shingles`: words are `split_whitespace` of the text in lower case, joined again by one space each. A text of fewer
//! words than `width` is one shingle, an empty one is none. A `BTreeSet` forgets what stands there twice.
//!
//! ## Hint 2
//!
//! `signature`: for each number the `min` of `hash(number, shingle)`, and `u64::MAX` for a document without shingles.
//! `agreement`: equal numbers at equal places, divided by their number.
//!
//! ## Hint 3
//!
//! `candidates`: for each band a `HashMap<&[N], Vec<usize>>` from its numbers to the documents that have them; all
//! pairs inside an entry go into a `BTreeSet`. `found`: a band agrees with probability sʳ, it does not with 1 − sʳ, none
//! of b does with (1 − sʳ)ᵇ.
//!
//! ## Notes
//!
//! `found` is an S: with 20 bands of 5, pairs of similarity 0.3 are found with probability 0.05, of 0.5 with 0.47, of 0.8
//! with 0.9996 (arithmetic). More numbers in a band move the step to the right, more bands to the left, and both together
//! make it steeper. The makers of FineWeb took 14 bands of 8.
//!
//! Near-duplicates cost twice: compute is spent on the same text again, and the split is no longer one, when one copy
//! lies in training and the other in validation.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

// given
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
    let text = text.to_lowercase();
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.is_empty() {
        return BTreeSet::new();
    }
    let width = width.clamp(1, words.len());
    words.windows(width).map(|run| run.join(" ")).collect()
}

/// The smallest hash of any shingle, for each of `hashes` hash functions.
pub fn signature(shingles: &BTreeSet<String>, hashes: usize) -> Vec<u64> {
    let smallest = |number| {
        let all = shingles.iter().map(|shingle| hash(number, shingle));
        all.min().unwrap_or(u64::MAX)
    };
    (0..hashes as u64).map(smallest).collect()
}

/// The share of places at which two signatures of one length have the same number. 0 for empty ones.
pub fn agreement(one: &[u64], other: &[u64]) -> f64 {
    let equal = one.iter().zip(other).filter(|(a, b)| a == b).count();
    equal as f64 / one.len().max(1) as f64
}

/// The pairs (i, j), i < j, of documents whose signatures agree in a whole band of `rows` numbers; ascending, none twice.
/// What does not fill a band at the end of a signature is not looked at. The signatures have one length.
///
/// Usually `N` is `u64`. The judge also calls this with numbers that count how often they are compared.
pub fn candidates<N: Hash + Ord>(signatures: &[Vec<N>], rows: usize) -> Vec<(usize, usize)> {
    let bands = signatures.first().map_or(0, |first| first.len() / rows);
    let mut pairs = BTreeSet::new();
    for band in 0..bands {
        let mut alike: HashMap<&[N], Vec<usize>> = HashMap::new();
        for (document, signature) in signatures.iter().enumerate() {
            let numbers = &signature[band * rows..(band + 1) * rows];
            let before = alike.entry(numbers).or_default();
            pairs.extend(before.iter().map(|&earlier| (earlier, document)));
            before.push(document);
        }
    }
    pairs.into_iter().collect()
}

/// With which probability two documents of this similarity agree in at least one of `bands` bands of `rows` numbers.
pub fn found(similarity: f64, bands: i32, rows: i32) -> f64 {
    1.0 - (1.0 - similarity.powi(rows)).powi(bands)
}

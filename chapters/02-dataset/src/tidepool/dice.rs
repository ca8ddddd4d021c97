//! Random choices that are the same on every machine and in every year.
//!
//! A **stream** is a ChaCha generator named by a seed and a label: the stories do not change because the sums took one
//! number more. The choices themselves (a number below n, a shuffle) are made here and not by the `rand` crate, whose
//! ways of drawing may change between versions; the ChaCha stream below them is fixed by its definition.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

// ANCHOR: dice
/// A stream of random choices.
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream of `seed` with the name `label`. Other labels give unrelated streams.
    pub fn stream(seed: u64, label: &str) -> Dice {
        Dice(ChaCha8Rng::seed_from_u64(seed ^ fingerprint(label)))
    }

    /// A number in 0..n, by multiplying 32 random bits with n and keeping the upper half of the product. The bias is
    /// below n / 2^32, which no reader of a story will notice. `n` is at least 1.
    pub fn below(&mut self, n: usize) -> usize {
        debug_assert!(n > 0);
        ((u64::from(self.0.next_u32()) * n as u64) >> 32) as usize
    }

    /// A number in low..=high.
    pub fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below((high - low + 1) as usize) as u32
    }

    /// True in `percent` of all cases.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One element of a list that is not empty.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    /// The position of one of `weights`, drawn in proportion to them. Their sum is at least 1.
    pub fn weighted(&mut self, weights: &[u32]) -> usize {
        let mut left = self.below(weights.iter().sum::<u32>() as usize) as u32;
        for (position, weight) in weights.iter().enumerate() {
            if left < *weight {
                return position;
            }
            left -= weight;
        }
        unreachable!("a number below the sum falls into one of the weights")
    }

    /// Puts a list into random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.below(last + 1));
        }
    }

    /// `count` different positions below `n`, in random order; all of them if `count` is larger.
    pub fn positions(&mut self, n: usize, count: usize) -> Vec<usize> {
        let mut all: Vec<usize> = (0..n).collect();
        self.shuffle(&mut all);
        all.truncate(count);
        all
    }
}
// ANCHOR_END: dice

// ANCHOR: fingerprint
/// 64 bits that stand for a text (FNV-1a with a final mix). Used to name streams, to notice a document that was written
/// before, and to decide without any state whether a combination belongs to the training or to the test side.
pub fn fingerprint(text: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in text.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash ^= hash >> 32; // FNV's low bits are weak on short texts, and `held_out` takes a remainder
    hash = hash.wrapping_mul(0xd6e8_feb8_6659_fd93);
    hash ^ (hash >> 32)
}

/// Whether a combination (a sum, a word and a letter, a function and its number) is kept for the tests: one in `of`.
pub fn held_out(combination: &str, of: u64) -> bool {
    fingerprint(combination).is_multiple_of(of)
}
// ANCHOR_END: fingerprint

// ANCHOR: head
//! An interpolated Kneser–Ney trigram: what counting alone can do.
//!
//! Before a neural network is believed, it should beat the best model of the generation before, on the same
//! tokens. Kneser–Ney (1995; interpolated by Chen and Goodman, 1999) was that model for two decades:
//!
//! `p₃(w | u v) = max(c(u v w) − D₃, 0) / c(u v) + λ(u v) · p₂(w | v)`
//!
//! The lower orders do not ask how often `w` was seen but *after how many different words*: "Francisco" is
//! frequent, and yet a poor guess anywhere but after "San".

use std::collections::HashMap;
// ANCHOR_END: head

// ANCHOR: counts
/// Counts of one order: how often a context was followed by a token.
#[derive(Default)]
struct Order {
    /// (context, token) → count
    grams: HashMap<(u64, u32), u32>,
    /// context → (sum of counts, number of different tokens after it)
    contexts: HashMap<u64, (u64, u32)>,
    discount: f64,
}

impl Order {
    /// Counts a token once more; true when the pair is new.
    fn count(&mut self, context: u64, token: u32) -> bool {
        let count = self.grams.entry((context, token)).or_default();
        *count += 1;
        let new = *count == 1;
        let (total, kinds) = self.contexts.entry(context).or_default();
        *total += 1;
        *kinds += u32::from(new);
        new
    }

    // ANCHOR_END: counts

    // ANCHOR: discount
    /// Ney's estimate of the discount, from how many pairs were seen once and twice.
    fn finish(&mut self) {
        let (mut once, mut twice) = (0f64, 0f64);
        for &count in self.grams.values() {
            once += f64::from(u8::from(count == 1));
            twice += f64::from(u8::from(count == 2));
        }
        self.discount = if once > 0.0 {
            once / (once + 2.0 * twice)
        } else {
            0.5
        };
    }

    /// `p(token | context)`, given what the lower order says.
    fn probability(&self, context: u64, token: u32, lower: f64) -> f64 {
        let Some(&(total, kinds)) = self.contexts.get(&context) else {
            return lower;
        };
        let count = f64::from(self.grams.get(&(context, token)).copied().unwrap_or(0));
        let total = total as f64;
        (count - self.discount).max(0.0) / total + self.discount * f64::from(kinds) / total * lower
    }
}
// ANCHOR_END: discount

// ANCHOR: trigram
/// A trigram model over token ids.
pub struct KneserNey {
    vocab_size: usize,
    trigrams: Order,
    bigrams: Order,
    unigrams: Order,
}

impl KneserNey {
    /// Counts rows of tokens. The lower orders count *types*: a bigram once per different token before it.
    pub fn train<'a>(vocab_size: usize, rows: impl Iterator<Item = &'a [u32]>) -> Self {
        let (mut trigrams, mut bigrams, mut unigrams) =
            (Order::default(), Order::default(), Order::default());
        for row in rows {
            for window in row.windows(3) {
                let [u, v, w] = [window[0], window[1], window[2]];
                if trigrams.count(pair(u, v), w) && bigrams.count(u64::from(v), w) {
                    unigrams.count(0, w);
                }
            }
        }
        for order in [&mut trigrams, &mut bigrams, &mut unigrams] {
            order.finish();
        }
        KneserNey {
            vocab_size,
            trigrams,
            bigrams,
            unigrams,
        }
    }

    /// `p(token | two tokens before)`; `u` is `None` at the second token of a row.
    pub fn probability(&self, u: Option<u32>, v: u32, w: u32) -> f64 {
        let uniform = 1.0 / self.vocab_size as f64;
        let unigram = self.unigrams.probability(0, w, uniform);
        let bigram = self.bigrams.probability(u64::from(v), w, unigram);
        match u {
            Some(u) => self.trigrams.probability(pair(u, v), w, bigram),
            None => bigram,
        }
    }

    // ANCHOR_END: trigram

    // ANCHOR: trigram_bits
    /// Bits per byte on rows of T + 1 tokens, each token after the first being predicted: the same targets that a
    /// transformer is measured on.
    pub fn bits_per_byte<'a>(
        &self,
        rows: impl Iterator<Item = &'a [u32]>,
        token_bytes: &[usize],
    ) -> f64 {
        let (mut nats, mut bytes) = (0.0, 0.0);
        for row in rows {
            for at in 1..row.len() {
                let length = token_bytes[row[at] as usize] as f64;
                if length > 0.0 {
                    let u = (at >= 2).then(|| row[at - 2]);
                    nats -= self.probability(u, row[at - 1], row[at]).ln();
                    bytes += length;
                }
            }
        }
        if bytes > 0.0 {
            nats / (std::f64::consts::LN_2 * bytes)
        } else {
            f64::INFINITY
        }
    }
}

fn pair(u: u32, v: u32) -> u64 {
    u64::from(u) << 32 | u64::from(v)
}
// ANCHOR_END: trigram_bits

// ANCHOR: tests
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_sum_to_one() {
        let rows: Vec<Vec<u32>> = vec![vec![0, 1, 2, 1, 2, 3, 1, 2], vec![3, 3, 1, 0, 2]];
        let model = KneserNey::train(5, rows.iter().map(Vec::as_slice));
        for u in [None, Some(0), Some(1), Some(4)] {
            for v in 0..5 {
                let sum: f64 = (0..5).map(|w| model.probability(u, v, w)).sum();
                assert!((sum - 1.0).abs() < 1e-12, "after {u:?} {v}: {sum}");
            }
        }
    }

    #[test]
    fn a_repeated_pattern_is_learnt() {
        let row: Vec<u32> = (0..300).map(|i| [0, 1, 2][i % 3]).collect();
        let model = KneserNey::train(3, std::iter::once(row.as_slice()));
        assert!(model.probability(Some(0), 1, 2) > 0.9);
        assert!(model.bits_per_byte(std::iter::once(row.as_slice()), &[1, 1, 1]) < 0.2);
    }
}
// ANCHOR_END: tests

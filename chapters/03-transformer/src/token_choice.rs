// ANCHOR: head
//! `TokenChoice`: how one token is drawn from logits: temperature, top-k, softmax, and a random number of the row's own.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{Error, Sampling};
// ANCHOR_END: head

// ANCHOR: choice
/// One row's way of choosing: its settings and its private stream of random numbers, one number per token.
pub struct TokenChoice {
    temperature: f64,
    top_k: usize,
    stream: ChaCha8Rng,
}

impl TokenChoice {
    pub fn new(settings: &Sampling, seed: u64) -> TokenChoice {
        let Sampling {
            temperature, top_k, ..
        } = *settings;
        TokenChoice {
            temperature,
            top_k,
            stream: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    /// Draws an id from logits (V,) and says the natural logarithm of its probability.
    pub fn choose(&mut self, logits: &[f32]) -> Result<(u32, f32), Error> {
        if logits.iter().any(|logit| logit.is_nan()) {
            return Err(Error::NotFinite);
        }
        if self.temperature == 0.0 {
            return Ok((greedy(logits), 0.0));
        }
        let candidates = self.candidates(logits);
        let largest = candidates
            .iter()
            .map(|&id| logits[id as usize])
            .fold(f32::NEG_INFINITY, f32::max);
        let weight = |id: u32| (f64::from(logits[id as usize] - largest) / self.temperature).exp();
        let total: f64 = candidates.iter().map(|&id| weight(id)).sum();

        // Inverse of the cumulative distribution: walk along the weights until the random share is used up.
        let share = (self.stream.next_u64() >> 11) as f64 / (1u64 << 53) as f64; // uniform in [0, 1)
        let mut left = share * total;
        let mut chosen = candidates[0];
        for &id in &candidates {
            chosen = id; // rounding may leave a crumb after the last candidate: then that one is it
            left -= weight(id);
            if left < 0.0 {
                break;
            }
        }
        Ok((chosen, (weight(chosen) / total).ln() as f32))
    }

    /// The ids that may be chosen: the top k, of equals those with the smaller id, listed by id.
    fn candidates(&self, logits: &[f32]) -> Vec<u32> {
        let mut ids: Vec<u32> = (0..logits.len() as u32).collect();
        if self.top_k == 0 || self.top_k >= ids.len() {
            return ids;
        }
        let likelier = |a: &u32, b: &u32| {
            logits[*b as usize]
                .total_cmp(&logits[*a as usize])
                .then(a.cmp(b))
        };
        ids.select_nth_unstable_by(self.top_k - 1, likelier);
        ids.truncate(self.top_k);
        ids.sort_unstable();
        ids
    }
}

/// The likeliest id; of equals the smallest.
fn greedy(logits: &[f32]) -> u32 {
    let mut best = 0;
    for (id, &logit) in logits.iter().enumerate() {
        if logit > logits[best] {
            best = id;
        }
    }
    best as u32
}
// ANCHOR_END: choice

// ANCHOR: head
//! `TokenChoice`: how one token is drawn from logits: repetition penalty, temperature, truncation, softmax, and a random
//! number of the row's own.
//!
//! Truncation takes away the long tail: tens of thousands of tokens that are each next to impossible and together are
//! not. *Top k* keeps a fixed number, *top p* (Holtzman et al. 2019) as many as hold a share p of the probability,
//! *min p* (Nguyen et al. 2024) those within a factor of the likeliest. All three may be given; a token stays if all keep it.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{Error, Sampling};
// ANCHOR_END: head

// ANCHOR: choice
/// One row's way of choosing: its settings and its private stream of random numbers, one number per token.
pub struct TokenChoice {
    settings: Sampling,
    stream: ChaCha8Rng,
}

impl TokenChoice {
    pub fn new(settings: &Sampling, seed: u64) -> TokenChoice {
        TokenChoice {
            settings: settings.clone(),
            stream: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    /// Draws an id from logits (V,) for a row that holds the ids `row`, and says the natural logarithm of its
    /// probability.
    pub fn choose(&mut self, logits: &[f32], row: &[u32]) -> Result<(u32, f32), Error> {
        if logits.iter().any(|logit| logit.is_nan()) {
            return Err(Error::NotFinite);
        }
        let penalised;
        let logits = if self.settings.repetition_penalty == 1.0 {
            logits
        } else {
            penalised = penalise(logits, row, self.settings.repetition_penalty as f32);
            &penalised
        };
        if self.settings.temperature == 0.0 {
            return Ok((greedy(logits), 0.0));
        }
        let candidates = self.candidates(logits);
        let total: f64 = candidates.iter().map(|(_, weight)| weight).sum();

        // Inverse of the cumulative distribution: walk along the weights until the random share is used up.
        let share = (self.stream.next_u64() >> 11) as f64 / (1u64 << 53) as f64; // uniform in [0, 1)
        let mut left = share * total;
        let (mut chosen, mut weight) = candidates[0];
        for &candidate in &candidates {
            (chosen, weight) = candidate; // rounding may leave a crumb after the last one: then that one is it
            left -= weight;
            if left < 0.0 {
                break;
            }
        }
        Ok((chosen, (weight / total).ln() as f32))
    }
    // ANCHOR_END: choice

    // ANCHOR: candidates
    /// The ids that may be chosen, listed by id, with weights: exp((logit − largest) / temperature), so 1 for the likeliest.
    fn candidates(&self, logits: &[f32]) -> Vec<(u32, f64)> {
        let Sampling {
            temperature,
            top_k,
            top_p,
            min_p,
            ..
        } = self.settings;
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut kept: Vec<(u32, f64)> = (0u32..)
            .zip(logits)
            .map(|(id, &logit)| (id, (f64::from(logit - largest) / temperature).exp()))
            .collect();
        // Of equals the one with the smaller id counts as likelier.
        let likelier = |a: &(u32, f64), b: &(u32, f64)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
        if top_k > 0 && top_k < kept.len() {
            kept.select_nth_unstable_by(top_k - 1, likelier);
            kept.truncate(top_k);
        }
        if top_p < 1.0 {
            kept.sort_unstable_by(likelier);
            let total: f64 = kept.iter().map(|(_, weight)| weight).sum();
            let mut before = 0.0; // the share of those likelier than this one
            kept.retain(|(_, weight)| {
                let keep = before < top_p;
                before += weight / total;
                keep
            });
        }
        kept.retain(|&(_, weight)| weight >= min_p);
        kept.sort_unstable_by_key(|&(id, _)| id);
        kept
    }
}

/// Makes tokens that the row holds already less likely, each once, however often it stands there.
fn penalise(logits: &[f32], row: &[u32], penalty: f32) -> Vec<f32> {
    let mut changed = logits.to_vec();
    for &id in row {
        let (before, after) = (logits[id as usize], &mut changed[id as usize]);
        *after = if before > 0.0 {
            before / penalty
        } else {
            before * penalty
        };
    }
    changed
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
// ANCHOR_END: candidates

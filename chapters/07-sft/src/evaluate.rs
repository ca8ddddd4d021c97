// ANCHOR: head
//! How well a model answers, source by source.
//!
//! One loss over a mixture hides what happens: talk is most of the tokens, and while its loss falls nicely, letters can stay at
//! chance. So each source is scored by itself, on the tokens that the assistant decides, whatever was trained on.
//!
//! Words: a token is *right* if it is the likeliest one after the true text before it. An answer is *faultless* if all its
//! supervised tokens are right: then greedy decoding would write exactly this answer (given the tool's true outputs). For a
//! letter that is the share that counts: its answer is two tokens long, the letter and the end, and the end is always
//! right, so that one in two of its tokens is right before anything is known.

use crate::{Error, Mixture, render};
use dataset::ConversationSource;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use std::fmt;
use tokenizer::Tokenizer;
use transformer::{Config, Scorer};

/// Logits held at once: 2^25 numbers, 134 MB in fp32.
const LOGITS: usize = 1 << 25;
// ANCHOR_END: head

// ANCHOR: score
/// What a model does with conversations of one source.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceScore {
    pub source: String,
    /// Conversations scored: those with a supervised token within the context.
    pub conversations: usize,
    /// Their supervised tokens.
    pub tokens: usize,
    /// Nats per supervised token; 0 if there are none.
    pub loss: f64,
    /// The share of supervised tokens that are right.
    pub token_accuracy: f64,
    /// The share of conversations that are faultless.
    pub faultless: f64,
}

impl SourceScore {
    /// Bits per supervised token.
    pub fn bits(&self) -> f64 {
        self.loss / std::f64::consts::LN_2
    }
}

impl fmt::Display for SourceScore {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{:<18} {:>6.3} nats {:>6.3} bits per token · {:>5.1} % of {} tokens right · {:>5.1} % of {} answers faultless",
            self.source,
            self.loss,
            self.bits(),
            100.0 * self.token_accuracy,
            self.tokens,
            100.0 * self.faultless,
            self.conversations
        )
    }
}
// ANCHOR_END: score

// ANCHOR: by_source
/// Scores `n` conversations of each source of a mixture, or all if it has fewer. The same ones every time: the choice
/// depends on the number of rows alone. What is longer than the context of the model, whose shape is `config`, is cut.
pub fn evaluate_by_source(
    scorer: &dyn Scorer,
    config: &Config,
    tokenizer: &Tokenizer,
    mixture: &Mixture,
    n: usize,
) -> Result<Vec<SourceScore>, Error> {
    let sources = mixture.ingredients().iter();
    sources
        .map(|ingredient| score(scorer, config, tokenizer, &*ingredient.source, n))
        .collect()
}

fn score(
    scorer: &dyn Scorer,
    config: &Config,
    tokenizer: &Tokenizer,
    source: &dyn ConversationSource,
    n: usize,
) -> Result<SourceScore, Error> {
    let context = config.context as usize;
    let mut rows: Vec<usize> = (0..source.len()).collect();
    rows.shuffle(&mut ChaCha8Rng::seed_from_u64(0));
    rows.truncate(n);
    let mut rendered = Vec::with_capacity(rows.len());
    for row in rows {
        rendered.push(render(&source.get(row)?, tokenizer, context)?);
    }
    rendered.retain(|one| one.supervised() > 0);
    // Rows of similar length share a forward pass, so that little of it is padding.
    rendered.sort_by_key(|one| one.ids.len());

    let vocabulary = config.vocab_size as usize;
    let (mut loss, mut tokens, mut right, mut faultless) = (0.0, 0, 0, 0);
    let mut rest = rendered.as_slice();
    while let Some(first) = rest.first() {
        // The last row of the batch is its longest: take as many as fit beside it.
        let fits = |count: &usize| count * rest[count - 1].ids.len() * vocabulary <= LOGITS;
        let most = (LOGITS / (first.ids.len() * vocabulary)).clamp(1, rest.len());
        let count = (1..=most).rev().find(fits).unwrap_or(1);
        let (batch, later) = rest.split_at(count);
        rest = later;
        let ids: Vec<Vec<u32>> = batch.iter().map(|one| one.ids.clone()).collect();
        for (one, scores) in batch.iter().zip(scorer.score(&ids)?) {
            let mut wrong = 0;
            for at in (1..one.ids.len()).filter(|&at| one.mask[at] == 1) {
                // The id at `at` is predicted at the place before it.
                loss += f64::from(scores.losses[at - 1]);
                tokens += 1;
                wrong += usize::from(scores.argmax[at - 1] != one.ids[at]);
            }
            right += one.supervised() - wrong;
            faultless += usize::from(wrong == 0);
        }
    }
    let share = |part: f64, whole: usize| part / whole.max(1) as f64;
    Ok(SourceScore {
        source: source.name().to_string(),
        conversations: rendered.len(),
        tokens,
        loss: share(loss, tokens),
        token_accuracy: share(right as f64, tokens),
        faultless: share(faultless as f64, rendered.len()),
    })
}
// ANCHOR_END: by_source

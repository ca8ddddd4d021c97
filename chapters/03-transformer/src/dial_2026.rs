// ANCHOR: head
//! The depth dial of July 2026: depth decides shape, tokens, batch, steps, and how rates and weight decay are scaled.
//!
//! Everything is tuned once, at depth 12 and a batch of 2¹⁹ tokens, and carried to other depths by power laws:
//!
//! - N counts the parameters that work on every token: matrices and head. Tables that are only looked up do not count.
//! - Tokens D = 12 · N.
//! - The batch grows with D^0.383, to the nearest power of two.
//! - Learning rates grow with the root of the batch: a gradient averaged over more tokens is less noisy.
//! - Weight decay is set so that the time over which a weight is forgotten stays the same share of the run, in epochs.

use crate::dial::{flops_per_token, parameter_count};
use crate::layout::layout;
use crate::{Config, Error, Role};
// ANCHOR_END: head

// ANCHOR: dial
/// What a depth decides, with nanochat's choices of July 2026.
#[derive(Debug, Clone, PartialEq)]
pub struct Dial2026 {
    pub depth: i64,
    pub config: Config,
    pub parameters: i64,
    /// N: matrices and head.
    pub scaling_parameters: i64,
    pub flops_per_token: i64,
    /// D = ratio · N, before it is rounded to whole steps.
    pub target_tokens: i64,
    /// D at depth 12, with the same vocabulary, head width and ratio.
    pub reference_tokens: f64,
    /// Tokens per optimizer step, over all ranks.
    pub batch_tokens: i64,
    pub steps: i64,
    /// steps · batch_tokens
    pub tokens: i64,
    /// √(batch / 2¹⁹), for the learning rates.
    pub rate_scale: f64,
    /// Muon's, at the first step.
    pub weight_decay: f64,
}

/// What is decided beside the depth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DialSettings {
    pub vocab_size: i64,
    pub context: i64,
    pub head_width: i64,
    /// Training tokens per parameter of N.
    pub tokens_per_parameter: f64,
}

impl DialSettings {
    /// nanochat's: heads of 128, 12 tokens per parameter.
    pub fn new(vocab_size: i64, context: i64) -> DialSettings {
        DialSettings {
            vocab_size,
            context,
            head_width: 128,
            tokens_per_parameter: 12.0,
        }
    }
}

/// Where everything was tuned.
const REFERENCE_DEPTH: i64 = 12;
const REFERENCE_BATCH: f64 = 524_288.0;
const REFERENCE_DECAY: f64 = 0.28;
/// How the best batch grows with the tokens of the run.
const BATCH_EXPONENT: f64 = 0.383;

pub fn dial_2026(depth: i64, settings: &DialSettings) -> Result<Dial2026, Error> {
    let ratio = settings.tokens_per_parameter;
    if !(ratio.is_finite() && ratio > 0.0) {
        let what = format!("{ratio} training tokens per parameter; it must be a positive number");
        return Err(Error::Dial { depth, what });
    }
    let shape = |depth| {
        let DialSettings {
            vocab_size,
            context,
            head_width,
            ..
        } = *settings;
        Config::d_2026(depth, vocab_size, context, head_width)
    };
    let config = shape(depth)?;
    let scaling_parameters = scaling_parameters(&config);
    let target_tokens = (ratio * scaling_parameters as f64) as i64;
    let reference_tokens = ratio * self::scaling_parameters(&shape(REFERENCE_DEPTH)?) as f64;

    let growth = target_tokens as f64 / reference_tokens;
    let best_batch = REFERENCE_BATCH * growth.powf(BATCH_EXPONENT);
    let batch_tokens = 1i64 << (best_batch.log2().round_ties_even() as u32);
    let rate_scale = (batch_tokens as f64 / REFERENCE_BATCH).sqrt();
    let steps = target_tokens / batch_tokens;
    Ok(Dial2026 {
        depth,
        parameters: parameter_count(&config),
        scaling_parameters,
        flops_per_token: flops_per_token(&config),
        target_tokens,
        reference_tokens,
        batch_tokens,
        steps,
        tokens: steps * batch_tokens,
        rate_scale,
        weight_decay: REFERENCE_DECAY * rate_scale / growth,
        config,
    })
}

/// N: the parameters of matrices and head.
pub fn scaling_parameters(config: &Config) -> i64 {
    layout(config)
        .iter()
        .filter(|slot| matches!(slot.role, Role::Matrix | Role::Head))
        .map(|slot| slot.elements())
        .sum()
}
// ANCHOR_END: dial

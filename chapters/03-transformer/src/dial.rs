// ANCHOR: head
//! Sizes and costs: how many parameters, how many floating-point operations per token, and the one dial, depth, from
//! which nanochat of October 2025 derives a whole training run.

use crate::layout::layout;
use crate::windows::windows;
use crate::{Config, Error, Role};
// ANCHOR_END: head

// ANCHOR: counts
/// All trainable numbers, embedding and head included.
pub fn parameter_count(config: &Config) -> i64 {
    layout(config).iter().map(|slot| slot.elements()).sum()
}

/// Floating-point operations to train on one token: 6 per parameter that multiplies (a multiplication and an addition,
/// once forward and twice backward), and 12 · H · D · T per layer for the attention scores and their weighted sums over a
/// row of T tokens, or over a shorter window. Embeddings are looked up, not multiplied, and do not count; learned scalars neither. (The half of the scores that the
/// causal mask hides does count: the convention of the field.)
pub fn flops_per_token(config: &Config) -> i64 {
    let multiplied: i64 = layout(config)
        .iter()
        .filter(|slot| slot.shape.len() == 2)
        .filter(|slot| !matches!(slot.role, Role::Embedding | Role::ValueTable))
        .map(|slot| slot.elements())
        .sum();
    let seen: i64 = windows(config)
        .iter()
        .map(|window| window.unwrap_or(config.context))
        .sum();
    6 * multiplied + 12 * config.heads * config.head_width() * seen
}
// ANCHOR_END: counts

// ANCHOR: dial
/// What a depth decides, with nanochat's choices of October 2025.
#[derive(Debug, Clone, PartialEq)]
pub struct Dial {
    pub depth: i64,
    pub config: Config,
    pub parameters: i64,
    pub flops_per_token: i64,
    /// Tokens per optimizer step, over all ranks.
    pub batch_tokens: i64,
    /// Forward and backward passes per rank before each step.
    pub accumulation: i64,
    pub steps: i64,
    /// steps · batch_tokens
    pub tokens: i64,
    pub head_rate: f64,
    pub embedding_rate: f64,
    pub matrix_rate: f64,
    /// Gradients are scaled down to this norm.
    pub gradient_clip: f64,
}

/// What is computed at once: `ranks` devices with `rows` rows each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fleet {
    pub ranks: i64,
    pub rows: i64,
}

/// 2^19 tokens per step, at every depth.
const BATCH_TOKENS: i64 = 524_288;
/// Training tokens per parameter: the compute-optimal ratio of Hoffmann et al. 2022 ("Chinchilla").
const TOKENS_PER_PARAMETER: i64 = 20;
/// The width at which the AdamW learning rates were tuned.
const TUNED_WIDTH: f64 = 768.0;

/// The October 2025 dial. Some depths are refused; see [`Config::d`].
pub fn dial_2025(depth: i64, vocab_size: i64, context: i64, fleet: Fleet) -> Result<Dial, Error> {
    let config = Config::d(depth, vocab_size, context)?;
    let at_once = fleet.ranks * fleet.rows * context;
    if at_once < 1 || BATCH_TOKENS % at_once != 0 {
        let Fleet { ranks, rows } = fleet;
        let what = format!(
            "{ranks} ranks × {rows} rows × {context} tokens do not divide a batch of {BATCH_TOKENS}; use powers of two"
        );
        return Err(Error::Dial { depth, what });
    }
    let parameters = parameter_count(&config);
    let steps = TOKENS_PER_PARAMETER * parameters / BATCH_TOKENS;
    let width_scale = (config.width as f64 / TUNED_WIDTH).powf(-0.5);
    Ok(Dial {
        depth,
        parameters,
        flops_per_token: flops_per_token(&config),
        batch_tokens: BATCH_TOKENS,
        accumulation: BATCH_TOKENS / at_once,
        steps,
        tokens: steps * BATCH_TOKENS,
        head_rate: 0.004 * width_scale,
        embedding_rate: 0.2 * width_scale,
        matrix_rate: 0.02,
        gradient_clip: 1.0,
        config,
    })
}
// ANCHOR_END: dial

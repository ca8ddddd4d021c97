// ANCHOR: head
//! `Sampler`: prompts in, continuations out. The trait is defined here, where the first and slowest implementation lives
//! ([`NaiveSampler`](crate::NaiveSampler)); chapter 10's engine is the fast one, and must give the same tokens.

use std::ops::ControlFlow;

use crate::{Error, Insight};
// ANCHOR_END: head

// ANCHOR: prompt
/// How to choose tokens, and when to stop.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampling {
    /// 0 = always the likeliest token (greedy). Otherwise logits are divided by it: below 1 sharper, above 1 flatter.
    pub temperature: f64,
    /// Choose among this many likeliest tokens; 0 = among all.
    pub top_k: usize,
    /// Choose among the likeliest tokens that together hold this share of the probability (the *nucleus*); 1 = among all.
    pub top_p: f64,
    /// Leave out tokens whose probability is below this share of the likeliest one's; 0 = none.
    pub min_p: f64,
    /// The logit of every token that stands in the row already is divided by this if positive, multiplied if negative
    /// (Keskar et al. 2019, CTRL); 1 = off.
    pub repetition_penalty: f64,
    /// At most this many tokens are added, forced ones included.
    pub max_tokens: usize,
    /// Choosing one of these ends the row; the stop token itself is not part of the sample.
    pub stop: Vec<u32>,
    /// Report with each chosen token its own probability and this many of the likeliest ones; 0 = report nothing.
    pub insight: usize,
}

impl Default for Sampling {
    /// The model's own distribution, to the end of the context.
    fn default() -> Sampling {
        Sampling {
            temperature: 1.0,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            repetition_penalty: 1.0,
            max_tokens: usize::MAX,
            stop: Vec::new(),
            insight: 0,
        }
    }
}

/// One row to continue. Its result depends on nothing but this: not on its neighbours in the batch, nor on its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Prompt {
    /// At least one id (`<|bos|>`), at most the model's context.
    pub ids: Vec<u32>,
    pub settings: Sampling,
    /// Seed of this row's own random numbers.
    pub seed: u64,
}
// ANCHOR_END: prompt

// ANCHOR: sample
/// What was added to a prompt. The three vectors have one entry per added token.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    pub ids: Vec<u32>,
    /// 1 = chosen by the model, 0 = forced by the tool.
    pub mask: Vec<u8>,
    /// ln of the probability with which the token was chosen, *under the distribution it was drawn from* (penalised,
    /// tempered and truncated); 0 for forced tokens and for greedy ones.
    pub log_probabilities: Vec<f32>,
    pub stop: StopReason,
}

/// A token that has just been added to a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Added<'a> {
    pub row: usize,
    pub id: u32,
    /// Put there by the tool.
    pub forced: bool,
    /// As in [`Sample::log_probabilities`].
    pub log_probability: f32,
    /// What the model itself thought of it, where [`Sampling::insight`] asks for that and the token was not forced.
    pub insight: Option<&'a Insight>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// The model chose this stop token.
    Token(u32),
    MaxTokens,
    /// Prompt and continuation together fill the model's context.
    ContextFull,
    /// `on_token` said `Break`.
    Interrupted,
}
// ANCHOR_END: sample

// ANCHOR: sampler
pub trait Sampler {
    /// Continues every prompt; `samples[row]` belongs to `prompts[row]`.
    ///
    /// `on_token` hears each added token, forced ones too, in the row's order (rows may interleave).
    /// `ControlFlow::Break` ends that row. The tool, if there is one, hears each token the model chose.
    fn sample(
        &mut self,
        prompts: &[Prompt],
        tool: Option<&mut dyn Tool>,
        on_token: &mut dyn FnMut(&Added<'_>) -> ControlFlow<()>,
    ) -> Result<Vec<Sample>, Error>;
}

/// Something that listens to the model and may put words into its mouth: a calculator that writes down the result.
pub trait Tool {
    /// Row `row` has just chosen `id`. `Some(ids)` are added to the row as they are before the model goes on.
    fn accept(&mut self, row: usize, id: u32) -> Option<Vec<u32>>;
}
// ANCHOR_END: sampler

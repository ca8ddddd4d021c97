// ANCHOR: head
//! `Generation`: the bookkeeping of one row while it grows, token by token. Every sampler shares it, so that they can
//! differ only in how they come by the logits.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use crate::{
    Added, Config, Error, Insight, Prompt, Sample, Sampling, StopReason, TokenChoice, Tool,
};
// ANCHOR_END: head

// ANCHOR: generation
pub struct Generation {
    row: usize,
    /// prompt and continuation
    ids: Vec<u32>,
    prompt_length: usize,
    mask: Vec<u8>,
    log_probabilities: Vec<f32>,
    /// ids that the tool has ordered and that are not added yet
    forced: VecDeque<u32>,
    choice: TokenChoice,
    max_tokens: usize,
    context: usize,
    stop_ids: Vec<u32>,
    insight: usize,
    stopped: Option<StopReason>,
}

impl Generation {
    pub fn new(row: usize, prompt: &Prompt, config: &Config) -> Result<Generation, Error> {
        let settings = &prompt.settings;
        if prompt.ids.is_empty() {
            return Err(Error::EmptyPrompt { row });
        }
        if prompt.ids.len() as i64 > config.context {
            return Err(Error::PromptTooLong {
                row,
                length: prompt.ids.len(),
                context: config.context,
            });
        }
        check(row, settings)?;
        let mut generation = Generation {
            row,
            ids: prompt.ids.clone(),
            prompt_length: prompt.ids.len(),
            mask: Vec::new(),
            log_probabilities: Vec::new(),
            forced: VecDeque::new(),
            choice: TokenChoice::new(settings, prompt.seed),
            max_tokens: settings.max_tokens,
            context: config.context as usize,
            stop_ids: settings.stop.clone(),
            insight: settings.insight,
            stopped: None,
        };
        generation.check_room();
        Ok(generation)
    }
    // ANCHOR_END: generation

    // ANCHOR: state
    /// Prompt and continuation so far; the next logits are those after the last of these.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    pub fn is_finished(&self) -> bool {
        self.stopped.is_some()
    }

    /// Whether the next token is already decided, so that nobody needs to compute logits for it.
    pub fn is_forced(&self) -> bool {
        !self.forced.is_empty()
    }

    /// The result. A row that is asked before it has finished counts as interrupted.
    pub fn finish(self) -> Sample {
        Sample {
            ids: self.ids[self.prompt_length..].to_vec(),
            mask: self.mask,
            log_probabilities: self.log_probabilities,
            stop: self.stopped.unwrap_or(StopReason::Interrupted),
        }
    }
    // ANCHOR_END: state

    // ANCHOR: advance
    /// Adds one token: a forced one if the tool has ordered any, otherwise one chosen from `logits` (V,), which are not
    /// looked at in the first case.
    pub fn advance(
        &mut self,
        logits: &[f32],
        tool: Option<&mut dyn Tool>,
        on_token: &mut dyn FnMut(&Added<'_>) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        if let Some(id) = self.forced.pop_front() {
            self.add(id, true, 0.0, None, on_token);
            return Ok(());
        }
        let (id, log_probability) = self.choice.choose(logits, &self.ids)?;
        if self.stop_ids.contains(&id) {
            self.stopped = Some(StopReason::Token(id));
            return Ok(());
        }
        let insight = (self.insight > 0).then(|| Insight::new(logits, id, self.insight));
        self.add(id, false, log_probability, insight.as_ref(), on_token);
        if let Some(ordered) = tool.and_then(|tool| tool.accept(self.row, id)) {
            self.forced.extend(ordered);
        }
        Ok(())
    }

    fn add(
        &mut self,
        id: u32,
        forced: bool,
        log_probability: f32,
        insight: Option<&Insight>,
        on_token: &mut dyn FnMut(&Added<'_>) -> ControlFlow<()>,
    ) {
        self.ids.push(id);
        self.mask.push(u8::from(!forced));
        self.log_probabilities.push(log_probability);
        self.check_room();
        let added = Added {
            row: self.row,
            id,
            forced,
            log_probability,
            insight,
        };
        if on_token(&added).is_break() {
            self.stopped = Some(StopReason::Interrupted);
        }
    }

    fn check_room(&mut self) {
        if self.ids.len() - self.prompt_length >= self.max_tokens {
            self.stopped = Some(StopReason::MaxTokens);
        } else if self.ids.len() >= self.context {
            self.stopped = Some(StopReason::ContextFull);
        }
    }
}

/// Settings that make no sense are refused before anything is computed.
fn check(row: usize, settings: &Sampling) -> Result<(), Error> {
    let Sampling {
        temperature,
        top_p,
        min_p,
        repetition_penalty,
        ..
    } = *settings;
    let rules = [
        (
            "temperature",
            temperature,
            temperature.is_finite() && temperature >= 0.0,
            "use 0 (greedy) or a positive number",
        ),
        (
            "top_p",
            top_p,
            top_p > 0.0 && top_p <= 1.0,
            "use a share above 0 and up to 1 (off)",
        ),
        (
            "min_p",
            min_p,
            (0.0..=1.0).contains(&min_p),
            "use a share from 0 (off) to 1",
        ),
        (
            "repetition_penalty",
            repetition_penalty,
            repetition_penalty.is_finite() && repetition_penalty > 0.0,
            "use 1 (off) or a number somewhat larger",
        ),
    ];
    for (name, value, holds, remedy) in rules {
        if !holds {
            let what = format!("{name} {value}");
            return Err(Error::Sampling { row, what, remedy });
        }
    }
    Ok(())
}
// ANCHOR_END: advance

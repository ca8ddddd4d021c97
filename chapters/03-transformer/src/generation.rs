// ANCHOR: head
//! `Generation`: the bookkeeping of one row while it grows, token by token. Every sampler shares it, so that they can
//! differ only in how they come by the logits.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use crate::{Config, Error, Prompt, Sample, StopReason, TokenChoice, Tool};
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
        if !(settings.temperature.is_finite() && settings.temperature >= 0.0) {
            let what = format!("temperature {}", settings.temperature);
            return Err(Error::Sampling {
                row,
                what,
                remedy: "use 0 (greedy) or a positive number",
            });
        }
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
        on_token: &mut dyn FnMut(usize, u32) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        if let Some(id) = self.forced.pop_front() {
            self.add(id, 0, 0.0, on_token);
            return Ok(());
        }
        let (id, log_probability) = self.choice.choose(logits)?;
        if self.stop_ids.contains(&id) {
            self.stopped = Some(StopReason::Token(id));
            return Ok(());
        }
        self.add(id, 1, log_probability, on_token);
        if let Some(ordered) = tool.and_then(|tool| tool.accept(self.row, id)) {
            self.forced.extend(ordered);
        }
        Ok(())
    }

    fn add(
        &mut self,
        id: u32,
        mask: u8,
        log_probability: f32,
        on_token: &mut dyn FnMut(usize, u32) -> ControlFlow<()>,
    ) {
        self.ids.push(id);
        self.mask.push(mask);
        self.log_probabilities.push(log_probability);
        self.check_room();
        if on_token(self.row, id).is_break() {
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
// ANCHOR_END: advance

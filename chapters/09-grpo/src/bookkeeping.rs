// ANCHOR: head
//! What a run has to remember: where it began, where it was interrupted, when it is looked at. And what its ranks have to
//! agree on: those that go different ways wait for each other for ever.

use crate::{Error, GrpoRun, RateSchedule};
use muon::{Collective, sum_over_ranks};
use pretrain::{TrainState, checkpoint};
use serde_json::{Value, json};
// ANCHOR_END: head

// ANCHOR: bookkeeping
impl GrpoRun<'_> {
    pub(crate) fn ranks(&self) -> &dyn Collective {
        self.optimizer.collective()
    }

    /// Whether this is the rank that writes logs and checkpoints.
    pub(crate) fn speaks(&self) -> bool {
        self.ranks().rank() == 0
    }

    /// Whether a checkpoint is due, by rank 0's clock, and whether a rank was interrupted: the same on all ranks.
    pub(crate) fn agreed(&self, due: bool) -> Result<(bool, bool), Error> {
        let number = |yes: bool| f64::from(u8::from(yes));
        let own = [
            number(due && self.speaks()),
            number(self.interrupt.pressed()),
        ];
        let [due, pressed] = sum_over_ranks(self.ranks(), own)?;
        Ok((due > 0.0, pressed > 0.0))
    }

    /// The state to begin with, and the log cut to what belongs to it.
    pub(crate) fn begin(&mut self, schedule: &RateSchedule) -> Result<TrainState, Error> {
        let settings = &self.settings;
        let fingerprint = self.tokenizer.fingerprint();
        let questions = self.task.len();
        let recipe = format!(
            "{settings:?} on {questions} questions of {}",
            self.task.name()
        );
        let Some(state) = self.state.take() else {
            if self.optimizer.collective().rank() == 0 {
                self.metrics.rewind(&settings.stage)?;
            }
            return Ok(TrainState {
                stage: settings.stage.clone(),
                step: 0,
                steps: schedule.steps,
                tokens: 0,
                seconds: 0.0,
                smooth_loss: 0.0,
                bits_per_byte: None,
                evaluated: None,
                position: None,
                positions: Vec::new(),
                metrics_bytes: self.metrics.bytes(),
                troubles: 0,
                tokenizer: fingerprint,
                recipe,
            });
        };
        // A resumed run must be the run that was begun.
        if state.recipe != recipe || state.steps != schedule.steps {
            let what = format!(
                "the checkpoint belongs to another run: it was made with `{}`, now asked for is `{recipe}`",
                state.recipe
            );
            let path = self.folder.to_path_buf();
            return Err(pretrain::Error::Checkpoint { path, what }.into());
        }
        if state.tokenizer != fingerprint {
            return Err(pretrain::Error::Tokenizer {
                path: self.folder.to_path_buf(),
                found: fingerprint,
                expected: state.tokenizer,
            }
            .into());
        }
        if self.speaks() {
            self.metrics.truncate(state.metrics_bytes)?;
        }
        Ok(state)
    }

    /// Whether this step asks for an evaluation that has not been made.
    pub(crate) fn evaluation_due(&self, state: &TrainState) -> bool {
        let every = self.settings.evaluate_every;
        let asked = state.finished() || (every > 0 && state.step.is_multiple_of(every));
        asked && state.evaluated != Some(state.step)
    }

    /// `false`: interrupted, and not done.
    pub(crate) fn evaluation(&mut self, state: &mut TrainState) -> Result<bool, Error> {
        let Some(found) = (self.evaluate)(self.gpt, state.step)? else {
            return Ok(false);
        };
        state.evaluated = Some(state.step);
        if !self.speaks() {
            return Ok(true);
        }
        let scores: serde_json::Map<String, Value> = found
            .scores
            .into_iter()
            .map(|(name, score)| (name, json!(score)))
            .collect();
        let samples: Vec<Value> = found
            .samples
            .iter()
            .map(|(prompt, text)| json!({ "prompt": prompt, "text": text }))
            .collect();
        let line = json!({ "evaluation": scores, "samples": samples });
        self.metrics.write(&state.stage, state.step, line)?;
        Ok(true)
    }

    /// All ranks put the optimizer's buffers together; rank 0 writes.
    pub(crate) fn save(&mut self, state: &mut TrainState) -> Result<(), Error> {
        state.metrics_bytes = self.metrics.bytes();
        Ok(checkpoint::save(
            self.folder,
            self.gpt,
            Some(&self.optimizer),
            self.tokenizer,
            state,
        )?)
    }
}
// ANCHOR_END: bookkeeping

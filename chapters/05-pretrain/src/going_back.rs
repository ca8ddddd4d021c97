// ANCHOR: head
//! Steps that are not taken: leaving one out, and going back to the last checkpoint. [`crate::trouble`] decides which.

use crate::Error;
use crate::checkpoint::{self, TrainState};
use crate::train::{Stepped, Trainer};
use crate::trouble::Reaction;
use crate::writer::Writer;
use serde_json::json;
// ANCHOR_END: head

// ANCHOR: trouble
impl Trainer<'_> {
    /// A step that is not taken, for a reason that the log keeps.
    pub(crate) fn not_taken(
        &mut self,
        state: &mut TrainState,
        reason: Error,
        reaction: Reaction,
    ) -> Result<Stepped, Error> {
        if reaction == Reaction::Stop {
            return Err(reason);
        }
        if self.speaks() {
            eprintln!("{reason}: {reaction:?}");
        }
        state.troubles += 1;
        if reaction == Reaction::GoBack {
            return Ok(Stepped::GoBack);
        }
        state.step += 1; // the schedule goes on
        if self.speaks() {
            let line = json!({ "skipped": reason.to_string() });
            self.metrics.write(&state.stage, state.step, line)?;
        }
        Ok(Stepped::Skipped)
    }

    /// Back to the last checkpoint, with the rows that come now. It is written at once: from here on, the run is another
    /// one than that checkpoint would have led to, and a kill must not bring that one back.
    pub(crate) fn go_back(
        &mut self,
        writer: &mut Writer,
        state: &mut TrainState,
    ) -> Result<(), Error> {
        let folder = self.settings.folder.clone();
        if self.speaks() {
            writer.settle()?;
            checkpoint::recover(&folder)?;
        }
        self.optimizer.collective().barrier()?; // then all read it
        let saved = checkpoint::read_state(&folder)?.filter(|saved| saved.step <= state.step);
        let Some(saved) = saved else {
            return Err(Error::NothingToGoBackTo { path: folder });
        };
        checkpoint::load_weights(&folder, self.gpt)?;
        checkpoint::load_optimizer(&folder, &mut self.optimizer)?;
        if self.speaks() {
            self.metrics.truncate(saved.metrics_bytes)?;
        }
        let line = json!({ "gone_back_from": state.step, "troubles": state.troubles });
        let (position, troubles) = (state.position.take(), state.troubles);
        *state = TrainState {
            position,
            troubles,
            ..saved
        };
        if self.speaks() {
            self.metrics.write(&state.stage, state.step, line)?;
        }
        self.save(writer, state)
    }
}
// ANCHOR_END: trouble

// ANCHOR: head
//! The loop's part in a checkpoint: the copy between two steps, and the wait at the end of a stage.

use crate::Error;
use crate::checkpoint::TrainState;
use crate::snapshot::Snapshot;
use crate::train::Trainer;
use crate::writer::Writer;
use dataset::Position;
use muon::{gather_bytes, sum_over_ranks};
// ANCHOR_END: head

// ANCHOR: saving
impl Trainer<'_> {
    /// Copies the state and lets it be written while training goes on.
    pub(crate) fn save(
        &mut self,
        writer: &mut Writer,
        state: &mut TrainState,
    ) -> Result<(), Error> {
        state.metrics_bytes = self.metrics.bytes();
        state.positions = self.positions(state)?;
        let buffers = self.optimizer.state()?; // all ranks put them together
        if self.speaks() {
            let snapshot = Snapshot::take(self.gpt, Some(buffers), self.tokenizer, state);
            writer.write(snapshot.with_log(self.metrics.handle()?))?;
        }
        Ok(())
    }

    /// Waits until the last checkpoint is on the disk. One that could not be written is tried once more.
    pub(crate) fn arrive(
        &mut self,
        writer: &mut Writer,
        state: &mut TrainState,
    ) -> Result<(), Error> {
        let written = writer.finish();
        if let Err(error) = &written {
            eprintln!("the last checkpoint is tried again: {error}");
        }
        let own = f64::from(u8::from(written.is_err()));
        let [failed] = sum_over_ranks(self.optimizer.collective(), [own])?;
        if failed > 0.0 {
            self.save(writer, state)?;
            writer.finish()?;
        }
        Ok(self.optimizer.collective().barrier()?)
    }

    /// Where the loaders of all ranks stand, if they stand in different places.
    fn positions(&self, state: &TrainState) -> Result<Vec<Position>, Error> {
        let own = serde_json::to_vec(&state.position).expect("a position is plain data");
        let all = gather_bytes(self.optimizer.collective(), &own)?;
        if all.iter().all(|other| *other == all[0]) {
            return Ok(Vec::new());
        }
        let read = |bytes: &Vec<u8>| serde_json::from_slice(bytes);
        let positions: Result<Vec<Option<Position>>, _> = all.iter().map(read).collect();
        let positions = positions.map_err(|e| Error::Checkpoint {
            path: self.settings.folder.clone(),
            what: format!("a rank's position in the data cannot be read ({e})"),
        })?;
        Ok(positions.into_iter().flatten().collect())
    }
}
// ANCHOR_END: saving

// ANCHOR: head
//! Checkpoints written by a thread, one at a time.

use crate::Error;
use crate::durability::{Durability, WhenUnwritable};
use crate::snapshot::Snapshot;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
// ANCHOR_END: head

// ANCHOR: writer
pub struct Writer {
    folder: PathBuf,
    durability: Durability,
    in_flight: Option<JoinHandle<Result<(), Error>>>,
    /// Why the last checkpoint is not on the disk.
    failed: Option<Error>,
}

impl Writer {
    pub fn new(folder: &Path, durability: &Durability) -> Writer {
        Writer {
            folder: folder.to_path_buf(),
            durability: durability.clone(),
            in_flight: None,
            failed: None,
        }
    }

    /// Begins to write. The one before is waited for: two at a time would be two copies in memory, and could overtake each
    /// other.
    ///
    /// # Errors
    /// The one before could not be written, or this one, if it is written at once; unless the run goes on without.
    pub fn write(&mut self, snapshot: Snapshot) -> Result<(), Error> {
        self.settle()?;
        let (folder, Durability { disk, keep, .. }) =
            (self.folder.clone(), self.durability.clone());
        let work = move || snapshot.write(&*disk, &folder, &keep);
        if !self.durability.background {
            let written = work();
            self.failed = None;
            return self.judge(written);
        }
        let named = thread::Builder::new().name("checkpoint".to_string());
        let started = named.spawn(work);
        self.in_flight = Some(started.map_err(|e| Error::file(&self.folder, e))?);
        Ok(())
    }

    /// Hears whether the one in flight has ended, without waiting: a run that has to stop should do so now, and not hours
    /// later at its next checkpoint.
    pub fn poll(&mut self) -> Result<(), Error> {
        if self.in_flight.as_ref().is_some_and(JoinHandle::is_finished) {
            self.settle()?;
        }
        Ok(())
    }

    /// Waits for the one in flight.
    ///
    /// # Errors
    /// It could not be written; unless the run goes on without.
    pub fn settle(&mut self) -> Result<(), Error> {
        let waited = self.wait();
        self.judge(waited)
    }

    /// The same where it has to be on the disk.
    ///
    /// # Errors
    /// It could not be written, whatever was chosen.
    pub fn finish(&mut self) -> Result<(), Error> {
        self.wait()?;
        self.failed.take().map_or(Ok(()), Err)
    }

    fn wait(&mut self) -> Result<(), Error> {
        let Some(thread) = self.in_flight.take() else {
            return Ok(());
        };
        let path = self.folder.clone();
        thread.join().map_err(|_| Error::Panicked { path })??;
        self.failed = None;
        Ok(())
    }

    /// What a failed write means for the run.
    fn judge(&mut self, written: Result<(), Error>) -> Result<(), Error> {
        let Err(error) = written else {
            return Ok(());
        };
        match self.durability.when_unwritable {
            WhenUnwritable::Stop => Err(error),
            WhenUnwritable::GoOn => {
                eprintln!("no checkpoint was written, training goes on: {error}");
                self.failed = Some(error);
                Ok(())
            }
        }
    }
}

impl Drop for Writer {
    /// A run that ends with an error still lets the checkpoint in flight arrive.
    fn drop(&mut self) {
        let _ = self.wait();
    }
}
// ANCHOR_END: writer

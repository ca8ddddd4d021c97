// ANCHOR: head
//! `metrics.jsonl`: one line of JSON per event of a run, which every curve of the report is drawn from.
//!
//! A line is written whole or not at all. When a run resumes from a checkpoint, the lines after that checkpoint
//! are cut off first: the file reads as if the run had never stopped.

use crate::Error;
use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
// ANCHOR_END: head

// ANCHOR: metrics
/// The open log of a run.
pub struct Metrics {
    path: PathBuf,
    file: File,
    bytes: u64,
    /// Lines that could not be written yet, and whether they may wait.
    waiting: Vec<u8>,
    patient: bool,
}

impl Metrics {
    /// Opens the log for appending and creates it when it is missing.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .map_err(|e| Error::file(path, e))?;
        let bytes = file.metadata().map_err(|e| Error::file(path, e))?.len();
        Ok(Metrics {
            path: path.to_path_buf(),
            file,
            bytes,
            waiting: Vec::new(),
            patient: false,
        })
    }

    /// Bytes written so far, and those of lines that wait: what a checkpoint remembers.
    pub fn bytes(&self) -> u64 {
        self.bytes + self.waiting.len() as u64
    }

    /// Whether a line that cannot be written (a full disk) waits in memory, instead of ending the run.
    pub fn patient(&mut self, patient: bool) {
        self.patient = patient;
    }

    /// The open file, for whoever has to wait until it is on the disk.
    pub fn handle(&self) -> Result<File, Error> {
        self.file
            .try_clone()
            .map_err(|e| Error::file(&self.path, e))
    }

    /// Cuts the log back to the length that a checkpoint remembers. A shorter file is left as it is.
    pub fn truncate(&mut self, bytes: u64) -> Result<(), Error> {
        self.waiting.clear();
        if bytes < self.bytes {
            self.file
                .set_len(bytes)
                .map_err(|e| Error::file(&self.path, e))?;
            self.bytes = bytes;
        }
        Ok(())
    }

    /// Cuts the log at the first line of a stage, or at a line that was cut in the middle: what a run that died before
    /// its first checkpoint has left.
    pub fn rewind(&mut self, stage: &str) -> Result<(), Error> {
        let text = std::fs::read(&self.path).map_err(|e| Error::file(&self.path, e))?;
        let mut end = 0;
        for line in text.split_inclusive(|&byte| byte == b'\n') {
            let whole = line.ends_with(b"\n");
            let event: Option<Value> = serde_json::from_slice(line).ok().filter(|_| whole);
            if event.is_none_or(|event| event["stage"] == stage) {
                break;
            }
            end += line.len() as u64;
        }
        self.truncate(end)
    }

    /// Appends one event of a stage. `fields` is a JSON object; stage and step stand first in the line.
    pub fn write(&mut self, stage: &str, step: u64, fields: Value) -> Result<(), Error> {
        let mut event = json!({ "stage": stage, "step": step });
        if let (Value::Object(event), Value::Object(fields)) = (&mut event, fields) {
            event.extend(fields);
        }
        self.waiting
            .extend_from_slice(format!("{event}\n").as_bytes());
        match self.file.write_all(&self.waiting) {
            Ok(()) => {
                self.bytes += self.waiting.len() as u64;
                self.waiting.clear();
                Ok(())
            }
            Err(error) => {
                // Part of a line may be there.
                let _ = self.file.set_len(self.bytes);
                match self.patient {
                    true => Ok(()),
                    false => Err(Error::file(&self.path, error)),
                }
            }
        }
    }
}
// ANCHOR_END: metrics

// ANCHOR: read
/// All events of a log, in order. A last line that was cut in the middle is ignored: the writer died there.
pub fn read_metrics(path: &Path) -> Result<Vec<Value>, Error> {
    let file = File::open(path).map_err(|e| Error::file(path, e))?;
    let mut events = Vec::new();
    let mut broken: Option<usize> = None;
    for (number, line) in BufReader::new(file).lines().enumerate() {
        let line = line.map_err(|e| Error::file(path, e))?;
        if let Some(line) = broken {
            return Err(Error::Metrics {
                path: path.to_path_buf(),
                line,
            });
        }
        match serde_json::from_str(&line) {
            Ok(event) => events.push(event),
            Err(_) => broken = Some(number + 1),
        }
    }
    Ok(events)
}
// ANCHOR_END: read

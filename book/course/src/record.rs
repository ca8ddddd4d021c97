//! What is remembered about a learner: which answers were green, and how many hints were asked for.
//!
//! It is derived from test results and can be lost without loss: `cargo course check` finds the green ones again. A green
//! answer is remembered by the hash of its file, so that one that was changed since is not taken for green.

use crate::catalogue::Exercise;
use crate::generate::fingerprint;
use crate::{Error, Project};
use serde_json::{Map, Value, json};
use std::fs;
use std::path::PathBuf;

// ANCHOR: record
/// The memory of one learner, in `exercises/.progress.json`.
#[derive(Debug)]
pub struct Record {
    path: PathBuf,
    exercises: Map<String, Value>,
}

/// Where a learner stands with an exercise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing green was seen.
    Open,
    /// All properties held for the file as it is now.
    Green,
    /// They held for an earlier version of it.
    ChangedSince,
}

impl Record {
    /// Reads the memory; none, or one that is damaged, is an empty one.
    pub fn read(project: &Project) -> Self {
        let path = project.root.join("exercises/.progress.json");
        let text = fs::read_to_string(&path).unwrap_or_default();
        let exercises = match serde_json::from_str(&text) {
            Ok(Value::Object(exercises)) => exercises,
            _ => Map::new(),
        };
        Record { path, exercises }
    }

    pub fn standing(&self, project: &Project, exercise: &Exercise) -> Standing {
        match self.noted(exercise, "green").and_then(Value::as_str) {
            None => Standing::Open,
            Some(hash) if Some(hash) == hash_of(project, exercise).as_deref() => Standing::Green,
            Some(_) => Standing::ChangedSince,
        }
    }

    /// How many hints were shown.
    pub fn hints(&self, exercise: &Exercise) -> usize {
        self.noted(exercise, "hints")
            .and_then(Value::as_u64)
            .unwrap_or(0) as usize
    }

    /// Notes how a check went. An answer that was green before and fails now is open again.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn judged(
        &mut self,
        project: &Project,
        exercise: &Exercise,
        green: bool,
    ) -> Result<(), Error> {
        let hash = hash_of(project, exercise).filter(|_| green);
        self.note(exercise, "green", json!(hash))
    }

    /// Notes that so many hints were shown.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn hinted(&mut self, exercise: &Exercise, hints: usize) -> Result<(), Error> {
        self.note(exercise, "hints", json!(hints))
    }

    fn noted(&self, exercise: &Exercise, key: &str) -> Option<&Value> {
        self.exercises.get(&exercise.to_string())?.get(key)
    }

    fn note(&mut self, exercise: &Exercise, key: &str, value: Value) -> Result<(), Error> {
        let entry = self
            .exercises
            .entry(exercise.to_string())
            .or_insert_with(|| json!({}));
        if !entry.is_object() {
            *entry = json!({});
        }
        entry[key] = value;
        let text = format!("{:#}\n", Value::Object(self.exercises.clone()));
        // Whole or not at all: a check may be interrupted.
        let part = self.path.with_extension("json.part");
        fs::write(&part, text)
            .and_then(|()| fs::rename(&part, &self.path))
            .map_err(|e| Error::file(&self.path, e))
    }
}

fn hash_of(project: &Project, exercise: &Exercise) -> Option<String> {
    let text = fs::read(exercise.learners_file(project)).ok()?;
    Some(fingerprint(&text))
}
// ANCHOR_END: record

// ANCHOR: head
//! The schemas: what a row of each data set looks like, and the conversation it stands for.
//!
//! | file | data sets | what it becomes |
//! |---|---|---|
//! | `smoltalk` | smol-smoltalk and others in its shape | the conversation itself |
//! | `identity` | lines that are arrays of messages | the conversation itself |
//! | `multiple_choice` | MMLU, ARC-Easy, ARC-Challenge | question and options → a letter |
//! | `gsm8k` | GSM8K | a sum in words → a worked answer with calculator calls |
//! | `humaneval` | HumanEval | the head of a function → its code |
//! | `spelling` | made from a word list | a word → its letters, or how often one occurs |
//!
//! Each is read from JSON lines or parquet, and a row that is not as it should be is an error that names file and line.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::rows::read_rows;
use crate::{Conversation, ConversationSource, Error};

pub mod gsm8k;
pub mod humaneval;
pub mod identity;
pub mod multiple_choice;
pub mod smoltalk;
pub mod spelling;

pub use gsm8k::WordProblem;
pub use humaneval::Program;
pub use identity::Identity;
pub use multiple_choice::MultipleChoice;
pub use smoltalk::SmolTalk;
pub use spelling::{SimpleSpelling, SpellingBee, WordList};
// ANCHOR_END: head

// ANCHOR: schema
/// A row of a data set.
pub trait Schema: Sized + Send {
    /// Check and take over a row. The error says what is wrong with it; file and line are added by the caller.
    fn from_row(row: Value) -> Result<Self, String>;

    /// The conversation that the row stands for, the wanted answer included.
    fn conversation(&self) -> Conversation;
}

/// All rows of a data set, in memory: half a million conversations are one or two gigabytes.
#[derive(Debug)]
pub struct DataSet<S> {
    name: String,
    rows: Vec<S>,
}

impl<S: Schema> DataSet<S> {
    /// Read a `.jsonl` or `.parquet` file, or all such files of a folder in name order, as the hub's converter numbers
    /// them. An empty set is an error: training on nothing is never meant.
    pub fn open(name: impl Into<String>, path: &Path) -> Result<Self, Error> {
        let mut rows = Vec::new();
        for file in files_of(path)? {
            read_rows(&file, &mut |place, row| {
                let row = S::from_row(row)
                    .map_err(|problem| Error::row(&file, place.to_string(), problem))?;
                rows.push(row);
                Ok(())
            })?;
        }
        if rows.is_empty() {
            return Err(Error::Empty {
                what: path.display().to_string(),
            });
        }
        Ok(DataSet {
            name: name.into(),
            rows,
        })
    }

    pub fn from_rows(name: impl Into<String>, rows: Vec<S>) -> Self {
        DataSet {
            name: name.into(),
            rows,
        }
    }

    /// The rows themselves, for those who grade answers rather than train on them.
    pub fn rows(&self) -> &[S] {
        &self.rows
    }
}

impl<S: Schema> ConversationSource for DataSet<S> {
    fn len(&self) -> usize {
        self.rows.len()
    }

    fn get(&self, index: usize) -> Result<Conversation, Error> {
        let row = self.rows.get(index).ok_or_else(|| Error::Index {
            name: self.name.clone(),
            index,
            len: self.rows.len(),
        })?;
        Ok(row.conversation())
    }

    fn name(&self) -> &str {
        &self.name
    }
}
// ANCHOR_END: schema

// ANCHOR: reading
/// The data files at `path`: itself, or what the folder holds.
fn files_of(path: &Path) -> Result<Vec<PathBuf>, Error> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = std::fs::read_dir(path).map_err(|error| Error::io(path, error))?;
    let mut files = Vec::new();
    for entry in entries {
        let file = entry.map_err(|error| Error::io(path, error))?.path();
        if file
            .extension()
            .is_some_and(|extension| extension == "jsonl" || extension == "parquet")
        {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(Error::NoFiles {
            path: path.to_owned(),
            wanted: ".jsonl or .parquet",
        });
    }
    Ok(files)
}

/// Take a row apart into the fields of `T`. On failure say which fields there are: most often one has another name.
pub(crate) fn fields<T: DeserializeOwned>(row: Value) -> Result<T, String> {
    let found = match &row {
        Value::Object(object) => object
            .keys()
            .map(|key| format!("`{key}`"))
            .collect::<Vec<_>>()
            .join(", "),
        Value::Array(_) => "an array instead of an object".to_owned(),
        _ => "no object".to_owned(),
    };
    serde_json::from_value(row).map_err(|error| format!("{error} (found: {found})"))
}
// ANCHOR_END: reading

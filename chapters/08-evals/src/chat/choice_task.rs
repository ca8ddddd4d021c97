// ANCHOR: head
//! ARC and MMLU: a question, options, a letter.

use std::path::Path;

use dataset::Conversation;
use dataset::schemas::{DataSet, MultipleChoice, Schema};

use crate::{Error, Kind, Task};
// ANCHOR_END: head

// ANCHOR: choice-task
pub struct ChoiceTask {
    name: String,
    rows: Vec<MultipleChoice>,
}

impl ChoiceTask {
    /// `file`: rows of ARC or MMLU, `.jsonl` or `.parquet`, or a folder of such.
    pub fn open(name: &str, file: &Path) -> Result<ChoiceTask, Error> {
        let rows: DataSet<MultipleChoice> = DataSet::open(name, file)?;
        Ok(ChoiceTask::from_rows(name, rows.rows().to_vec()))
    }

    pub fn from_rows(name: &str, rows: Vec<MultipleChoice>) -> ChoiceTask {
        ChoiceTask {
            name: name.to_owned(),
            rows,
        }
    }

    /// The row itself: its options' texts are what [`by_continuation`](super::by_continuation) scores.
    pub fn row(&self, index: usize) -> Result<&MultipleChoice, Error> {
        self.rows
            .get(index)
            .ok_or_else(|| out_of_range(&self.name, index, self.rows.len()))
    }
}

pub(super) fn out_of_range(task: &str, index: usize, len: usize) -> Error {
    Error::Index {
        task: task.to_owned(),
        index,
        len,
    }
}

impl Task for ChoiceTask {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> Kind {
        Kind::Categorical
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn conversation(&self, index: usize) -> Result<Conversation, Error> {
        Ok(self.row(index)?.conversation())
    }

    /// The letters.
    fn choices(&self, index: usize) -> Result<Vec<String>, Error> {
        Ok(self.row(index)?.letters().map(String::from).collect())
    }

    fn is_correct(&self, index: usize, answer: &str) -> Result<bool, Error> {
        Ok(answer.trim() == self.row(index)?.letter().to_string())
    }
}
// ANCHOR_END: choice-task

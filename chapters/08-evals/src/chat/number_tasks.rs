// ANCHOR: head
//! GSM8K and SpellingBee: a number at the end of a written answer, behind `####`.
//!
//! How the number was found is not judged. So a lucky guess counts, and a long correct derivation with a slip in its last
//! line does not; in return the judge cannot be argued with, which matters once chapter 09 trains on what it says.

use std::path::Path;

use dataset::schemas::gsm8k::final_answer;
use dataset::schemas::{DataSet, Schema, SpellingBee, WordProblem};
use dataset::{Conversation, ConversationSource};

use super::choice_task::out_of_range;
use crate::{Error, Kind, Task};
// ANCHOR_END: head

// ANCHOR: word-problems
/// GSM8K.
pub struct WordProblemTask {
    name: String,
    rows: Vec<WordProblem>,
}

impl WordProblemTask {
    pub fn open(name: &str, file: &Path) -> Result<WordProblemTask, Error> {
        let rows: DataSet<WordProblem> = DataSet::open(name, file)?;
        Ok(WordProblemTask {
            name: name.to_owned(),
            rows: rows.rows().to_vec(),
        })
    }

    fn row(&self, index: usize) -> Result<&WordProblem, Error> {
        self.rows
            .get(index)
            .ok_or_else(|| out_of_range(&self.name, index, self.rows.len()))
    }
}

impl Task for WordProblemTask {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> Kind {
        Kind::Generative
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn conversation(&self, index: usize) -> Result<Conversation, Error> {
        Ok(self.row(index)?.conversation())
    }

    /// The same text, commas left out: `1,000` is `1000`, and `72.0` is not `72`.
    fn is_correct(&self, index: usize, answer: &str) -> Result<bool, Error> {
        let wanted = final_answer(&self.row(index)?.answer);
        let found = final_answer(answer);
        Ok(found.is_some() && found == wanted)
    }
}
// ANCHOR_END: word-problems

// ANCHOR: spelling-bee
/// SpellingBee: how often does a letter occur in a word?
pub struct SpellingBeeTask(pub SpellingBee);

impl Task for SpellingBeeTask {
    fn name(&self) -> &str {
        "SpellingBee"
    }

    fn kind(&self) -> Kind {
        Kind::Generative
    }

    fn len(&self) -> usize {
        ConversationSource::len(&self.0)
    }

    fn conversation(&self, index: usize) -> Result<Conversation, Error> {
        Ok(self.0.get(index)?)
    }

    fn is_correct(&self, index: usize, answer: &str) -> Result<bool, Error> {
        if index >= self.len() {
            return Err(out_of_range(self.name(), index, self.len()));
        }
        let wanted = self.0.question(index).count.to_string();
        Ok(final_answer(answer).is_some_and(|found| found == wanted))
    }
}
// ANCHOR_END: spelling-bee

//! How much of everything a corpus holds.

use super::error::Error;
use super::genres::Mixture;
use serde::{Deserialize, Serialize};

// ANCHOR: lesson
/// A part of the pretraining text with a mixture of its own, shuffled in itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lesson {
    pub bytes: usize,
    pub mixture: Mixture,
}
// ANCHOR_END: lesson

// ANCHOR: settings
/// How much of everything to write. A recipe may leave out what should be as in [`CorpusSettings::default`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CorpusSettings {
    /// Chooses the texts; the world has a seed of its own.
    pub seed: u64,
    /// Bytes of pretraining text of this mixture, validation included.
    pub bytes: usize,
    /// Training shards; the validation shard comes on top.
    pub shards: usize,
    /// Part of the documents in the validation shard, in per cent.
    pub validation_percent: usize,
    /// Documents in a row group. Row groups are dealt out to ranks, so there should be several per rank.
    pub rows_per_group: usize,
    pub mixture: Mixture,
    /// What comes before that, in this order. Most corpora have none: see the genre `binding`.
    pub lessons: Vec<Lesson>,
    /// Training conversations; a tenth as many for the test.
    pub chat_conversations: usize,
    pub identity_conversations: usize,
    /// Training conversations; a tenth as many for the test.
    pub spelling_conversations: usize,
    /// Training rows of MMLU's shape and of each of ARC's two sets.
    pub choice_questions: usize,
    /// Training rows of GSM8K's shape; a tenth as many for the test.
    pub word_problems: usize,
    /// Rows of HumanEval's shape, as many as the real set has.
    pub functions: usize,
    /// Most rows of a test set of questions, and of a task of the evaluation bundle.
    pub test_questions: usize,
}

impl Default for CorpusSettings {
    /// Ten megabytes of text: about 3.6 million tokens with a vocabulary of 1,024 (2.8 bytes each), 2.6 million with 2,048
    /// (3.8 bytes each), measured with 120 entities.
    fn default() -> CorpusSettings {
        CorpusSettings {
            seed: 1,
            bytes: 10_000_000,
            shards: 3,
            validation_percent: 3,
            rows_per_group: 1024,
            mixture: Mixture::default(),
            lessons: Vec::new(),
            chat_conversations: 8_000,
            identity_conversations: 400,
            spelling_conversations: 3_000,
            choice_questions: 3_000,
            word_problems: 5_000,
            functions: 164,
            test_questions: 400,
        }
    }
}

impl CorpusSettings {
    /// A corpus for smoke tests: everything, but little of it.
    pub fn smoke() -> CorpusSettings {
        CorpusSettings {
            bytes: 600_000,
            shards: 1,
            validation_percent: 10,
            rows_per_group: 256,
            chat_conversations: 1_000,
            identity_conversations: 100,
            spelling_conversations: 300,
            choice_questions: 500,
            word_problems: 500,
            functions: 40,
            test_questions: 100,
            ..CorpusSettings::default()
        }
    }

    /// Whether such a corpus can be written at all.
    pub fn check(&self) -> Result<(), Error> {
        let wrong = |problem: &str| Err(Error::Settings(problem.to_string()));
        if self.bytes < 50_000 {
            return wrong("fewer than 50,000 bytes of text; give `bytes` at least that");
        }
        if self.shards == 0 || self.rows_per_group == 0 {
            return wrong(
                "no shard, or row groups without rows; give `shards` and `rows_per_group` at least 1",
            );
        }
        if !(1..=50).contains(&self.validation_percent) {
            return wrong(
                "a validation shard outside 1 to 50 per cent; change `validation_percent`",
            );
        }
        let lessons = self.lessons.iter().map(|lesson| &lesson.mixture);
        for mixture in lessons.chain([&self.mixture]) {
            if mixture.weights().iter().all(|weight| *weight == 0) {
                return wrong("a mixture of nothing; give one of the genres a share");
            }
        }
        Ok(())
    }
}
// ANCHOR_END: settings

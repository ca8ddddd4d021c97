// ANCHOR: head
//! The six chat tasks of a data folder, real or tidepool's, and all of them asked.

use std::path::Path;
use std::sync::Arc;

use dataset::schemas::{SpellingBee, WordList, spelling::Split};
use muon::{Collective, Solo};
use tokenizer::Tokenizer;
use transformer::{Sampler, Scorer, Tool};

use super::writing::Judged;
use super::{
    ChatScore, ChoiceTask, HumanEval, SpellingBeeTask, WordProblemTask, WritingSettings, by_letter,
    by_writing,
};
use crate::batches::DEFAULT_BUDGET;
use crate::python_random::PythonRandom;
use crate::sandbox::{Executor, Limits};
use crate::{Error, Task};
// ANCHOR_END: head

// ANCHOR: means
/// What asking needs besides the model.
#[derive(Clone, Copy)]
pub struct ChatMeans<'a> {
    pub tokenizer: &'a Tokenizer,
    /// The model's context, in tokens.
    pub context: usize,
    /// Tokens in one forward pass.
    pub budget: usize,
    /// Who judges written answers, in turns: a program that is tried takes seconds, and the models are waiting.
    pub ranks: &'a dyn Collective,
}

impl<'a> ChatMeans<'a> {
    pub fn new(tokenizer: &'a Tokenizer, context: usize) -> ChatMeans<'a> {
        ChatMeans {
            tokenizer,
            context,
            budget: DEFAULT_BUDGET,
            ranks: &Solo,
        }
    }

    /// The same for several ranks that share scorer and sampler ([`crate::Shared`]): a pass of each is as large as one rank's.
    pub fn over(self, ranks: &'a dyn Collective) -> ChatMeans<'a> {
        ChatMeans {
            budget: self.budget * ranks.world(),
            ranks,
            ..self
        }
    }
}

/// Which questions of a task are asked: all, or `most` of them, drawn evenly. The files are grouped, MMLU by subject, so the first
/// hundred would all be about abstract algebra.
pub fn drawn(task: &dyn Task, most: Option<usize>) -> Vec<usize> {
    let mut indices: Vec<usize> = (0..task.len()).collect();
    if let Some(most) = most.filter(|&most| most < indices.len()) {
        PythonRandom::new(42).shuffle(&mut indices);
        indices.truncate(most);
    }
    indices
}
// ANCHOR_END: means

// ANCHOR: suite
/// The test sides of the six data sets.
pub struct ChatSuite {
    /// ARC-Easy, ARC-Challenge, MMLU
    pub choice: Vec<ChoiceTask>,
    /// GSM8K, HumanEval, SpellingBee
    pub generative: Vec<Box<dyn Task>>,
}

/// Words are endless; this many questions about them are asked.
const SPELLING_QUESTIONS: usize = 256;

impl ChatSuite {
    /// Opens the tasks of a folder that is laid out as tidepool's corpus is. Without an executor there is nobody to judge programs, and HumanEval is
    /// left out.
    pub fn open(folder: &Path, executor: Option<Arc<dyn Executor>>) -> Result<ChatSuite, Error> {
        let there = |task: &'static str, file: &'static str| match folder.join(file) {
            path if path.is_file() => Ok(path),
            _ => Err(Error::NoTask {
                folder: folder.to_owned(),
                file,
                task,
            }),
        };
        let choice = [
            ("ARC-Easy", "arc/ARC-Easy/test.jsonl"),
            ("ARC-Challenge", "arc/ARC-Challenge/test.jsonl"),
            ("MMLU", "mmlu/test.jsonl"),
        ]
        .into_iter()
        .map(|(name, file)| ChoiceTask::open(name, &there(name, file)?))
        .collect::<Result<Vec<ChoiceTask>, Error>>()?;

        let sums = WordProblemTask::open("GSM8K", &there("GSM8K", "gsm8k/test.jsonl")?)?;
        let mut generative: Vec<Box<dyn Task>> = vec![Box::new(sums)];
        if let Some(executor) = executor {
            let file = there("HumanEval", "humaneval/HumanEval.jsonl")?;
            let limits = Limits::default();
            generative.push(Box::new(HumanEval::open(
                "HumanEval",
                &file,
                executor,
                limits,
            )?));
        }
        let words = WordList::open(&there("SpellingBee", "words/words_alpha.txt")?)?;
        let bee = SpellingBee::new(words, SPELLING_QUESTIONS, Split::Test);
        generative.push(Box::new(SpellingBeeTask(bee)));
        Ok(ChatSuite { choice, generative })
    }

    /// Asks at most `most` questions of each task, choices by letter. `done` hears each result as it is there.
    #[allow(clippy::too_many_arguments)]
    pub fn evaluate(
        &self,
        most: Option<usize>,
        settings: &WritingSettings,
        means: &ChatMeans<'_>,
        scorer: &dyn Scorer,
        sampler: &mut dyn Sampler,
        new_tool: Option<&dyn Fn() -> Box<dyn Tool>>,
        done: &mut dyn FnMut(&ChatScore),
    ) -> Result<Vec<ChatScore>, Error> {
        let mut scores = Vec::new();
        for task in &self.choice {
            let score = by_letter(task, &drawn(task, most), means, scorer)?;
            done(&score);
            scores.push(score);
        }
        for task in &self.generative {
            let task = task.as_ref();
            let indices = drawn(task, most);
            let mut heard = |_: Judged<'_>| ();
            let score = by_writing(
                task, &indices, settings, means, sampler, new_tool, &mut heard,
            )?;
            done(&score);
            scores.push(score);
        }
        Ok(scores)
    }
}
// ANCHOR_END: suite

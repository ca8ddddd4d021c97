//! Chat tasks: the real data and tidepool's twins through the same loaders, three ways to get an answer, and the judges.

mod continuation;
mod humaneval;
mod letters;
#[allow(dead_code)]
#[path = "../random_scorer/mod.rs"]
mod random_scorer;
mod suites;
mod writing;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Mutex};

use dataset::schemas::MultipleChoice;
use dataset::{Conversation, Role};
use evals::chat::{
    ChatMeans, ChatScore, ChatSuite, ChoiceTask, Form, HumanEval, Method, WritingSettings,
    by_continuation, by_letter, by_writing, chat_core, csv, drawn, imports_of, program_of, table,
};
use evals::sandbox::{Executor, Layer, Limits, Outcome, Verdict};
use evals::{Bootstrap, Error, Kind, Task};
use random_scorer::{ByHeart, random_gpt, real_data, tidepool, vocabulary};
use sft::render_for_completion;
use tokenizer::{Special, Tokenizer};
use transformer::{
    Added, Causal, NaiveSampler, Plain, PlainScorer, Prompt, Sample, Sampler, StopReason, Tool,
};

/// Says of each program what it was told to, and keeps the programs.
struct Told {
    verdict: Verdict,
    programs: Mutex<Vec<String>>,
}

impl Told {
    fn new(verdict: Verdict) -> Arc<Told> {
        Arc::new(Told {
            verdict,
            programs: Mutex::new(Vec::new()),
        })
    }
}

impl Executor for Told {
    fn name(&self) -> &str {
        "told"
    }
    fn protections(&self) -> Vec<Layer> {
        Vec::new()
    }
    fn run(&self, program: &str, _: &Limits) -> Outcome {
        self.programs.lock().unwrap().push(program.to_owned());
        Outcome {
            verdict: self.verdict.clone(),
            value: None,
            stdout: String::new(),
            stderr: String::new(),
            truncated: false,
            seconds: 0.0,
            refused: Vec::new(),
        }
    }
    fn evaluate(&self, code: &str, limits: &Limits) -> Outcome {
        self.run(code, limits)
    }
}

fn suite(folder: &Path) -> ChatSuite {
    ChatSuite::open(folder, Some(Told::new(Verdict::Finished))).unwrap()
}

fn reference(conversation: &Conversation) -> String {
    conversation.messages.last().unwrap().text()
}

//! The run: it learns, resumes bit for bit, leaves the weights alone when there is nothing to learn, stops when asked, and
//! says what is wrong.

mod lesson;
mod resuming;
mod sampling;
mod updates;

use dataset::{Conversation, Message};
use evals::{Kind, Task};
use grpo::{
    Advantage, Draw, Error, Evaluation, GrpoRun, GrpoSettings, MakeSampler, Objective, Prompts,
    RateDecay, Rollouts, StepReport, TogetherSampler, ZeroVariance, lessons, open, reinforce, sums,
};
use muon::{Collective, Rates2025, Solo};
use pretrain::{Interrupt, Metrics, Outcome, TrainState, read_metrics};
use serde_json::Value;
use std::ops::ControlFlow;
use std::path::Path;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tensors::{CudaState, Machine};
use tokenizer::{Special, Tokenizer};
use transformer::{
    Added, Causal, Config, Gpt, NaiveSampler, Plain, Prompt, Sample, Sampler, Sampling, StopReason,
    Tool,
};

fn alone() -> Rc<dyn Collective> {
    Rc::new(Solo)
}

fn machine() -> Machine {
    Machine {
        device: tch::Device::Cpu,
        compute: tch::Kind::Float,
        threads: 1,
        cuda: CudaState::Absent {
            reason: String::new(),
        },
    }
}

/// Rewards answers by a rule on (question, answer, how many were judged before).
struct Rule<F> {
    rule: F,
    judged: AtomicUsize,
    questions: usize,
}

impl<F> Rule<F> {
    fn new(questions: usize, rule: F) -> Self {
        Rule {
            rule,
            judged: AtomicUsize::new(0),
            questions,
        }
    }
}

impl<F: Fn(usize, &str, usize) -> f64 + Send + Sync> Task for Rule<F> {
    fn name(&self) -> &str {
        "rule"
    }
    fn kind(&self) -> Kind {
        Kind::Generative
    }
    fn len(&self) -> usize {
        self.questions
    }
    fn conversation(&self, index: usize) -> Result<Conversation, evals::Error> {
        let question = format!("q{index}");
        Ok(Conversation::exchange(question, Message::assistant("a")))
    }
    fn is_correct(&self, index: usize, answer: &str) -> Result<bool, evals::Error> {
        Ok(self.reward(index, answer)? > 0.5)
    }
    fn reward(&self, index: usize, answer: &str) -> Result<f64, evals::Error> {
        let before = self.judged.fetch_add(1, Ordering::SeqCst);
        Ok((self.rule)(index, answer, before))
    }
}

/// 1 for answers with an even number of letters: a fresh model gives both kinds.
fn even(_: usize, answer: &str, _: usize) -> f64 {
    f64::from(answer.chars().count().is_multiple_of(2))
}

fn settings() -> GrpoSettings {
    GrpoSettings {
        epochs: 1000.0,
        max_steps: Some(6),
        prompts_per_step: 3,
        samples_per_prompt: 4,
        max_tokens: 6,
        temperature: 0.9,
        top_k: 40,
        train_stop: true,
        rollout_rows: 5,
        rows_per_pass: 5,
        updates_per_step: 2,
        objective: Objective::dapo(),
        decay: RateDecay::Cosine,
        evaluate_every: 0,
        checkpoint_seconds: 1e9,
        clip_gradients: Some(1.0),
        seed: 5,
        ..GrpoSettings::default()
    }
}

/// A base model in `folder/base`: barely taught, so that it answers with this and that.
fn base(folder: &Path) -> Tokenizer {
    let tokenizer = sums::tokenizer();
    let gpt = lessons::taught(&tokenizer, 1, 6, 16).unwrap();
    let base = folder.join("base");
    std::fs::create_dir_all(&base).unwrap();
    transformer::save_folder(&gpt, &base).unwrap();
    tokenizer.save(&base.join("tokenizer.json")).unwrap();
    tokenizer
}

struct Part<'a> {
    task: &'a dyn Task,
    settings: GrpoSettings,
    advantage: Option<&'a Advantage<'a>>,
    /// Ctrl-C after this step.
    stop_after: Option<u64>,
}

/// One part of a run: from the checkpoint in `folder/rl`, if there is one, to the end or the interruption.
fn part(folder: &Path, part: Part<'_>) -> Result<(Outcome, Vec<StepReport>, Gpt), Error> {
    let tokenizer = sums::tokenizer();
    let rl = folder.join("rl");
    let scale = part.settings.rate_scale;
    let rates = Rates2025::default();
    let start = open(
        &folder.join("base"),
        &rl,
        &machine(),
        &tokenizer,
        &rates,
        scale,
        &alone(),
    )?;
    let mut metrics = Metrics::open(&folder.join("metrics.jsonl"))?;
    let interrupt = Interrupt::never();
    let mut reports = Vec::new();
    let outcome = reinforce(GrpoRun {
        gpt: &start.gpt,
        kernels: &Plain,
        context: Box::new(Causal),
        make_sampler: &|gpt| Box::new(TogetherSampler::new(gpt, &Plain)),
        make_tool: Some(&|| Box::new(sums::Adder::new(&tokenizer))),
        task: part.task,
        tokenizer: &tokenizer,
        optimizer: start.optimizer,
        advantage: part.advantage,
        evaluate: Box::new(|_, step| {
            Ok(Some(Evaluation {
                scores: vec![("step".to_string(), step as f64)],
                samples: Vec::new(),
            }))
        }),
        on_step: &mut |report| {
            if part.stop_after == Some(report.step) {
                interrupt.press();
            }
            reports.push(report.clone());
        },
        metrics: &mut metrics,
        interrupt: interrupt.clone(),
        settings: part.settings,
        folder: &rl,
        state: start.state,
    })?;
    Ok((outcome, reports, start.gpt))
}

fn whole(task: &dyn Task) -> Part<'_> {
    Part {
        task,
        settings: settings(),
        advantage: None,
        stop_after: None,
    }
}

fn weights(gpt: &Gpt) -> Vec<Vec<u8>> {
    let bytes = |tensor: &tch::Tensor| {
        let numbers: Vec<f32> = Vec::try_from(tensor.detach().flatten(0, -1)).unwrap();
        numbers.iter().flat_map(|n| n.to_le_bytes()).collect()
    };
    gpt.parameters().iter().map(|p| bytes(&p.tensor)).collect()
}

/// The log without what the clock says.
fn log(folder: &Path) -> Vec<Value> {
    let mut events = read_metrics(&folder.join("metrics.jsonl")).unwrap();
    for event in &mut events {
        let event = event.as_object_mut().unwrap();
        event.retain(|key, _| !key.ends_with("_seconds"));
    }
    events
}

fn rollouts<'a>(
    gpt: &'a Gpt,
    make_sampler: &'a MakeSampler<'a>,
    tokenizer: &'a Tokenizer,
    settings: &GrpoSettings,
) -> Rollouts<'a> {
    Rollouts {
        gpt,
        make_sampler,
        make_tool: None,
        tokenizer,
        distribution: settings.distribution(),
        max_tokens: settings.max_tokens,
        train_stop: settings.train_stop,
        rows: settings.rollout_rows,
    }
}

// ANCHOR: head
//! Stages `eval-base`, `eval-mid`, `eval-sft`, `eval-rl`: the same examination after each training stage, so that the report
//! can say what each of them was good for.
//!
//! A base model has no idea of turns: it is asked by how likely it finds texts, CORE and the multiple-choice questions
//! written as a page. The others are asked as the user would ask them, by letter, by the likelihood of the options, and
//! by what they write.

use crate::lineage::{in_recipe, left_out};
use crate::rank_0::{begin, by_rank_0};
use crate::run::Run;
use crate::run_folder::write_whole;
use crate::stages::vocabulary;
use anyhow::{Context, Result};
use engine::{Engine, ToolMachine};
use evals::chat::{
    ChatMeans, ChatScore, ChatSuite, Form, Judged, Method, WritingSettings, by_continuation,
    by_letter, by_writing, chat_core, drawn,
};
use evals::core::{Bundle, CoreSettings};
use evals::sandbox::{CPython, Executor};
use evals::{Bootstrap, Interval, Shared, Task};
use muon::{Collective, gather_bytes};
use serde::{Deserialize, Serialize};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;
use transformer::{Gpt, Tool};
// ANCHOR_END: head

// ANCHOR: note
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ExamNote {
    pub seconds: f64,
    pub core: Option<CoreNote>,
    pub chat: Vec<ChatNote>,
    /// Over the tasks as nanochat scores them: letters and writing. Mean and 95 % interval.
    pub chat_core: Option<(f64, Interval)>,
    /// What could not be asked, and why.
    pub missing: Vec<String>,
    /// (task, question, answer, right): the first few of each written task.
    pub examples: Vec<(String, String, String, bool)>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CoreNote {
    pub core: f64,
    pub interval: Interval,
    pub tasks: Vec<CoreTaskNote>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CoreTaskNote {
    pub task: String,
    pub questions: usize,
    pub accuracy: f64,
    pub interval: Interval,
    /// What guessing gets.
    pub baseline: f64,
    pub centred: f64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChatNote {
    pub task: String,
    /// `letter`, `continuation` or `writing`
    pub method: String,
    pub right: usize,
    pub total: usize,
    pub interval: Interval,
    pub too_long: usize,
    /// Answers that called the tool, and how many of those were right.
    pub tool: Option<(usize, usize)>,
}

impl ChatNote {
    fn of(score: &ChatScore) -> ChatNote {
        ChatNote {
            task: score.task.clone(),
            method: score.method.name().into(),
            right: score.right(),
            total: score.total(),
            interval: score.interval(),
            too_long: score.too_long,
            tool: score
                .tool
                .map(|tool| (tool.called, tool.called_and_correct)),
        }
    }

    pub fn accuracy(&self) -> f64 {
        self.right as f64 / self.total.max(1) as f64
    }
}
// ANCHOR_END: note

// ANCHOR: run
/// Examines the model of a stage: `base`, `mid`, `sft` or `rl`.
pub fn run(run: &Run, ranks: &Rc<dyn Collective>, stage: &str) -> Result<()> {
    let name = format!("eval-{stage}");
    let folder = run.folder.model(stage);
    let has_stage = in_recipe(&run.recipe, stage);
    let Some(recipe) = run.recipe.evals.as_ref().filter(|_| has_stage) else {
        return Ok(());
    };
    if let Some(why) = by_rank_0(ranks, || Ok(left_out(run, stage)))? {
        run.say(&name, &format!("skipped: no model ({why})"));
        return Ok(());
    }
    let kept = || run.folder.finished::<ExamNote>(&name, &folder);
    if let Some(note) = by_rank_0(ranks, kept)? {
        run.say(&name, &format!("{}, kept from before", summary(&note)));
        return Ok(());
    }
    by_rank_0(ranks, || run.folder.trained(stage))?;
    begin(run, ranks, &name, &["data"])?;
    let started = Instant::now();
    let tokenizer = vocabulary::load(run)?;
    let gpt = Gpt::load_folder(&folder, run.machine.device)?.with_compute(run.machine.compute);
    let _lengths_change = hopper::attention::ChangingShapes::begin();
    let context = gpt.config().context as usize;
    let shared = || Shared {
        own: Engine::new(&gpt, run.kernels()),
        ranks: &**ranks,
    };
    let scorer = shared();
    let mut note = ExamNote {
        seconds: 0.0,
        core: None,
        chat: Vec::new(),
        chat_core: None,
        missing: Vec::new(),
        examples: Vec::new(),
    };
    if stage == "base" {
        let bundle = Bundle::open(&run.folder.data().join("core"))?;
        let usual = CoreSettings::new(context);
        let settings = CoreSettings {
            most: recipe.core,
            budget: usual.budget * ranks.world(), // a pass of each rank is as large as one rank's
            ..usual
        };
        let score = evals::core::evaluate(&bundle, &tokenizer, &scorer, &settings, &mut |_| ())?;
        by_rank_0(ranks, || {
            let path = run.folder.root().join("core.csv");
            write_whole(&path, &evals::core::csv(&score))
        })?;
        note.missing.extend(score.missing.iter().cloned());
        note.core = Some(CoreNote {
            core: score.core,
            interval: score.interval,
            tasks: score
                .tasks
                .iter()
                .map(|task| CoreTaskNote {
                    task: task.label.clone(),
                    questions: task.correct.len(),
                    accuracy: task.accuracy(),
                    interval: task.interval,
                    baseline: task.baseline,
                    centred: task.centred(),
                })
                .collect(),
        });
    }
    let executor = executor(&**ranks, &mut note.missing)?;
    let suite = ChatSuite::open(&run.folder.data(), executor)?;
    let means = ChatMeans::new(&tokenizer, context).over(&**ranks);
    let mut scores: Vec<ChatScore> = Vec::new();
    let mut continuations: Vec<ChatScore> = Vec::new();
    for task in &suite.choice {
        let asked = drawn(task, recipe.choice);
        // Also the chat models: as the first words of a reply, a bare option is not what any of them would say.
        let form = Form::Page;
        continuations.push(by_continuation(task, &asked, form, &means, &scorer)?);
        if stage != "base" {
            scores.push(by_letter(task, &asked, &means, &scorer)?);
        }
    }
    if stage != "base" {
        let settings = WritingSettings {
            max_tokens: recipe.max_tokens,
            rows: recipe.rows * ranks.world(),
            ..WritingSettings::default()
        };
        let new_tool = || Box::new(ToolMachine::new(&tokenizer)) as Box<dyn Tool>;
        for task in &suite.generative {
            let task: &dyn Task = task.as_ref();
            let mut sampler = shared();
            let mut failed = None;
            let (examples, name) = (&mut note.examples, task.name());
            let mut heard = |judged: Judged<'_>| {
                let shown = examples.iter().filter(|example| example.0 == name).count();
                if shown >= 3 || failed.is_some() {
                    return;
                }
                match task.conversation(judged.index) {
                    Ok(conversation) => examples.push((
                        name.to_string(),
                        conversation.messages[0].text(),
                        judged.answer.to_string(),
                        judged.correct,
                    )),
                    Err(error) => failed = Some(error),
                }
            };
            let asked = drawn(task, recipe.written);
            let score = by_writing(
                task,
                &asked,
                &settings,
                &means,
                &mut sampler,
                Some(&new_tool),
                &mut heard,
            )
            .with_context(|| format!("asking {}", task.name()))?;
            if let Some(error) = failed {
                return Err(error.into());
            }
            scores.push(score);
        }
        note.chat_core = chat_core(&scores, &Bootstrap::default());
    }
    note.chat = scores
        .iter()
        .chain(&continuations)
        .map(ChatNote::of)
        .collect();
    note.seconds = started.elapsed().as_secs_f64();
    by_rank_0(ranks, || run.folder.write_note(&name, &note))?;
    run.say(
        &name,
        &format!("{} · {:.0} s", summary(&note), note.seconds),
    );
    for missing in &note.missing {
        run.say(&name, &format!("not asked: {missing}"));
    }
    Ok(())
}

/// CPython behind its fences, or a line that says why programs cannot be judged here. All ranks judge, or none does.
fn executor(
    ranks: &dyn Collective,
    missing: &mut Vec<String>,
) -> Result<Option<Arc<dyn Executor>>> {
    let own = CPython::new();
    let able = "able".to_string();
    let said = own
        .as_ref()
        .map_or_else(ToString::to_string, |_| able.clone());
    for said in gather_bytes(ranks, said.as_bytes())? {
        if said != able.as_bytes() {
            let problem = String::from_utf8_lossy(&said);
            missing.push(format!("HumanEval ({problem})"));
            return Ok(None);
        }
    }
    Ok(own.ok().map(|own| Arc::new(own) as Arc<dyn Executor>))
}
// ANCHOR_END: run

// ANCHOR: summary
/// One line.
fn summary(note: &ExamNote) -> String {
    let mut parts = Vec::new();
    if let Some(core) = &note.core {
        parts.push(format!(
            "CORE {:.4} [{:.4}, {:.4}]",
            core.core, core.interval.low, core.interval.high
        ));
    }
    if let Some((mean, _)) = &note.chat_core {
        parts.push(format!("ChatCORE {mean:.4}"));
    }
    for score in &note.chat {
        let by = if score.method == Method::Continuation.name() {
            " (likelihood)"
        } else {
            ""
        };
        parts.push(format!(
            "{}{by} {:.1} %",
            score.task,
            100.0 * score.accuracy()
        ));
    }
    parts.join(" · ")
}
// ANCHOR_END: summary

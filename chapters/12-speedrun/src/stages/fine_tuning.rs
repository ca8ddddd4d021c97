// ANCHOR: head
//! Stages `mid` and `sft`: from a model that continues text to one that answers.
//!
//! Both are chapter 07's stage with a recipe of its own. Midtraining starts from the base model and reads every token of its
//! conversations; fine-tuning starts from what midtraining left, or from the base model where that is left out, and learns the
//! assistant's tokens only.

use crate::arithmetic::grouped;
use crate::launching::can_share;
use crate::lineage::{self, descend, no_start};
use crate::rank_0::{begin, by_rank_0};
use crate::run::{Ended, Run};
use crate::stages::vocabulary;
use anyhow::Result;
use engine::Engine;
use evals::Shared;
use muon::{Collective, Rates2025};
use pretrain::{Evaluation, Metrics, Outcome};
use serde::{Deserialize, Serialize};
use sft::{SftRun, StageRecipe, evaluate_by_source, fine_tune, open_mixture};
use std::rc::Rc;
use std::time::Instant;
use tokenizer::Tokenizer;
use transformer::Gpt;
// ANCHOR_END: head

// ANCHOR: note
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TuningNote {
    pub steps: u64,
    /// Tokens that were learnt from.
    pub supervised_tokens: u64,
    pub seconds: f64,
    /// Whose model it started from; empty in notes of programs that knew one way only.
    #[serde(default)]
    pub from: String,
    /// By source of the validation mixture.
    pub sources: Vec<SourceNote>,
}

/// How well conversations of one source are answered that the model was not trained on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SourceNote {
    pub source: String,
    pub conversations: usize,
    /// Nats per token that the assistant decides.
    pub loss: f64,
    /// The share of answers that greedy decoding would write word for word.
    pub faultless: f64,
}
// ANCHOR_END: note

// ANCHOR: which
/// The stages that this file runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    Mid,
    Sft,
}

impl Which {
    fn name(self) -> &'static str {
        match self {
            Which::Mid => "mid",
            Which::Sft => "sft",
        }
    }

    fn recipe(self, run: &Run) -> Option<&StageRecipe> {
        match self {
            Which::Mid => run.recipe.mid.as_ref(),
            Which::Sft => run.recipe.sft.as_ref(),
        }
    }
}
// ANCHOR_END: which

// ANCHOR: run
/// Conversations of each source that are scored: enough to tell 50 % from 60 %.
const VALIDATION: usize = 200;

pub fn run(run: &Run, ranks: &Rc<dyn Collective>, which: Which) -> Result<Ended> {
    let name = which.name();
    let Some(recipe) = which.recipe(run) else {
        run.say(name, "skipped: the recipe has none");
        return Ok(Ended::Done);
    };
    let folder = run.folder.model(name);
    let kept = || {
        let note = run.folder.finished::<TuningNote>(name, &folder)?;
        Ok(note.filter(|note| lineage::holds(run, name, &note.from)))
    };
    if let Some(note) = by_rank_0(ranks, kept)? {
        run.say(
            name,
            &format!("{} steps, kept from before", grouped(note.steps)),
        );
        return Ok(Ended::Done);
    }
    can_share(&run.recipe, name, ranks.world())?;
    let tokenizer = vocabulary::load(run)?;
    let start = by_rank_0(ranks, || Ok(lineage::start(run, name).map(String::from)))?;
    let Some(start) = start else {
        let why = no_start(run, name).unwrap_or_default();
        run.say(name, &format!("left out: no model to start from ({why})"));
        return Ok(Ended::Done);
    };
    let base = by_rank_0(ranks, || run.folder.trained(&start))?;
    begin(run, ranks, name, &["data"])?;
    let from = descend(run, ranks, name, &start)?;
    let started = Instant::now();
    let mut metrics = Metrics::open(&run.folder.metrics())?;
    let validation = match &recipe.validation {
        Some(validation) => Some(open_mixture(validation, &run.folder.data(), 0, 1)?),
        None => None,
    };
    let kernels = run.training_kernels(false);
    let (gpt, outcome) = fine_tune(SftRun {
        base: &base,
        folder: &folder,
        machine: &run.machine,
        kernels: &kernels,
        context: run.context(),
        tokenizer: &tokenizer,
        mixture: open_mixture(&recipe.mixture, &run.folder.data(), 0, 1)?,
        evaluate: Box::new(|gpt, _| {
            if !run.speaks() {
                return Ok(Evaluation::default());
            }
            Ok(Evaluation {
                samples: sample(run, gpt, &tokenizer)?,
                ..Evaluation::default()
            })
        }),
        metrics: &mut metrics,
        interrupt: run.interrupt.clone(),
        settings: recipe.settings(
            name,
            Rates2025 {
                weight_decay: 0.0,
                ..run.recipe.train.optimizer.table_rates()
            },
            run.recipe.model.context as usize,
        )?,
        durability: run.durability.clone(),
        peak_flops: Some(run.peak_flops),
        ranks: ranks.clone(),
    })?;
    let state = match outcome {
        Outcome::Interrupted(_) => {
            by_rank_0(ranks, || run.folder.spent(name, started))?;
            return Ok(Ended::Interrupted);
        }
        Outcome::Finished(state) => state,
    };
    // Conversations of one kind begin alike, and the engine reads that once, and no padding.
    let _lengths_change = hopper::attention::ChangingShapes::begin();
    let scorer = Shared {
        own: Engine::new(&gpt, run.kernels()),
        ranks: &**ranks,
    };
    let scores = match &validation {
        Some(mixture) => {
            evaluate_by_source(&scorer, gpt.config(), &tokenizer, mixture, VALIDATION)?
        }
        None => Vec::new(),
    };
    let sources: Vec<SourceNote> = scores
        .iter()
        .map(|score| SourceNote {
            source: score.source.clone(),
            conversations: score.conversations,
            loss: score.loss,
            faultless: score.faultless,
        })
        .collect();
    let answers: Vec<String> = sources
        .iter()
        .map(|source| format!("{} {:.0} %", source.source, 100.0 * source.faultless))
        .collect();
    by_rank_0(ranks, || {
        let note = TuningNote {
            steps: state.step,
            supervised_tokens: state.tokens,
            seconds: run.folder.spent(name, started)?,
            from,
            sources,
        };
        run.folder.write_note(name, &note)?;
        run.say(
            name,
            &format!(
                "{} steps in {:.0} s · held-out answers word for word: {}",
                grouped(note.steps),
                note.seconds,
                answers.join(", ")
            ),
        );
        Ok(())
    })?;
    Ok(Ended::Done)
}
// ANCHOR_END: run

// ANCHOR: samples

/// Two answers to look at while it learns.
fn sample(
    run: &Run,
    gpt: &Gpt,
    tokenizer: &Tokenizer,
) -> Result<Vec<(String, String)>, pretrain::Error> {
    let mut samples = Vec::new();
    for question in ["Hello!", "What is 7 plus 5?"] {
        let reply = crate::reply::reply(gpt, run.kernels(), tokenizer, question)?;
        samples.push((question.to_string(), reply));
    }
    Ok(samples)
}
// ANCHOR_END: samples

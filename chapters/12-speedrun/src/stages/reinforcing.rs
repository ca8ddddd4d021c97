// ANCHOR: head
//! Stage `rl`: the fine-tuned model solves word problems, and what led to right results becomes likelier.

use crate::arithmetic::grouped;
use crate::lineage::{self, descend, no_start};
use crate::rank_0::{begin, by_rank_0};
use crate::run::{Ended, Run};
use crate::stages::vocabulary;
use anyhow::{Context, Result};
use engine::{Engine, ToolMachine};
use evals::Shared;
use evals::chat::WordProblemTask;
use grpo::{GrpoRun, MakeSampler, MakeTool, Rollouts, StepReport, reinforce};
use muon::{Collective, Rates2025};
use pretrain::{Metrics, Outcome, TrainState};
use serde::{Deserialize, Serialize};
use std::rc::Rc;
use std::time::Instant;
use transformer::Tool;
// ANCHOR_END: head

// ANCHOR: note
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RlNote {
    pub steps: u64,
    /// Tokens that were learnt from.
    pub tokens: u64,
    pub seconds: f64,
    /// Mean reward over the first and over the last tenth of the steps.
    pub first_reward: f64,
    pub last_reward: f64,
}
// ANCHOR_END: note

// ANCHOR: run
pub fn run(run: &Run, ranks: &Rc<dyn Collective>) -> Result<Ended> {
    let Some(recipe) = &run.recipe.rl else {
        run.say("rl", "skipped: the recipe has none");
        return Ok(Ended::Done);
    };
    let folder = run.folder.model("rl");
    let kept = || run.folder.finished::<RlNote>("rl", &folder);
    if let Some(note) = by_rank_0(ranks, kept)? {
        run.say(
            "rl",
            &format!("{} steps, kept from before", grouped(note.steps)),
        );
        return Ok(Ended::Done);
    }
    let start = by_rank_0(ranks, || Ok(lineage::start(run, "rl").map(String::from)))?;
    let Some(start) = start else {
        let why = no_start(run, "rl").unwrap_or_default();
        run.say("rl", &format!("left out: no model to start from ({why})"));
        return Ok(Ended::Done);
    };
    let base = by_rank_0(ranks, || run.folder.trained(&start))?;
    begin(run, ranks, "rl", &["data"])?;
    descend(run, ranks, "rl", &start)?;
    let started = Instant::now();
    let tokenizer = vocabulary::load(run)?;
    let problems = |side: &str| {
        let file = run.folder.data().join(format!("gsm8k/{side}.jsonl"));
        WordProblemTask::open("GSM8K", &file)
    };
    let (task, held_out) = (problems("train")?, problems("test")?);
    let rates = Rates2025 {
        weight_decay: 0.0,
        ..run.recipe.train.optimizer.table_rates()
    };
    let settings = &recipe.settings;
    let start = grpo::open(
        &base,
        &folder,
        &run.machine,
        &tokenizer,
        &rates,
        settings.rate_scale,
        ranks,
    )?;
    let _lengths_change = hopper::attention::ChangingShapes::begin();
    let (kernels, training) = (run.kernels(), run.training_kernels(false));
    let make_sampler: &MakeSampler<'_> = &|gpt| {
        Box::new(Shared {
            own: Engine::new(gpt, kernels),
            ranks: &**ranks,
        })
    };
    let make_tool: &MakeTool<'_> = &|| Box::new(ToolMachine::new(&tokenizer)) as Box<dyn Tool>;
    let mut metrics = Metrics::open(&run.folder.metrics())?;
    let outcome = reinforce(GrpoRun {
        gpt: &start.gpt,
        kernels: &training,
        context: run.context(),
        make_sampler,
        make_tool: Some(make_tool),
        task: &task,
        tokenizer: &tokenizer,
        optimizer: start.optimizer,
        advantage: None,
        evaluate: Box::new(|gpt, _| {
            let rollouts = Rollouts {
                gpt,
                make_sampler,
                make_tool: Some(make_tool),
                tokenizer: &tokenizer,
                distribution: settings.distribution(),
                max_tokens: settings.max_tokens,
                train_stop: settings.train_stop,
                rows: settings.rollout_rows * ranks.world(),
            };
            let rates = rollouts.pass_rates(
                &held_out,
                recipe.questions,
                recipe.samples,
                run.recipe.seed,
                &run.interrupt,
            )?;
            Ok(rates.as_ref().map(Into::into))
        }),
        on_step: &mut |report: &StepReport| {
            if report.step.is_multiple_of(10) {
                run.say("rl", &line(report));
            }
        },
        metrics: &mut metrics,
        interrupt: run.interrupt.clone(),
        settings: settings.clone(),
        folder: &folder,
        state: start.state,
    })
    .context("reinforcement learning")?;
    let state = match outcome {
        Outcome::Interrupted(_) => {
            by_rank_0(ranks, || run.folder.spent("rl", started))?;
            return Ok(Ended::Interrupted);
        }
        Outcome::Finished(state) => state,
    };
    by_rank_0(ranks, || finish(run, &state, started))?;
    Ok(Ended::Done)
}

/// Writes the stage's note.
fn finish(run: &Run, state: &TrainState, started: Instant) -> Result<()> {
    // From the log, which holds the steps of all sittings.
    let events = pretrain::read_metrics(&run.folder.metrics())?;
    let rewards: Vec<f64> = events
        .iter()
        .filter(|event| event["stage"] == "rl")
        .filter_map(|event| event["reward"].as_f64())
        .collect();
    let tenth = (rewards.len() / 10).max(1);
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len().max(1) as f64;
    let note = RlNote {
        steps: state.step,
        tokens: state.tokens,
        seconds: run.folder.spent("rl", started)?,
        first_reward: mean(&rewards[..tenth.min(rewards.len())]),
        last_reward: mean(&rewards[rewards.len().saturating_sub(tenth)..]),
    };
    run.folder.write_note("rl", &note)?;
    run.say(
        "rl",
        &format!(
            "{} steps in {:.0} s · reward {:.3} at first, {:.3} at last",
            grouped(note.steps),
            note.seconds,
            note.first_reward,
            note.last_reward
        ),
    );
    Ok(())
}

fn line(report: &StepReport) -> String {
    format!(
        "step {:>4}   reward {:.3} ± {:.3}   {:.0} % of groups all alike   {:.1} tokens, {:.0} % cut off   tool {:.0} %",
        report.step,
        report.reward,
        report.reward_std,
        100.0 * report.zero_variance,
        report.length,
        100.0 * (1.0 - report.finished),
        100.0 * report.tool
    )
}
// ANCHOR_END: run

// ANCHOR: head
//! The demonstration of chapter 09: reward rising on one-digit sums.
//!
//! A small model has learnt the form of an answer from a careless teacher. Then it is only told which of its own answers are
//! right.

use anyhow::Result;
use grpo::{
    Evaluation, GrpoRun, Rollouts, StepReport, TogetherSampler, lessons, reinforce,
    scaled_optimizer, sums,
};
use muon::{Rates2025, Solo};
use pretrain::{Interrupt, Metrics, Outcome};
use std::time::Instant;
use transformer::{Causal, Plain, Sampler, Tool};

const LESSONS: u64 = 300;
const LESSON_ROWS: usize = 64;
const STEPS: u64 = 80;
/// Lines of the table.
const LINES: u64 = 10;

// ANCHOR_END: head

// ANCHOR: main
fn main() -> Result<()> {
    tensors::start(&tensors::Choice {
        device: Some("cpu".to_string()),
        ..tensors::Choice::default()
    })?;
    let tokenizer = sums::tokenizer();
    let started = Instant::now();
    let gpt = lessons::taught(&tokenizer, 1, LESSONS, LESSON_ROWS)?;
    println!(
        "Fine-tuned on {} lessons in {:.1} s.\n",
        LESSONS * LESSON_ROWS as u64,
        started.elapsed().as_secs_f64()
    );

    let settings = sums::settings(STEPS);
    let scratch = tempfile::tempdir()?;
    let mut metrics = Metrics::open(&scratch.path().join("metrics.jsonl"))?;
    let interrupt = Interrupt::listen();
    let make_sampler = |gpt| Box::new(TogetherSampler::new(gpt, &Plain)) as Box<dyn Sampler>;
    let make_tool = || Box::new(sums::Adder::new(&tokenizer)) as Box<dyn Tool>;
    let rollouts = Rollouts {
        gpt: &gpt,
        make_sampler: &make_sampler,
        make_tool: Some(&make_tool),
        tokenizer: &tokenizer,
        distribution: settings.distribution(),
        max_tokens: settings.max_tokens,
        train_stop: settings.train_stop,
        rows: 400,
    };
    let mut history = Vec::new();
    let outcome = reinforce(GrpoRun {
        gpt: &gpt,
        kernels: &Plain,
        context: Box::new(Causal),
        make_sampler: &make_sampler,
        make_tool: Some(&make_tool),
        task: &sums::Sums,
        tokenizer: &tokenizer,
        optimizer: scaled_optimizer(
            &gpt,
            &Rates2025::default(),
            settings.rate_scale,
            Box::new(Solo),
        )?,
        advantage: None,
        evaluate: Box::new(|_, step| examine(&rollouts, step, &interrupt)),
        on_step: &mut |report| print_step(report, &mut history),
        metrics: &mut metrics,
        interrupt: interrupt.clone(),
        settings: settings.clone(),
        folder: &scratch.path().join("rl"),
        state: None,
    })?;
    if let Outcome::Finished(state) = outcome {
        println!("\nreward, step by step   {}", sparkline(&history));
        println!(
            "{} steps, {} trained tokens, {:.1} s",
            state.step, state.tokens, state.seconds
        );
    }
    Ok(())
}
// ANCHOR_END: main

// ANCHOR: examine
/// pass@k over all hundred sums, eight answers to each, and one answer to look at.
fn examine(
    rollouts: &Rollouts<'_>,
    step: u64,
    interrupt: &Interrupt,
) -> Result<Option<Evaluation>, grpo::Error> {
    let Some(measured) = rollouts.pass_rates(&sums::Sums, 100, 8, 7, interrupt)? else {
        return Ok(None);
    };
    println!(
        "after {step} steps: pass@1 {:.1} %, pass@8 {:.1} %, {:.1} % of answers call the calculator",
        100.0 * measured.rates[0],
        100.0 * measured.rates[7],
        100.0 * measured.tool
    );
    if step == 0 {
        println!("\nstep  reward  spread  alike  tool   length  entropy  |gradient|");
    }
    Ok(Some(Evaluation::from(&measured)))
}

fn print_step(report: &StepReport, history: &mut Vec<f64>) {
    history.push(report.reward);
    if report.step == 1 || report.step.is_multiple_of(STEPS / LINES) {
        let shown = |number: Option<f64>| number.map_or("-".to_string(), |n| format!("{n:.3}"));
        println!(
            "{:>4}  {:>6.3}  {:>6.3}  {:>5.2}  {:>4.2}  {:>7.2}  {:>7}  {:>10}",
            report.step,
            report.reward,
            report.reward_std,
            report.zero_variance,
            report.tool,
            report.length,
            shown(report.entropy),
            shown(report.gradient_norm)
        );
    }
}

/// Rewards from 0 to 1 as blocks of eight heights.
fn sparkline(rewards: &[f64]) -> String {
    let blocks = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let block = |reward: &f64| blocks[(reward.clamp(0.0, 1.0) * 7.0).round() as usize];
    rewards.iter().map(block).collect()
}
// ANCHOR_END: examine

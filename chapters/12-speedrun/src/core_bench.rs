// ANCHOR: head
//! `nanocrab bench-core`: CORE one question at a time with the plain scorer, against batches with the engine, in turns.
//!
//! Three things add up: rows of similar length share a pass; what the options of a question have in common, most of all the
//! examples in front of it, is read once; and the head is asked for the scored tokens only. With `--plain` the batches go
//! to the plain scorer as well, which reads every beginning again.

use anyhow::{Result, bail};
use clap::Args;
use engine::Engine;
use evals::batches::DEFAULT_BUDGET;
use evals::benchmark::compare;
use evals::core::{Bundle, Item, order, questions};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use tensors::Machine;
use transformer::{Gpt, Plain, PlainScorer, Scorer};
// ANCHOR_END: head

// ANCHOR: options
#[derive(Args)]
pub struct CoreBenchOptions {
    /// A checkpoint folder
    #[arg(long)]
    model: PathBuf,
    /// A bundle: core.yaml, eval_meta_data.csv, eval_data/
    #[arg(long)]
    core: PathBuf,
    /// At most so many questions of each task
    #[arg(long, default_value = "40")]
    most: NonZeroUsize,
    /// How often both ways take turns
    #[arg(long, default_value = "3")]
    rounds: NonZeroUsize,
    /// Give the batches to the plain scorer, not to the engine: what it brings without shared beginnings
    #[arg(long)]
    plain: bool,
    /// Tokens in one forward pass
    #[arg(long, default_value_t = DEFAULT_BUDGET)]
    budget: usize,
}
// ANCHOR_END: options

// ANCHOR: run
/// Prints a line per task and one for all.
pub fn run(options: &CoreBenchOptions, machine: &Machine) -> Result<()> {
    if !options.model.join("config.json").exists() {
        bail!(
            "{} is no model: a checkpoint folder has config.json and model.safetensors, such as runs/tiny/base",
            options.model.display()
        );
    }
    let gpt = Gpt::load_folder(&options.model, machine.device)?.with_compute(machine.compute);
    let tokenizer = pretrain::checkpoint::load_tokenizer(&options.model, &gpt)?;
    let (plain, engine) = (PlainScorer::new(&gpt, &Plain), Engine::new(&gpt, &Plain));
    let batched: &dyn Scorer = if options.plain { &plain } else { &engine };
    let bundle = Bundle::open(&options.core)?;
    println!(
        "task                                n   tokens    one s   batched s   ratio   verdicts differ   loss differs by"
    );
    let (mut one, mut many, mut differ) = (0.0, 0.0, 0);
    for task in &bundle.tasks {
        let items = task.items()?;
        let asked: Vec<&Item> = order(items.len(), Some(options.most.get()))
            .into_iter()
            .map(|item| &items[item])
            .collect();
        let context = gpt.config().context as usize;
        let (questions, _) = questions(task, &asked, &tokenizer, context);
        let found = compare(
            &questions,
            &plain,
            batched,
            options.budget,
            options.rounds.get(),
        )?;
        let median = |pick: fn(&(f64, f64)) -> f64| {
            let mut seconds: Vec<f64> = found.seconds.iter().map(pick).collect();
            seconds.sort_by(f64::total_cmp);
            seconds[seconds.len() / 2]
        };
        let (slow, fast) = (median(|pair| pair.0), median(|pair| pair.1));
        println!(
            "{:<32} {:>4} {:>8} {slow:>8.2} {fast:>11.2} {:>7.2} {:>17} {:>17.1e}",
            task.label,
            found.questions,
            found.tokens,
            found.ratio(),
            found.disagreements,
            found.largest_difference
        );
        one += slow;
        many += fast;
        differ += found.disagreements;
    }
    println!(
        "{:<32} {:>4} {:>8} {one:>8.2} {many:>11.2} {:>7.2} {differ:>17}",
        "all",
        "",
        "",
        one / many
    );
    Ok(())
}
// ANCHOR_END: run

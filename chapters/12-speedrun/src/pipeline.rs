// ANCHOR: head
//! All stages, one after the other.

use crate::report;
use crate::run::{Ended, Run};
use crate::stages::fine_tuning::Which;
use crate::stages::{base, data, examination, fine_tuning, quiz, reinforcing, vocabulary};
use anyhow::{Context, Result};
use std::process::ExitCode;
use std::time::Instant;
// ANCHOR_END: head

// ANCHOR: speedrun
pub type Stage = fn(&Run) -> Result<Ended>;

/// Every stage, in order.
pub const STAGES: [(&str, Stage); 12] = [
    ("data", |run| data::run(run).map(|_| Ended::Done)),
    ("tokenizer", |run| vocabulary::run(run).map(|_| Ended::Done)),
    ("train", base::run),
    ("eval-base", |run| {
        examination::run(run, "base").map(|()| Ended::Done)
    }),
    ("mid", |run| fine_tuning::run(run, Which::Mid)),
    ("eval-mid", |run| {
        examination::run(run, "mid").map(|()| Ended::Done)
    }),
    ("sft", |run| fine_tuning::run(run, Which::Sft)),
    ("eval-sft", |run| {
        examination::run(run, "sft").map(|()| Ended::Done)
    }),
    ("rl", reinforcing::run),
    ("eval-rl", |run| {
        examination::run(run, "rl").map(|()| Ended::Done)
    }),
    ("quiz", |run| quiz::run(run).map(|_| Ended::Done)),
    ("report", |run| report::write(run).map(|()| Ended::Done)),
];

/// Every stage in order. A stage that is left out is said to be.
pub fn speedrun(run: &Run, skip: &[String]) -> Result<ExitCode> {
    let started = Instant::now();
    for (name, stage) in STAGES {
        if skip.iter().any(|skipped| skipped == name) {
            run.say(name, "skipped, as asked");
            continue;
        }
        let ended = stage(run).with_context(|| format!("stage {name}"))?;
        if ended == Ended::Interrupted || run.interrupt.pressed() {
            println!(
                "\nStopped; the same command goes on from {}.",
                run.folder.root().display()
            );
            return Ok(ExitCode::from(run.interrupt.exit_code()));
        }
    }
    let minutes = started.elapsed().as_secs_f64() / 60.0;
    print!("\nDone in {minutes:.1} minutes.");
    // As it was called: there are two programs, and the other one may not be built.
    let program = std::env::args().next();
    let program = program.as_deref().unwrap_or("target/debug/nanocrab");
    let trained = ["rl", "sft", "mid", "base"].map(|stage| run.folder.model(stage));
    match trained
        .iter()
        .find(|folder| folder.join("config.json").exists())
    {
        Some(model) => println!(
            "\n  talk to it       {program} chat --model {0}\n  in the browser   {program} serve --model {0}\n  the report       {1}",
            model.display(),
            run.folder.report().with_extension("html").display()
        ),
        None => println!(),
    }
    Ok(ExitCode::SUCCESS)
}
// ANCHOR_END: speedrun

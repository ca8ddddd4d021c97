// ANCHOR: head
//! All stages, one after the other.

use crate::launching::can_share;
use crate::lineage::MODELS;
use crate::rank_0::{by_rank_0, interrupted};
use crate::report;
use crate::run::{Ended, Run};
use crate::stages::fine_tuning::Which;
use crate::stages::{base, data, examination, fine_tuning, quiz, reinforcing, vocabulary};
use anyhow::{Context, Result};
use muon::Collective;
use std::rc::Rc;
use std::time::Instant;
// ANCHOR_END: head

// ANCHOR: speedrun
/// All ranks come here together, with the collective through which they speak.
pub type Stage = fn(&Run, &Rc<dyn Collective>) -> Result<Ended>;

/// Every stage, in order.
pub const STAGES: [(&str, Stage); 12] = [
    ("data", |run, ranks| {
        data::run(run, ranks).map(|_| Ended::Done)
    }),
    ("tokenizer", |run, ranks| {
        vocabulary::run(run, ranks).map(|_| Ended::Done)
    }),
    ("train", base::run),
    ("eval-base", |run, ranks| {
        examination::run(run, ranks, "base").map(|()| Ended::Done)
    }),
    ("mid", |run, ranks| fine_tuning::run(run, ranks, Which::Mid)),
    ("eval-mid", |run, ranks| {
        examination::run(run, ranks, "mid").map(|()| Ended::Done)
    }),
    ("sft", |run, ranks| fine_tuning::run(run, ranks, Which::Sft)),
    ("eval-sft", |run, ranks| {
        examination::run(run, ranks, "sft").map(|()| Ended::Done)
    }),
    ("rl", reinforcing::run),
    ("eval-rl", |run, ranks| {
        examination::run(run, ranks, "rl").map(|()| Ended::Done)
    }),
    ("quiz", |run, ranks| {
        quiz::run(run, ranks).map(|_| Ended::Done)
    }),
    ("report", |run, ranks| {
        by_rank_0(ranks, || report::write(run)).map(|()| Ended::Done)
    }),
];

/// The stage of a name in the list.
pub fn stage(name: &str) -> Option<Stage> {
    let found = STAGES.into_iter().find(|(known, _)| *known == name);
    found.map(|(_, stage)| stage)
}

/// Every stage in order. A stage that is left out is said to be; what would have come of it is done without (see `lineage.rs`).
pub fn speedrun(run: &Run, ranks: &Rc<dyn Collective>) -> Result<Ended> {
    let started = Instant::now();
    let is_skipped = |name: &str| run.skip.iter().any(|skipped| skipped == name);
    for (name, _) in STAGES.into_iter().filter(|(name, _)| !is_skipped(name)) {
        can_share(&run.recipe, name, ranks.world())?;
    }
    for (name, stage) in STAGES {
        if is_skipped(name) {
            run.say(name, "skipped, as asked");
            continue;
        }
        let ended = stage(run, ranks).with_context(|| format!("stage {name}"))?;
        if ended == Ended::Interrupted || interrupted(run, ranks)? {
            if run.speaks() {
                println!(
                    "\nStopped; the same command goes on from {}.",
                    run.folder.root().display()
                );
            }
            return Ok(Ended::Interrupted);
        }
    }
    if run.speaks() {
        say_goodbye(run, started);
    }
    Ok(Ended::Done)
}

/// What can be done now.
fn say_goodbye(run: &Run, started: Instant) {
    let minutes = started.elapsed().as_secs_f64() / 60.0;
    print!("\nDone in {minutes:.1} minutes.");
    // As it was called: there are two programs, and the other one may not be built.
    let program = std::env::args().next();
    let program = program.as_deref().unwrap_or("target/debug/nanocrab");
    let last = MODELS.iter().rev().find(|it| run.folder.has_model(it));
    match last.map(|model| run.folder.model(model)) {
        Some(model) => println!(
            "\n  talk to it       {program} chat --model {0}\n  in the browser   {program} serve --model {0}\n  the report       {1}",
            model.display(),
            run.folder.report().with_extension("html").display()
        ),
        None => println!(),
    }
}
// ANCHOR_END: speedrun

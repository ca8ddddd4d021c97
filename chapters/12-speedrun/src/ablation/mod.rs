// ANCHOR: head
//! `nanocrab ablate`: what is each change of 2026 worth, at a size that a laptop trains in a minute?
//!
//! Words: a *variant* is a recipe with something changed. It is compared with a *base*: the seed recipe, where the change is
//! *on alone*, or the recipe with all changes, where it is *off alone*. The two answer different questions: what does
//! this bring to a plain model, and what is lost without it in a full one. Runs with one seed are a *pair*: the
//! same first weights where both have them, the same batches in the same order, the same validation set. What differs
//! between the two losses of a pair is then the change, and a seed's luck mostly cancels.
//!
//! Read `variant` (what is compared), `training` (one run), `log` (the CSV that makes it resumable), `speed` (tokens per
//! second, measured apart, in turns), `table` (what came out).
// ANCHOR_END: head

// ANCHOR: modules
mod log;
mod speed;
mod table;
mod training;
mod variant;

pub use log::{Log, Row};
pub use speed::{Speed, SpeedLog};
pub use table::{Effect, effects, figure, markdown};
pub use training::{Bench, train};
pub use variant::{Family, Variant, variants};
// ANCHOR_END: modules

// ANCHOR: uses
use crate::run::{Ended, Run};
use crate::run_folder::write_whole;
use crate::stages::{data, vocabulary};
use anyhow::{Context, Result, anyhow};
use muon::Solo;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

// ANCHOR_END: uses

// ANCHOR: options
/// What the command line decides.
#[derive(Debug, Clone)]
pub struct AblateOptions {
    pub seeds: u64,
    /// Runs at a time, each on a single thread: on little models two runs side by side do more than two threads in one.
    pub jobs: usize,
    /// Only variants whose name contains one of these; empty: all.
    pub only: Vec<String>,
    /// Rounds of the speed measurement; 0 leaves it out.
    pub speed_rounds: usize,
    /// Where tables and figures go besides the run's folder: the book's `figures`.
    pub book: Option<PathBuf>,
}
// ANCHOR_END: options

// ANCHOR: run
/// Trains what is not in the log yet, then writes tables and figures of all that is.
pub fn run(run: &Run, options: &AblateOptions) -> Result<Ended> {
    data::run(run, &Solo)?;
    vocabulary::run(run, &Solo)?;
    let bench = Bench::new(run)?;
    let wanted = |variant: &&Variant| {
        options.only.is_empty() || options.only.iter().any(|part| variant.name.contains(part))
    };
    let variants = variants();
    let log = Mutex::new(Log::open(
        &run.folder.root().join("ablation.csv"),
        &run.recipe,
    )?);

    // Seed by seed: stopped after a third of the time, the log holds one whole table.
    let missing: Vec<(&Variant, u64)> = (1..=options.seeds)
        .flat_map(|seed| {
            variants
                .iter()
                .filter(wanted)
                .map(move |variant| (variant, seed))
        })
        .filter(|(variant, seed)| {
            !log.lock()
                .expect("no thread has panicked")
                .holds(&variant.name, *seed)
        })
        .collect();
    run.say(
        "ablate",
        &format!("{} runs to go, {} at a time", missing.len(), options.jobs),
    );
    if !missing.is_empty() {
        tch::set_num_threads(1);
    }
    let next = AtomicUsize::new(0);
    // Of the first worker that failed. It stops the others: their hours would end in the same message.
    let failure = OnceLock::<anyhow::Error>::new();
    let stopping = || run.interrupt.pressed() || failure.get().is_some();
    let work = || -> Result<()> {
        while !stopping() {
            let Some((variant, seed)) = missing.get(next.fetch_add(1, Ordering::SeqCst)) else {
                break;
            };
            let Some(row) = train(run, &bench, variant, *seed, &stopping)? else {
                break; // a run that was cut short says nothing
            };
            run.say(
                "ablate",
                &format!(
                    "{:<44} seed {seed}   {:.4} bits per byte   {:.0} s",
                    variant.name, row.bits_per_byte, row.seconds
                ),
            );
            log.lock().expect("no thread has panicked").append(row)?;
        }
        Ok(())
    };
    let worker = || {
        // What a panic leaves half done is seen by nobody: the ablation ends with it.
        let ended = catch_unwind(AssertUnwindSafe(&work));
        if let Err(error) = ended.unwrap_or_else(|_| Err(anyhow!("a training thread panicked"))) {
            let _ = failure.set(error); // refused if another one was first
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..options.jobs.max(1) {
            scope.spawn(worker);
        }
    });
    if let Some(error) = failure.into_inner() {
        return Err(error);
    }
    if run.interrupt.pressed() {
        return Ok(Ended::Interrupted);
    }

    tch::set_num_threads(run.machine.threads as i32);
    let mut speeds = SpeedLog::open(&run.folder.root().join("ablation-speed.csv"))?;
    if options.speed_rounds > 0 {
        let chosen: Vec<&Variant> = variants.iter().filter(wanted).collect();
        speed::measure(
            run,
            &bench,
            &variants,
            &chosen,
            options.speed_rounds,
            &mut speeds,
        )?;
    }
    report(
        run,
        options,
        &variants,
        log.lock().expect("no thread has panicked").rows(),
        &speeds,
    )?;
    Ok(Ended::Done)
}
// ANCHOR_END: run

// ANCHOR: report
/// Tables and figures of both families.
fn report(
    run: &Run,
    options: &AblateOptions,
    variants: &[Variant],
    rows: &[Row],
    speeds: &SpeedLog,
) -> Result<()> {
    let mut folders = vec![run.folder.root().to_path_buf()];
    folders.extend(options.book.clone());
    // All texts first: what is written into the book makes the working tree differ from its commit, which the texts name.
    let mut tables = Vec::new();
    for (family, name) in [(Family::Model, "model"), (Family::Optimizer, "optimizer")] {
        let effects = effects(variants, rows, speeds, family);
        if !effects.is_empty() {
            tables.push((name, markdown(run, &effects, rows, family), effects));
        }
    }
    for (name, text, effects) in &tables {
        for folder in &folders {
            let path = folder.join(format!("ablation-{name}.md"));
            write_whole(&path, text)?;
            figure(&folder.join(format!("ablation-{name}.svg")), effects)?;
            run.say("ablate", &format!("wrote {}", path.display()));
        }
    }
    if let Some(book) = &options.book {
        for name in ["ablation.csv", "ablation-speed.csv"] {
            let from = run.folder.root().join(name);
            if from.exists() {
                std::fs::copy(&from, book.join(name)).with_context(|| {
                    format!("cannot copy {} to {}", from.display(), book.display())
                })?;
            }
        }
    }
    Ok(())
}
// ANCHOR_END: report

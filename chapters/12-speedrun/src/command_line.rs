// ANCHOR: head
//! The command line: the whole pipeline, one subcommand per stage.
//!
//! It is part of the library so that two programs can have it. `nanocrab` calls it with nothing; `mine`, among the
//! exercises, brings answers along that can stand in the place of the chapters' code.

use crate::ablation::{self, AblateOptions};
use crate::bench::{self, Bench};
use crate::launching::{self, Ranked};
use crate::options::Options;
use crate::parts::Plug;
use crate::pipeline::{STAGES, speedrun, stage};
use crate::run::{Ended, Run, chain};
use crate::{arithmetic, compare, core_bench};
use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};
use muon::Collective;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;
use transformer::Plain;
// ANCHOR_END: head

// ANCHOR: command-line
/// Build your own ChatGPT in Rust, from bytes to chat.
#[derive(Parser)]
#[command(name = "nanocrab", version)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// All stages in order; stages that are done are kept
    Speedrun {
        #[command(flatten)]
        options: Options,
        /// Leave out these stages
        #[arg(long, value_delimiter = ',', value_parser = STAGES.map(|(name, _)| name))]
        skip: Vec<String>,
        /// Print what the recipe costs, and stop
        #[arg(long)]
        dry_run: bool,
    },
    /// Make the documents and conversations
    Data(Options),
    /// Train the tokenizer
    Tokenizer(Options),
    /// Pretrain the base model
    Train(Options),
    /// Train on conversations as text
    Mid(Options),
    /// Fine-tune on the assistant's part of conversations
    Sft(Options),
    /// Learn from rewards on word problems
    Rl(Options),
    /// Examine the model of a stage
    Eval {
        #[command(flatten)]
        options: Options,
        #[arg(long, value_parser = ["base", "mid", "sft", "rl"])]
        stage: String,
    },
    /// Ask the chat model held-out questions
    Quiz(Options),
    /// Write report.md and report.html
    Report(Options),
    /// Put finished runs side by side: the same recipe with other seeds, or two recipes
    Compare {
        /// Folders of runs, such as runs/tiny
        #[arg(required = true)]
        folders: Vec<PathBuf>,
        /// Write the table into this file too
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Train with each change of 2026 on alone and off alone, and write what each is worth
    Ablate {
        #[command(flatten)]
        options: Options,
        /// Pairs of runs
        #[arg(long, default_value_t = 3)]
        seeds: u64,
        /// Runs at a time, a thread each
        #[arg(long, default_value_t = 2)]
        jobs: usize,
        /// Only variants whose name contains one of these
        #[arg(long, value_delimiter = ';')]
        only: Vec<String>,
        /// Rounds of the speed measurement, which wants an idle machine; 0 leaves it out
        #[arg(long, default_value_t = 5)]
        speed_rounds: usize,
        /// Another folder for tables and figures
        #[arg(long)]
        book: Option<PathBuf>,
    },
    /// Measure this machine's speed at chapter 06's operations, or at a whole training step
    Bench {
        #[command(subcommand)]
        bench: Bench,
    },
    /// Score CORE one question at a time and batched, and compare
    BenchCore {
        #[command(flatten)]
        bench: core_bench::CoreBenchOptions,
        /// cpu, cuda, cuda:1 or mps [default: the best there is]
        #[arg(long)]
        device: Option<String>,
    },
    /// Talk to a trained model
    Chat {
        #[command(flatten)]
        chat: chat::ChatOptions,
        /// cpu, cuda, cuda:1 or mps [default: the best there is]
        #[arg(long)]
        device: Option<String>,
    },
    /// Answer over HTTP: a web page and an OpenAI-compatible API
    Serve {
        #[command(flatten)]
        serve: chat::ServeOptions,
        /// cpu, cuda, cuda:1 or mps [default: the best there is]
        #[arg(long)]
        device: Option<String>,
    },
}
// ANCHOR_END: command-line

// ANCHOR: main
/// A program's `main`.
pub fn run(plugs: &[Plug]) -> ExitCode {
    // The sandbox runs programs in copies of this one (chapter 08).
    evals::sandbox::serve_if_worker();
    match obey(CommandLine::parse().command, plugs) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {}", chain(&error));
            ExitCode::FAILURE
        }
    }
}

/// Does what a command line asks for. The first word is the program's name.
///
/// # Errors
/// Words that are no command, and whatever stops a stage.
pub fn execute<W: Into<OsString> + Clone>(
    words: impl IntoIterator<Item = W>,
    plugs: &[Plug],
) -> Result<ExitCode> {
    obey(CommandLine::try_parse_from(words)?.command, plugs)
}

fn obey(command: Command, plugs: &[Plug]) -> Result<ExitCode> {
    let one = |name: &str, options: &Options| {
        let stage = stage(name).with_context(|| format!("there is no stage {name}"))?;
        on_ranks(options, plugs, &[], stage)
    };
    match command {
        Command::Speedrun {
            options,
            dry_run: true,
            ..
        } => println!("{}", arithmetic::describe(&options.recipe()?)?),
        Command::Speedrun { options, skip, .. } => {
            return on_ranks(&options, plugs, &skip, speedrun);
        }
        Command::Data(options) => return one("data", &options),
        Command::Tokenizer(options) => return one("tokenizer", &options),
        Command::Train(options) => return one("train", &options),
        Command::Mid(options) => return one("mid", &options),
        Command::Sft(options) => return one("sft", &options),
        Command::Rl(options) => return one("rl", &options),
        Command::Eval { options, stage } => return one(&format!("eval-{stage}"), &options),
        Command::Quiz(options) => return one("quiz", &options),
        Command::Report(options) => return one("report", &options),
        Command::Compare { folders, to } => compare::run(&folders, to.as_deref())?,
        Command::Ablate {
            mut options,
            seeds,
            jobs,
            only,
            speed_rounds,
            book,
        } => {
            ensure!(
                options.mine.is_none(),
                "ablate compares the chapters' own code with itself: leave out --mine"
            );
            options.recipe.get_or_insert_with(|| "ablate".into());
            let ablate = AblateOptions {
                seeds,
                jobs,
                only,
                speed_rounds,
                book,
            };
            return on_ranks(&options, plugs, &[], |run, ranks| {
                ensure!(
                    ranks.world() == 1,
                    "ablate trains many small models, one beside the other: give it --jobs instead of ranks"
                );
                ablation::run(run, &ablate)
            });
        }
        Command::Bench { bench } => bench::run(&bench)?,
        Command::BenchCore { bench, device } => {
            reading(device, |machine| core_bench::run(&bench, machine))?;
        }
        Command::Chat { chat, device } => {
            reading(device, |machine| Ok(chat::talk(&chat, machine, &Plain)?))?;
        }
        Command::Serve { serve, device } => {
            reading(device, |machine| Ok(chat::serve(&serve, machine, &Plain)?))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Opens the run and works on it, on as many ranks as are asked for.
fn on_ranks(
    options: &Options,
    plugs: &[Plug],
    skip: &[String],
    work: impl FnOnce(&Run, &Rc<dyn Collective>) -> Result<Ended>,
) -> Result<ExitCode> {
    let place = match launching::ranks(&options.ranks)? {
        Ranked::Started(code) => return Ok(code),
        Ranked::Here(place) => place,
    };
    let (mut run, ranks) = options.open(plugs, place.as_ref())?;
    run.skip = skip.to_vec();
    let ended = work(&run, &ranks);
    if let Err(error) = &ended {
        ranks.leave(&chain(error)); // nobody is to wait for this rank
    }
    Ok(match ended? {
        Ended::Interrupted => ExitCode::from(run.interrupt.exit_code()),
        Ended::Done => ExitCode::SUCCESS,
    })
}

/// Finds the machine for a command that trains nothing. Its texts have all lengths, so none of its attention is cuDNN's.
fn reading(
    device: Option<String>,
    work: impl FnOnce(&tensors::Machine) -> Result<()>,
) -> Result<()> {
    let machine = tensors::start(&tensors::Choice {
        device,
        ..tensors::Choice::default()
    })?;
    let _lengths_change = hopper::attention::ChangingShapes::begin();
    work(&machine)
}

// ANCHOR_END: main

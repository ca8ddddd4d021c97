// ANCHOR: head
//! The command line: the whole pipeline, one subcommand per stage.
//!
//! It is part of the library so that two programs can have it. `nanocrab` calls it with nothing; `mine`, among the
//! exercises, brings answers along that can stand in the place of the chapters' code.

use crate::ablation::{self, AblateOptions};
use crate::bench::{self, Bench};
use crate::launching::{self, Ranks};
use crate::options::Options;
use crate::parts::Plug;
use crate::pipeline::{STAGES, speedrun};
use crate::run::{Ended, Run};
use crate::stages::fine_tuning::Which;
use crate::stages::{base, data, examination, fine_tuning, quiz, reinforcing, vocabulary};
use crate::{arithmetic, compare, core_bench, report};
use anyhow::{Result, ensure};
use clap::{Parser, Subcommand};
use pretrain::Interrupt;
use std::cell::RefCell;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
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
    Train {
        #[command(flatten)]
        options: Options,
        #[command(flatten)]
        ranks: Ranks,
    },
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

/// The error and its causes in one line; a cause that a message quotes already is not said twice.
fn chain(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if !line.contains(&cause) {
            line += if line.is_empty() { "" } else { ": " };
            line += &cause;
        }
    }
    line
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
    // What a run was interrupted by, for the exit code.
    let opened: RefCell<Interrupt> = RefCell::default();
    let open = |options: Options| -> Result<Run> {
        let run = options.open(plugs)?;
        opened.replace(run.interrupt.clone());
        Ok(run)
    };
    let done = match command {
        Command::Speedrun {
            options,
            dry_run: true,
            ..
        } => {
            println!("{}", arithmetic::describe(&options.recipe()?)?);
            Ended::Done
        }
        Command::Speedrun { options, skip, .. } => return speedrun(&open(options)?, &skip),
        Command::Data(options) => data::run(&open(options)?).map(|_| Ended::Done)?,
        Command::Tokenizer(options) => vocabulary::run(&open(options)?).map(|_| Ended::Done)?,
        Command::Train { options, ranks } => match launching::ranks(&ranks)? {
            launching::Ranked::Started(code) => return Ok(code),
            launching::Ranked::Here(place) => {
                let (run, ranks) = options.open_at(plugs, place.as_ref())?;
                opened.replace(run.interrupt.clone());
                base::run_on(&run, &ranks)?
            }
        },
        Command::Mid(options) => fine_tuning::run(&open(options)?, Which::Mid)?,
        Command::Sft(options) => fine_tuning::run(&open(options)?, Which::Sft)?,
        Command::Rl(options) => reinforcing::run(&open(options)?)?,
        Command::Eval { options, stage } => {
            examination::run(&open(options)?, &stage).map(|()| Ended::Done)?
        }
        Command::Quiz(options) => quiz::run(&open(options)?).map(|_| Ended::Done)?,
        Command::Report(options) => report::write(&open(options)?).map(|()| Ended::Done)?,
        Command::Compare { folders, to } => {
            compare::run(&folders, to.as_deref()).map(|()| Ended::Done)?
        }
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
            ablation::run(&open(options)?, &ablate)?
        }
        Command::Bench { bench } => bench::run(&bench).map(|()| Ended::Done)?,
        Command::BenchCore { bench, device } => {
            core_bench::run(&bench, &machine_of(device)?).map(|()| Ended::Done)?
        }
        Command::Chat { chat, device } => {
            chat::talk(&chat, &machine_of(device)?, &Plain).map(|()| Ended::Done)?
        }
        Command::Serve { serve, device } => {
            chat::serve(&serve, &machine_of(device)?, &Plain).map(|()| Ended::Done)?
        }
    };
    Ok(if done == Ended::Interrupted {
        ExitCode::from(opened.borrow().exit_code())
    } else {
        ExitCode::SUCCESS
    })
}

fn machine_of(device: Option<String>) -> Result<tensors::Machine> {
    Ok(tensors::start(&tensors::Choice {
        device,
        ..tensors::Choice::default()
    })?)
}

// ANCHOR_END: main

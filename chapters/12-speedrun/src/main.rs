// ANCHOR: head
//! `nanocrab`: the whole pipeline, one subcommand per stage.

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};
use pretrain::Interrupt;
use speedrun::ablation::{self, AblateOptions};
use speedrun::recipe::Recipe;
use speedrun::run::{Ended, Run};
use speedrun::run_folder::RunFolder;
use speedrun::stages::fine_tuning::Which;
use speedrun::stages::{base, data, examination, fine_tuning, quiz, reinforcing, vocabulary};
use speedrun::{arithmetic, core_bench, report};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;
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

#[derive(Args, Clone)]
struct Options {
    /// smoke, tiny, d12-2026, d20, gpt2, ablate, or the path of a .json file [default: tiny; for ablate: ablate]
    #[arg(long)]
    recipe: Option<String>,
    /// Pretrain on the .txt, .md, .jsonl and .parquet files of this folder
    #[arg(long, value_name = "FOLDER")]
    text: Option<PathBuf>,
    /// The run's name, a folder below --runs-dir [default: the recipe's name]
    #[arg(long)]
    name: Option<String>,
    #[arg(long, default_value = "runs")]
    runs_dir: PathBuf,
    /// Another seed than the recipe's
    #[arg(long)]
    seed: Option<u64>,
    /// cpu, cuda, cuda:1 or mps [default: the best there is]
    #[arg(long)]
    device: Option<String>,
    /// Threads of libtorch [default: all cores]
    #[arg(long)]
    threads: Option<usize>,
}
// ANCHOR_END: command-line

// ANCHOR: main
fn main() -> ExitCode {
    // The sandbox runs programs in copies of this one (chapter 08).
    evals::sandbox::serve_if_worker();
    match run(CommandLine::parse().command) {
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

fn run(command: Command) -> Result<ExitCode> {
    let done = match command {
        Command::Speedrun {
            options,
            dry_run: true,
            ..
        } => {
            println!("{}", arithmetic::describe(&options.recipe()?)?);
            Ended::Done
        }
        Command::Speedrun { options, skip, .. } => return speedrun(&options.open()?, &skip),
        Command::Data(options) => data::run(&options.open()?).map(|_| Ended::Done)?,
        Command::Tokenizer(options) => vocabulary::run(&options.open()?).map(|_| Ended::Done)?,
        Command::Train(options) => base::run(&options.open()?)?,
        Command::Mid(options) => fine_tuning::run(&options.open()?, Which::Mid)?,
        Command::Sft(options) => fine_tuning::run(&options.open()?, Which::Sft)?,
        Command::Rl(options) => reinforcing::run(&options.open()?)?,
        Command::Eval { options, stage } => {
            examination::run(&options.open()?, &stage).map(|()| Ended::Done)?
        }
        Command::Quiz(options) => quiz::run(&options.open()?).map(|_| Ended::Done)?,
        Command::Report(options) => report::write(&options.open()?).map(|()| Ended::Done)?,
        Command::Ablate {
            mut options,
            seeds,
            jobs,
            only,
            speed_rounds,
            book,
        } => {
            options.recipe.get_or_insert_with(|| "ablate".into());
            let ablate = AblateOptions {
                seeds,
                jobs,
                only,
                speed_rounds,
                book,
            };
            ablation::run(&options.open()?, &ablate)?
        }
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
    // 130: what a shell reports for a program that Ctrl-C has ended.
    Ok(if done == Ended::Interrupted {
        ExitCode::from(130)
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

impl Options {
    fn recipe(&self) -> Result<Recipe> {
        let mut recipe = Recipe::load(self.recipe.as_deref().unwrap_or("tiny"))?;
        recipe.seed = self.seed.unwrap_or(recipe.seed);
        Ok(recipe)
    }

    /// `runs/NAME`
    fn folder(&self) -> Result<PathBuf> {
        let recipe = self.recipe()?;
        // Two folders of text are two runs.
        let text = self.text.as_ref().and_then(|text| text.file_name());
        let default = match text {
            Some(text) => format!("{}-{}", recipe.name, text.to_string_lossy()),
            None => recipe.name,
        };
        Ok(self.runs_dir.join(self.name.as_deref().unwrap_or(&default)))
    }

    fn machine(&self) -> Result<tensors::Machine> {
        Ok(tensors::start(&tensors::Choice {
            device: self.device.clone(),
            threads: self.threads,
            dtype: None,
        })?)
    }

    /// Reads the recipe, starts libtorch and opens the run's folder.
    fn open(&self) -> Result<Run> {
        let recipe = self.recipe()?;
        if let Some(text) = &self.text
            && !text.is_dir()
        {
            bail!("--text {}: there is no such folder", text.display());
        }
        let machine = self.machine()?;
        // A recipe names the peak of the GPU it is meant for; what a CPU can do is measured.
        let named = recipe
            .hardware
            .peak_flops
            .filter(|_| machine.device.is_cuda());
        let peak_flops = named.unwrap_or_else(|| tensors::measure_gemm_gflops(&machine) * 1e9);
        let folder = RunFolder::open(&self.folder()?)?;
        folder.claim(&recipe, self.text.as_deref())?;
        Ok(Run {
            folder,
            recipe,
            text: self.text.clone(),
            machine,
            interrupt: Interrupt::listen(),
            peak_flops,
            peak_is_measured: named.is_none(),
        })
    }
}
// ANCHOR_END: main

// ANCHOR: speedrun
type Stage = fn(&Run) -> Result<Ended>;

/// Every stage, in order.
const STAGES: [(&str, Stage); 12] = [
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
fn speedrun(run: &Run, skip: &[String]) -> Result<ExitCode> {
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
            return Ok(ExitCode::from(130));
        }
    }
    let minutes = started.elapsed().as_secs_f64() / 60.0;
    print!("\nDone in {minutes:.1} minutes.");
    let trained = ["rl", "sft", "mid", "base"].map(|stage| run.folder.model(stage));
    match trained
        .iter()
        .find(|folder| folder.join("config.json").exists())
    {
        Some(model) => println!(
            "\n  talk to it       target/debug/nanocrab chat --model {0}\n  in the browser   target/debug/nanocrab serve --model {0}\n  the report       {1}",
            model.display(),
            run.folder.report().with_extension("html").display()
        ),
        None => println!(),
    }
    Ok(ExitCode::SUCCESS)
}
// ANCHOR_END: speedrun

//! `nanocrab`: the whole pipeline, one subcommand per stage.

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};
use pretrain::Interrupt;
use speedrun::recipe::Recipe;
use speedrun::run::{Ended, Run};
use speedrun::run_folder::RunFolder;
use speedrun::stages::{base, data, fine_tuning, quiz, vocabulary};
use speedrun::{arithmetic, report};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;
use transformer::Plain;

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
        /// Leave out these stages: data, tokenizer, train, sft, quiz, report
        #[arg(long, value_delimiter = ',', value_parser = ["data", "tokenizer", "train", "sft", "quiz", "report"])]
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
    /// Fine-tune the base model on conversations
    Sft(Options),
    /// Ask the chat model held-out questions
    Quiz(Options),
    /// Write report.md
    Report(Options),
    /// Talk to a trained model
    Chat {
        #[command(flatten)]
        chat: chat::ChatOptions,
        /// cpu, cuda, cuda:1 or mps [default: the best there is]
        #[arg(long)]
        device: Option<String>,
    },
}

#[derive(Args, Clone)]
struct Options {
    /// smoke, tiny, d20, or the path of a .json file
    #[arg(long, default_value = "tiny")]
    recipe: String,
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
        Command::Sft(options) => fine_tuning::run(&options.open()?)?,
        Command::Quiz(options) => quiz::run(&options.open()?).map(|_| Ended::Done)?,
        Command::Report(options) => report::write(&options.open()?).map(|()| Ended::Done)?,
        Command::Chat { chat, device } => {
            let choice = tensors::Choice {
                device,
                ..tensors::Choice::default()
            };
            chat::talk(&chat, &tensors::start(&choice)?, &Plain).map(|()| Ended::Done)?
        }
    };
    // 130: what a shell reports for a program that Ctrl-C has ended.
    Ok(if done == Ended::Interrupted {
        ExitCode::from(130)
    } else {
        ExitCode::SUCCESS
    })
}

impl Options {
    fn recipe(&self) -> Result<Recipe> {
        let mut recipe = Recipe::load(&self.recipe)?;
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
/// Every stage in order. A stage that is left out is said to be.
fn speedrun(run: &Run, skip: &[String]) -> Result<ExitCode> {
    let started = Instant::now();
    type Stage = fn(&Run) -> Result<Ended>;
    let stages: [(&str, Stage); 6] = [
        ("data", |run| data::run(run).map(|_| Ended::Done)),
        ("tokenizer", |run| vocabulary::run(run).map(|_| Ended::Done)),
        ("train", base::run),
        ("sft", fine_tuning::run),
        ("quiz", |run| quiz::run(run).map(|_| Ended::Done)),
        ("report", |run| report::write(run).map(|()| Ended::Done)),
    ];
    for (name, stage) in stages {
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
    let trained = ["sft", "base"].map(|stage| run.folder.model(stage));
    match trained
        .iter()
        .find(|folder| folder.join("config.json").exists())
    {
        Some(model) => println!(
            " Talk to it: target/debug/nanocrab chat --model {}",
            model.display()
        ),
        None => println!(),
    }
    Ok(ExitCode::SUCCESS)
}
// ANCHOR_END: speedrun

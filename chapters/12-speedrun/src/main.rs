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
        Ok(()) => ExitCode::SUCCESS,
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

fn run(command: Command) -> Result<()> {
    match command {
        Command::Speedrun {
            options,
            dry_run: true,
            ..
        } => {
            println!("{}", arithmetic::describe(&options.recipe()?)?);
            Ok(())
        }
        Command::Speedrun { options, skip, .. } => speedrun(&options.open()?, &skip),
        Command::Data(options) => data::run(&options.open()?).map(drop),
        Command::Tokenizer(options) => vocabulary::run(&options.open()?).map(drop),
        Command::Train(options) => base::run(&options.open()?).map(drop),
        Command::Sft(options) => fine_tuning::run(&options.open()?).map(drop),
        Command::Quiz(options) => quiz::run(&options.open()?).map(drop),
        Command::Report(options) => report::write(&options.open()?),
        Command::Chat { chat, device } => {
            let machine = tensors::start(&tensors::Choice {
                device,
                ..tensors::Choice::default()
            })?;
            Ok(chat::talk(&chat, &machine, &Plain)?)
        }
    }
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
        let default = if self.text.is_some() {
            format!("{}-text", recipe.name)
        } else {
            recipe.name
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
        let peak_flops = recipe
            .hardware
            .peak_flops
            .unwrap_or_else(|| tensors::measure_gemm_gflops(&machine) * 1e9);
        Ok(Run {
            folder: RunFolder::open(&self.folder()?)?,
            recipe,
            text: self.text.clone(),
            machine,
            interrupt: Interrupt::listen(),
            peak_flops,
        })
    }
}
// ANCHOR_END: main

// ANCHOR: speedrun
/// Every stage in order.
fn speedrun(run: &Run, skip: &[String]) -> Result<()> {
    let started = Instant::now();
    let wanted = |stage: &str| !skip.iter().any(|skipped| skipped == stage);
    let interrupted = |run: &Run| {
        println!(
            "\nStopped; the same command goes on from {}.",
            run.folder.root().display()
        )
    };
    if wanted("data") {
        data::run(run).context("stage data")?;
    }
    if wanted("tokenizer") {
        vocabulary::run(run).context("stage tokenizer")?;
    }
    if wanted("train") && base::run(run).context("stage train")? == Ended::Interrupted {
        interrupted(run);
        return Ok(());
    }
    if wanted("sft") && fine_tuning::run(run).context("stage sft")? == Ended::Interrupted {
        interrupted(run);
        return Ok(());
    }
    if wanted("quiz") {
        quiz::run(run).context("stage quiz")?;
    }
    if wanted("report") {
        report::write(run).context("stage report")?;
    }
    let model = run.folder.model("sft");
    let minutes = started.elapsed().as_secs_f64() / 60.0;
    println!(
        "\nDone in {minutes:.1} minutes. Talk to it: target/debug/nanocrab chat --model {}",
        model.display()
    );
    Ok(())
}
// ANCHOR_END: speedrun

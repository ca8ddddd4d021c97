// ANCHOR: head
//! The demonstration of chapter 08, and a scorer of checkpoints.
//!
//! ```text
//! evals                                              trains a small model on tidepool and examines it
//! evals --model FOLDER --core BUNDLE                 CORE of a checkpoint folder
//! evals --model FOLDER --chat DATA                   the chat tasks; both may be asked for at once
//! evals fool                                         three ways to fool yourself, measured
//! ```
//!
//! Batched against one question at a time is measured by `nanocrab bench-core` of chapter 12, which has the engine too.

mod demonstration;
mod fooling;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};
use evals::Bootstrap;
use evals::batches::DEFAULT_BUDGET;
use evals::chat::{self, ChatMeans, ChatSuite, WritingSettings};
use evals::core::{self, Bundle, CoreSettings, evaluate};
use evals::sandbox;
use pretrain::checkpoint;
use tensors::{Choice, Machine};
use tokenizer::Tokenizer;
use transformer::{Gpt, NaiveSampler, Plain, PlainScorer};
// ANCHOR_END: head

// ANCHOR: options
/// Scores language models. Without arguments: a demonstration.
#[derive(Parser)]
struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    /// A checkpoint folder: config.json, model.safetensors, tokenizer.json
    #[arg(long)]
    model: Option<PathBuf>,
    /// A bundle: core.yaml, eval_meta_data.csv, eval_data/
    #[arg(long)]
    core: Option<PathBuf>,
    /// At most so many questions of each task
    #[arg(long)]
    most: Option<NonZeroUsize>,
    /// Tokens in one forward pass
    #[arg(long, default_value_t = DEFAULT_BUDGET)]
    budget: usize,
    /// A data folder laid out as tidepool's: arc/, mmlu/, gsm8k/, humaneval/, words/
    #[arg(long)]
    chat: Option<PathBuf>,
    /// Longest answer to a chat task, in tokens
    #[arg(long, default_value_t = 256)]
    max_tokens: usize,
    /// Write the scores into this folder too: core.csv and chat.csv, whichever were asked for
    #[arg(long, value_name = "FOLDER")]
    csv: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Trains three small models and shows how a number can mislead
    Fool,
}
// ANCHOR_END: options

// ANCHOR: main
fn main() -> Result<()> {
    sandbox::serve_if_worker();
    let options = Options::parse();
    let machine = tensors::start(&Choice::default())?;
    match options.command {
        Some(Command::Fool) => fooling::run(&machine),
        None if options.model.is_none() => {
            if options.core.is_some() || options.chat.is_some() {
                bail!("--core and --chat need a model to ask; add --model FOLDER");
            }
            demonstration::run(&machine)
        }
        None => score(&options, &machine),
    }
}
// ANCHOR_END: main

// ANCHOR: score
fn score(options: &Options, machine: &Machine) -> Result<()> {
    let folder = options.model.as_deref().expect("checked by the caller");
    let (gpt, tokenizer) = load(folder, machine)?;
    let scorer = PlainScorer::new(&gpt, &Plain);
    let context = gpt.config().context as usize;
    if options.core.is_none() && options.chat.is_none() {
        bail!("what to ask? Add --core BUNDLE or --chat DATA");
    }
    // Now, and not when an hour of questions has been answered.
    if let Some(folder) = &options.csv {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("--csv {} must be a folder", folder.display()))?;
    }
    let most = options.most.map(NonZeroUsize::get);
    if let Some(bundle) = &options.core {
        let settings = CoreSettings {
            most,
            budget: options.budget,
            ..CoreSettings::new(context)
        };
        let score = evaluate(
            &Bundle::open(bundle)?,
            &tokenizer,
            &scorer,
            &settings,
            &mut |task| eprintln!("{}: {:.4}", task.label, task.accuracy()),
        )?;
        println!("{}", core::table(&score));
        keep(options, "core.csv", &core::csv(&score))?;
    }
    if let Some(data) = &options.chat {
        let means = ChatMeans {
            budget: options.budget,
            ..ChatMeans::new(&tokenizer, context)
        };
        let writing = WritingSettings {
            max_tokens: options.max_tokens,
            ..WritingSettings::default()
        };
        let executor = match sandbox::CPython::new() {
            Ok(python) => {
                Some(std::sync::Arc::new(python) as std::sync::Arc<dyn sandbox::Executor>)
            }
            Err(problem) => {
                eprintln!("HumanEval is left out: {problem}");
                None
            }
        };
        // Chapter 10's engine brings speed and the calculator; here the readable sampler writes, without a tool.
        let scores = ChatSuite::open(data, executor)?.evaluate(
            most,
            &writing,
            &means,
            &scorer,
            &mut NaiveSampler::new(&gpt, &Plain),
            None,
            &mut |score| eprintln!("{}: {} of {}", score.task, score.right(), score.total()),
        )?;
        println!("{}", chat::table(&scores, &Bootstrap::default()));
        keep(options, "chat.csv", &chat::csv(&scores))?;
    }
    Ok(())
}

/// A table for programs, into the folder of `--csv`. CORE and chat tasks have other columns, so each has a file, and CORE's is
/// there before the chat tasks begin. Under its name stands a whole table or none.
fn keep(options: &Options, name: &str, lines: &str) -> Result<()> {
    if let Some(folder) = &options.csv {
        tokenizer::atomic_file::write(&folder.join(name), lines.as_bytes())?;
    }
    Ok(())
}

fn load(folder: &Path, machine: &Machine) -> Result<(Gpt, Tokenizer)> {
    for file in ["config.json", "model.safetensors", "tokenizer.json"] {
        if !folder.join(file).is_file() {
            bail!(
                "--model {}: there is no {file} in it; name a checkpoint folder, which holds config.json, model.safetensors \
                 and tokenizer.json, like runs/NAME/base (`./speedrun.sh` makes them)",
                folder.display()
            );
        }
    }
    let gpt = Gpt::load_folder(folder, machine.device)?.with_compute(machine.compute);
    // A checkpoint of ours says which tokenizer it was trained with; of a folder from elsewhere only sizes can be compared.
    let tokenizer = checkpoint::load_tokenizer(folder, &gpt)?;
    Ok((gpt, tokenizer))
}
// ANCHOR_END: score

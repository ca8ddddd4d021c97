// ANCHOR: main
//! The program of chapter 02.
//!
//! ```text
//! dataset                      the demonstration, on a small tidepool
//! dataset FOLDER               the same with your own texts or parquet shards
//! dataset download NAME …      real data sets, into a data folder
//! dataset tokenize FOLDER OUT  parquet shards into token shards
//! ```

mod commands;
mod demonstration;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(
    about = "Documents become rows: the demonstration of chapter 02, and its two tools",
    args_conflicts_with_subcommands = true
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// A folder of .txt, .md, .jsonl or .parquet files instead of the embedded world
    folder: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    Download(commands::Download),
    Tokenize(commands::Tokenize),
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    match arguments.command {
        None => demonstration::run(arguments.folder),
        Some(Command::Download(download)) => download.run(),
        Some(Command::Tokenize(tokenize)) => tokenize.run(),
    }
}
// ANCHOR_END: main

// ANCHOR: main
//! The demonstration of chapter 11: talks. `chat serve` talks over HTTP.

use clap::{Parser, Subcommand};
use std::process::ExitCode;
use transformer::Plain;

/// Talk to a trained model in the terminal.
#[derive(Parser)]
#[command(name = "chat", version, args_conflicts_with_subcommands = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    chat: chat::ChatOptions,
    /// cpu, cuda, cuda:1 or mps [default: the best there is]
    #[arg(long, global = true)]
    device: Option<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Answer over HTTP, with a web page and an OpenAI-compatible API
    Serve(chat::ServeOptions),
}

fn main() -> ExitCode {
    evals::sandbox::serve_if_worker(); // the programs that a model writes run in this program, started again
    match run(CommandLine::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: CommandLine) -> Result<(), chat::Error> {
    let machine = tensors::start(&tensors::Choice {
        device: options.device,
        ..tensors::Choice::default()
    })?;
    match &options.command {
        Some(Command::Serve(options)) => chat::serve(options, &machine, &Plain),
        None => chat::talk(&options.chat, &machine, &Plain),
    }
}
// ANCHOR_END: main

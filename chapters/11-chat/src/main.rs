//! The demonstration of chapter 11: talks.

use clap::Parser;
use std::process::ExitCode;
use transformer::Plain;

/// Talk to a trained model in the terminal.
#[derive(Parser)]
#[command(name = "chat", version)]
struct CommandLine {
    #[command(flatten)]
    chat: chat::ChatOptions,
    /// cpu, cuda, cuda:1 or mps [default: the best there is]
    #[arg(long)]
    device: Option<String>,
}

fn main() -> ExitCode {
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
    chat::talk(&options.chat, &machine, &Plain)
}

//! `nanocrab`: the chapters and nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    speedrun::command_line::run(&[])
}

//! `./speedrun.sh --mine` starts this: `nanocrab` with your answers on board.

use std::process::ExitCode;

fn main() -> ExitCode {
    speedrun::command_line::run(&mine::plugs())
}

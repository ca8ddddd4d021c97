//! Judges your answers: `cargo course check 06`, or `cargo test -p exercises-06`.

mod properties;
mod tables;

use exercises_06 as implementation;
use std::process::ExitCode;

fn main() -> ExitCode {
    judge::program::yours(6, tables::exercises())
}

//! Judges your answers: `cargo course check 04`, or `cargo test -p exercises-04`.

mod properties;
mod tables;

use exercises_04 as implementation;
use std::process::ExitCode;

fn main() -> ExitCode {
    judge::program::yours(4, tables::exercises())
}

//! Judges the exercises of chapter 05: the reference must hold, the stub and every wrong answer must fail.

mod planted;
mod properties;
mod reference;
mod stub;

use std::process::ExitCode;

fn main() -> ExitCode {
    judge::program::gates(
        5,
        judge::program::Gates {
            reference: reference::tables::exercises(),
            stub: stub::tables::exercises(),
            wrong: planted::wrong(),
        },
    )
}

//! The demonstration: what this machine offers.
//!
//! `cargo run --bin tensors`, or with `-- --json` for programs.

use anyhow::{Context, Result, bail};
use tensors::{Choice, doctor};

// ANCHOR: main
const USAGE: &str =
    "usage: tensors [--json] [--device cpu|cuda|cuda:N|mps] [--dtype fp32|bf16] [--threads N]";

fn main() -> Result<()> {
    let mut choice = Choice::default();
    let mut json = false;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || {
            arguments
                .next()
                .with_context(|| format!("{argument} needs a value\n{USAGE}"))
        };
        match argument.as_str() {
            "--json" => json = true,
            "--device" => choice.device = Some(value()?),
            "--dtype" => choice.dtype = Some(value()?),
            "--threads" => {
                let given = value()?;
                choice.threads = Some(
                    given
                        .parse()
                        .with_context(|| format!("--threads {given:?} is no number"))?,
                );
            }
            "--help" | "-h" => {
                println!("{USAGE}");
                return Ok(());
            }
            _ => bail!("unknown argument {argument:?}\n{USAGE}"),
        }
    }

    let machine = tensors::start(&choice)?;
    let report = doctor::examine(&machine)?;
    if json {
        println!("{}", report.json());
    } else {
        println!("{}", report.table());
    }
    Ok(())
}
// ANCHOR_END: main

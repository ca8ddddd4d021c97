//! `kill -9` at many moments of a `smoke` run, and the question whether anything is lost.
//!
//! ```text
//! cargo run --example kill_test -- --kills 100
//! ```

mod killing;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use std::path::PathBuf;

#[derive(Parser)]
struct Options {
    /// How often to kill
    #[arg(long, default_value_t = 100)]
    kills: usize,
    /// Other moments
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// smoke, or the path of a .json file
    #[arg(long, default_value = "smoke")]
    recipe: String,
    /// The program to be killed [default: nanocrab, beside this example's folder]
    #[arg(long)]
    program: Option<PathBuf>,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let program = match &options.program {
        Some(program) => program.clone(),
        None => {
            let own = std::env::current_exe().context("this program has a path")?;
            own.ancestors()
                .nth(2)
                .context("an example lies in a folder")?
                .join("nanocrab")
        }
    };
    ensure!(
        program.exists(),
        "{} is not there; build it first: cargo build --bin nanocrab",
        program.display()
    );
    let scratch = tempfile::tempdir().context("a scratch folder")?;
    let bench = killing::Bench {
        program,
        recipe: options.recipe,
        runs: scratch.path().to_path_buf(),
    };
    let tally = bench.kill(options.kills, options.seed, &mut |line| println!("{line}"))?;
    println!("\nkilled in");
    for (place, count) in &tally.kills {
        println!("{count:>5}  {place}");
    }
    println!(
        "{:>5}  kills, {} runs; losses and weights equal, bit for bit",
        options.kills, tally.runs
    );
    Ok(())
}

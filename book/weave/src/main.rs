//! `weave`: builds, serves and inspects the book. `cargo course book` starts it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use weave::build::{build, find_book, inspect};
use weave::coverage::{Coverage, ranges, table};
use weave::serve::serve;

#[derive(Parser)]
#[command(about = "Weaves the book from its pages and the real sources", version)]
struct Arguments {
    /// The book's folder (the one with book.toml); the nearest one is found by itself
    #[arg(long, global = true, value_name = "FOLDER")]
    book: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the book as HTML, and fail if anything in it is wrong
    Build {
        /// Where to put it (as book.toml says, if not given)
        #[arg(long, value_name = "FOLDER")]
        dest: Option<PathBuf>,
    },
    /// Serve the book on this machine, and build it again when a file changes
    Serve {
        #[arg(long, value_name = "FOLDER")]
        dest: Option<PathBuf>,
        #[arg(long, default_value_t = 3000)]
        port: u16,
    },
    /// Print how much of each chapter's code the book shows
    Coverage {
        /// Also list the lines that no page shows, and those shown twice
        #[arg(long, short)]
        lines: bool,
    },
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let book = match &arguments.book {
        Some(book) => book.clone(),
        None => find_book(&std::env::current_dir()?)?,
    };
    match &arguments.command {
        Command::Build { dest } => {
            let built = build(&book, dest.as_deref())?;
            print!("{}", table(&built.coverage));
            print_doubles(&built.coverage);
            println!(
                "{} pages, in {}",
                built.pages,
                built.output.join("index.html").display()
            );
        }
        Command::Serve { dest, port } => serve(&book, dest.as_deref(), *port)?,
        Command::Coverage { lines } => {
            let findings = inspect(&book)?;
            print!("{}", table(&findings.coverage));
            print_doubles(&findings.coverage);
            if *lines {
                for (path, missing) in findings
                    .coverage
                    .iter()
                    .flat_map(|(coverage, _)| &coverage.missing)
                {
                    println!("not shown: {path}:{}", ranges(missing));
                }
            }
            for problem in &findings.problems {
                eprintln!("{problem}");
            }
            anyhow::ensure!(
                findings.problems.is_empty(),
                "the pages have problems, and were counted without what is wrong"
            );
        }
    }
    Ok(())
}

fn print_doubles(coverage: &[(Coverage, String)]) {
    for (path, lines) in coverage.iter().flat_map(|(coverage, _)| &coverage.twice) {
        println!("shown twice: {path}:{}", ranges(lines));
    }
}

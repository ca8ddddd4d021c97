//! `weave`: builds, serves and inspects the book. `cargo course book` starts it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use weave::build::{build, find_book, inspect};
use weave::serve::serve;
use weave::{pdf, report};

mod commands;

#[derive(Parser)]
#[command(
    about = "Weaves the book from its pages and the real sources",
    bin_name = "cargo course book",
    version
)]
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
        /// Write down how much of each crate the book shows now, more or less than before
        #[arg(long)]
        baseline: bool,
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
        /// Also list the lines that no page shows
        #[arg(long, short)]
        lines: bool,
    },
    /// Gather the Rust that pages type themselves into tests of their crates: `cargo test --test 'page_*'`
    Gather,
    /// Run the commands of the pages' console blocks, and compare what they print
    Run {
        /// These pages only, such as 02-dataset
        pages: Vec<String>,
        /// Put what they print into the pages
        #[arg(long)]
        update: bool,
    },
    /// Run a long command once and keep what it prints, for `{{#transcript FILE}}`
    Record {
        /// Where to keep it: book/transcripts/NAME.txt
        file: PathBuf,
        /// What it runs on, in words, such as "2 vCPU Intel Xeon with AVX-512"
        #[arg(long)]
        machine: String,
        /// The command, as the shell takes it
        command: String,
    },
    /// Say that the text of these pages fits their sources as they are now
    InStep {
        /// Pages such as 02-dataset
        #[arg(required_unless_present = "all")]
        pages: Vec<String>,
        /// All pages
        #[arg(long, conflicts_with = "pages")]
        all: bool,
    },
    /// Make book/links.txt hold the links that lead out of the book
    Links {
        /// Go out with curl, and write today's date beside each that answers
        #[arg(long)]
        look: bool,
    },
    /// Build the book and print it into one PDF, with Chromium
    Pdf {
        #[arg(long, value_name = "FOLDER")]
        dest: Option<PathBuf>,
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
        Command::Build { dest, baseline } => {
            let built = build(&book, dest.as_deref(), *baseline)?;
            let findings = &built.findings;
            print!("{}{}", report::table(findings), report::notes(findings));
            println!("{}", commands::links_in_words(&book)?);
            println!("{}", commands::built_in_words(&built));
        }
        Command::Serve { dest, port } => serve(&book, dest.as_deref(), *port)?,
        Command::Coverage { lines } => {
            let findings = inspect(&book)?;
            print!("{}{}", report::table(&findings), report::notes(&findings));
            if *lines {
                print!("{}", report::missing(&findings));
            }
            for problem in &findings.problems {
                eprintln!("{problem}");
            }
            anyhow::ensure!(
                findings.problems.is_empty(),
                "the pages have problems, and were counted without what is wrong"
            );
        }
        Command::Gather => commands::gather(&book)?,
        Command::Run { pages, update } => commands::run(&book, pages, *update)?,
        Command::Record {
            file,
            machine,
            command,
        } => commands::record(&book, file, machine, command)?,
        Command::InStep { pages, .. } => commands::in_step(&book, pages)?,
        Command::Links { look } => commands::links(&book, *look)?,
        Command::Pdf { dest } => {
            let built = build(&book, dest.as_deref(), false)?;
            println!("{}", pdf::print(&built.output)?.display());
        }
    }
    Ok(())
}

//! The command line of `cargo course`.

use anyhow::Result;
use clap::{Parser, Subcommand};
use course::checks::{self, Job};
use course::cleanup::Cleanup;
use course::learner::Course;
use course::platform::{Flavour, Pins};
use course::setup::Setup;
use course::surroundings::Surroundings;
use course::{Project, doctor, generate, suite, watch};
use std::io::{BufRead, IsTerminal, Write};
use std::process::ExitCode;

// ANCHOR: command-line
/// The course's own tool: sets the course up, finds what is wrong, checks everything, builds the book.
#[derive(Parser)]
#[command(name = "course", bin_name = "cargo course", version)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Fetch libtorch into .libtorch, or find that it is there
    Setup {
        /// The flavour for NVIDIA GPUs, also where none is seen now
        #[arg(long, conflicts_with = "cpu")]
        cuda: bool,
        /// The small flavour, also where a GPU is seen
        #[arg(long)]
        cpu: bool,
        /// Say what would be downloaded, and stop
        #[arg(long)]
        dry_run: bool,
    },
    /// Look at everything the course needs, and name the command that mends what is missing
    Doctor,
    /// Set up what is missing, then run every check there is
    Test {
        /// Run this check alone (may be repeated)
        #[arg(long, value_name = "NAME")]
        only: Vec<String>,
        /// Name the checks, and stop
        #[arg(long)]
        list: bool,
    },
    /// Judge your answer to an exercise: the next one, or 01.3, or the whole of 01
    Check {
        #[arg(value_name = "NN[.M]")]
        exercise: Option<String>,
        /// Judge the solution in its place: is it me or my machine?
        #[arg(long)]
        reference: bool,
    },
    /// Judge again whenever you save
    Watch {
        #[arg(value_name = "NN.M")]
        exercise: Option<String>,
    },
    /// Say which exercise is next, in the course or in one chapter
    Next {
        #[arg(value_name = "NN")]
        chapter: Option<String>,
    },
    /// Give a hint, one more each time
    Hint {
        #[arg(value_name = "NN.M")]
        exercise: Option<String>,
    },
    /// Show the solution of an exercise
    Solution {
        #[arg(value_name = "NN.M")]
        exercise: Option<String>,
    },
    /// Show where you stand in the whole course
    Status,
    /// Put the stub back; your version is kept
    Reset {
        #[arg(value_name = "NN[.M]")]
        exercise: String,
    },
    /// Write exercises/ from solutions/ (for those who write exercises)
    Gen {
        /// Overwrite files that were changed by hand, too
        #[arg(long)]
        force: bool,
    },
    /// Build the book into book/build, or give the weaver another command (`cargo course book help` names them)
    Book {
        /// Serve it on this machine, and build it again when a page changes
        #[arg(long, conflicts_with = "weaver")]
        serve: bool,
        /// A command of the weaver, such as `coverage` or `in-step 02-dataset`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        weaver: Vec<String>,
    },
}
// ANCHOR_END: command-line

// ANCHOR: main
fn main() -> ExitCode {
    match run(CommandLine::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    let project = Project::find(&std::env::current_dir()?)?;
    let surroundings = Surroundings::read(&project);
    let pins = Pins::shipped();
    let cleanup = Cleanup::default();
    cleanup.on_interrupt();
    let job = Job {
        project: &project,
        surroundings: &surroundings,
        pins: &pins,
        cleanup: &cleanup,
    };
    match command {
        Command::Setup { cuda, cpu, dry_run } => {
            let flavour = if cuda {
                Some(Flavour::Cuda)
            } else {
                cpu.then_some(Flavour::Cpu)
            };
            let setup = Setup {
                project: &project,
                surroundings: &surroundings,
                pins: &pins,
                flavour,
                cleanup: &cleanup,
            };
            if dry_run {
                setup.plan()?.iter().for_each(|line| println!("{line}"));
                return Ok(ExitCode::SUCCESS);
            }
            let outcome = setup.run()?;
            println!("{}", outcome.in_words());
            if let (Some(gpu), Flavour::Cpu) = (&surroundings.gpu, outcome.found().flavour)
                && !cpu
            {
                println!(
                    "{gpu} is here: `cargo course setup --cuda` fetches the flavour that uses it"
                );
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Doctor => Ok(code(doctor::run(&job))),
        Command::Test { list: true, .. } => {
            suite::list(&checks::all());
            Ok(ExitCode::SUCCESS)
        }
        Command::Test { only, .. } => {
            let chosen = checks::choose(&only)?;
            Ok(code(suite::run(&job, &chosen)))
        }
        Command::Check {
            exercise,
            reference,
        } => Ok(code(
            Course::open(&project)?.check(exercise.as_deref(), reference)?,
        )),
        Command::Watch { exercise } => {
            watch::watch(|| {
                let mut course = Course::open(&project)?;
                course.check(exercise.as_deref(), false)?;
                println!("\nwatching; Ctrl-C ends it");
                course.file(exercise.as_deref())
            })?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Next { chapter } => {
            Course::open(&project)?.next(chapter.as_deref())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Hint { exercise } => {
            Course::open(&project)?.hint(exercise.as_deref())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Solution { exercise } => {
            Course::open(&project)?.solution(exercise.as_deref())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Status => {
            Course::open(&project)?.status()?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Reset { exercise } => {
            Course::open(&project)?.reset(&exercise)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Gen { force } => {
            let summary = generate::generate(&project, |file| force || agrees(file))?;
            for file in &summary.kept {
                println!("kept {file}, which was changed by hand");
            }
            println!(
                "{} written, {} unchanged",
                summary.written, summary.unchanged
            );
            Ok(ExitCode::SUCCESS)
        }
        Command::Book { serve, weaver } => {
            let mut weave = project.cargo();
            weave.args(["run", "--quiet", "--package", "weave", "--"]);
            match (serve, weaver.is_empty()) {
                (true, _) => weave.arg("serve"),
                (false, true) => weave.arg("build"),
                (false, false) => weave.args(weaver),
            };
            if !checks::is_built(&project, "weave") {
                eprintln!("compiling the book's weaver: a minute or two, once");
            }
            Ok(code(weave.status()?.success()))
        }
    }
}

/// Asks before a changed file is overwritten. Where nobody can answer, the answer is no.
fn agrees(file: &str) -> bool {
    if !std::io::stdin().is_terminal() {
        return false;
    }
    print!("{file} was changed by hand. Overwrite it? [y/N] ");
    let _ = std::io::stdout().flush();
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    read.is_ok() && answer.trim().eq_ignore_ascii_case("y")
}

fn code(good: bool) -> ExitCode {
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
// ANCHOR_END: main

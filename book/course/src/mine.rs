//! The run with plugged-in exercises, `./speedrun.sh --mine`, judged without a learner.
//!
//! The solutions stand in the learner's place. They have to train a model by the recipe `smoke`, and the report has to say whose
//! code that was; wrong answers, planted among the program's tests, have to be refused by a message that names the exercise.

use crate::checks::Job;
use crate::suite::{Verdict, run_logged};
use crate::{Error, Project, libtest, trial};
use std::process::Command;

// ANCHOR: mine
pub fn check(job: &Job) -> Verdict {
    let mut command = match cargo(job.project, "test") {
        Ok(command) => command,
        Err(error) => return Verdict::Failed(error.to_string()),
    };
    // One after the other: the tests that train use every core.
    command.args(["--test", "planted", "--", "--test-threads=1"]);
    let note = "trains with the solutions plugged in, then with wrong answers";
    match run_logged(job, "mine", note, &mut command) {
        Ok(logged) if logged.success => Verdict::Passed(libtest::count(&logged.text)),
        Ok(logged) => {
            Verdict::Failed(libtest::failures(&logged.text).unwrap_or_else(|| logged.end(60)))
        }
        Err(error) => Verdict::Failed(error),
    }
}

/// A command of cargo about the program, with the solutions in the learner's place.
///
/// # Errors
/// The chapters' folder cannot be read.
pub fn cargo(project: &Project, command: &str) -> Result<Command, Error> {
    let mut cargo = project.cargo();
    // It has all chapters below it.
    cargo
        .arg(command)
        .args(trial::selection(project, 12, "mine")?);
    cargo.args(["--features", "mine/reference"]);
    Ok(cargo)
}
// ANCHOR_END: mine

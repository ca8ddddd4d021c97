//! The seven gates: what must be true of every exercise, as a check of `cargo course test`.
//!
//! 1. Writing `exercises/` again changes nothing.
//! 2. The stub compiles without warnings.
//! 3. The stub's tests fail.
//! 4. The solution's tests pass.
//! 5. The planted wrong answers fail; there are two or more.
//! 6. Zeros and constants fail every numeric test.
//! 7. Three hints, a goal, minutes and a difficulty are there.
//!
//! The seventh is a matter of reading (see [`crate::sheet`]), the first of comparing, the second of compiling. The others are
//! one program per chapter, whose tests are compiled once and are given one implementation after another.
//!
//! In a learner's clone the answers are theirs: an exercise that was changed is passed over, except on a CI machine.

use crate::catalogue::{self, Chapter, numbered};
use crate::checks::Job;
use crate::generate::{State, compare};
use crate::suite::Verdict;
use crate::trial::{self, Built, Complaint, Whose};
use crate::{Error, Project};

// ANCHOR: gates
/// Runs the gates of all chapters.
pub fn check(job: &Job) -> Verdict {
    let on_ci = std::env::var_os("CI").is_some();
    match complaints(job.project, on_ci) {
        Ok((complaints, counted)) => Verdict::of(&complaints, counted),
        Err(error) => Verdict::Failed(error.to_string()),
    }
}

/// What is wrong, and what was looked at.
fn complaints(project: &Project, on_ci: bool) -> Result<(Vec<String>, String), Error> {
    let mut complaints = Vec::new();
    let mut counted = Vec::new();
    for chapter in catalogue::chapters(project)? {
        let (wrong, edited) = generated(project, &chapter, on_ci)?;
        complaints.extend(wrong);
        let Built::Program(stubs) = trial::build(project, chapter.number, Whose::Learner)? else {
            match edited.is_empty() {
                true => complaints.push(format!(
                    "the stubs of chapter {:02} do not compile",
                    chapter.number
                )),
                false => counted.push(format!(
                    "{:02} not judged, because your answers do not compile",
                    chapter.number
                )),
            }
            continue;
        };
        let is_edited = |warning: &&Complaint| {
            let mut files = edited.iter().map(|number| format!("src/ex{number}_"));
            files.any(|file| warning.file.contains(&file))
        };
        complaints.extend(
            stubs
                .warnings
                .iter()
                .filter(|warning| !is_edited(warning))
                .map(|warning| warning.text.clone()),
        );
        match trial::build(project, chapter.number, Whose::Everybody)? {
            Built::Program(program) => match program.gates(project, &edited) {
                Ok(said) => counted.push(in_short(&chapter, &said, &edited)),
                Err(said) => complaints.push(said),
            },
            Built::Broken(_) => complaints.push(format!(
                "the solutions of chapter {:02} do not compile",
                chapter.number
            )),
        }
    }
    Ok((complaints, counted.join("; ")))
}

/// Complaints about files that are not as they would be generated, and the numbers of exercises that are the learner's by
/// now.
fn generated(
    project: &Project,
    chapter: &Chapter,
    on_ci: bool,
) -> Result<(Vec<String>, Vec<u32>), Error> {
    let comparison = compare(project, chapter)?;
    let (mut complaints, mut edited) = (Vec::new(), Vec::new());
    for (file, state) in &comparison.files {
        let number = file
            .strip_prefix("src/")
            .and_then(numbered)
            .map(|(number, _)| number);
        let shown = format!("exercises/{}/{file}", chapter.folder);
        match (state, number) {
            (State::Same, _) => {}
            (State::Edited, Some(number)) if !on_ci => edited.push(number),
            (State::Edited, None) if !on_ci => {}
            (State::Edited, _) => complaints.push(format!(
                "{shown} was changed by hand: change the solution, and run `cargo course gen`"
            )),
            (State::Missing | State::Stale, _) => {
                complaints.push(format!(
                    "{shown} is not what its solution gives: run `cargo course gen`"
                ));
            }
        }
    }
    Ok((complaints, edited))
}

fn in_short(chapter: &Chapter, said: &str, edited: &[u32]) -> String {
    let last = said.lines().last().unwrap_or_default();
    let last = last.strip_suffix(", 0 complaints").unwrap_or(last);
    let yours = match edited.len() {
        0 => String::new(),
        n => format!(", {n} of them yours by now"),
    };
    format!("{:02}: {last}{yours}", chapter.number)
}
// ANCHOR_END: gates

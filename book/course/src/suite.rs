//! Runs checks one after another and says how they went: a line for each, a summary alone on the last line.
//!
//! One after another because the heavy ones use every core by themselves. What a check prints goes to a log file,
//! and its end is shown when the check fails.

use crate::checks::{Check, Job};
use crate::surroundings::Surroundings;
use indicatif::{ProgressBar, ProgressStyle};
use std::fs::{self, File};
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

// ANCHOR: verdict
/// How a check ended. Each carries what there is to say in addition; a failure may take several lines.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    Passed(String),
    Failed(String),
    /// Something that this machine lacks, with the command that installs it.
    Skipped(String),
}

impl Verdict {
    pub fn passed() -> Self {
        Verdict::Passed(String::new())
    }

    /// A check that collects complaints passes when there are none.
    pub fn of(complaints: &[String], counted: String) -> Self {
        if complaints.is_empty() {
            Verdict::Passed(counted)
        } else {
            Verdict::Failed(complaints.join("\n"))
        }
    }
}
// ANCHOR_END: verdict

// ANCHOR: run
/// Runs the checks in order; `true` when none failed. Checks that need libtorch are skipped when `setup` fails,
/// which is a failure already.
pub fn run(job: &Job, checks: &[Check]) -> bool {
    let mut summary = Summary::default();
    let mut has_libtorch = true;
    for check in checks {
        if check.needs_libtorch && !has_libtorch {
            summary.report(
                check.name,
                Duration::ZERO,
                &Verdict::Skipped("needs libtorch, and setup failed".into()),
            );
            continue;
        }
        let started = Instant::now();
        let verdict = (check.run)(job);
        if check.name == "setup" && matches!(verdict, Verdict::Failed(_)) {
            has_libtorch = false;
        }
        summary.report(check.name, started.elapsed(), &verdict);
    }
    println!("{}", summary.line());
    let _ = io::stdout().flush();
    summary.failed == 0
}

/// Prints the names of the checks with what they do.
pub fn list(checks: &[Check]) {
    for check in checks {
        println!("{:<13} {}", check.name, check.about);
    }
}
// ANCHOR_END: run

// ANCHOR: summary
/// The count of verdicts.
#[derive(Debug, Default)]
pub struct Summary {
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Summary {
    fn report(&mut self, name: &str, took: Duration, verdict: &Verdict) {
        let (word, said) = match verdict {
            Verdict::Passed(said) => ("passed", said),
            Verdict::Failed(said) => ("FAILED", said),
            Verdict::Skipped(said) => ("skipped", said),
        };
        self.count(verdict);
        let mut lines = said.lines();
        let line = format!(
            "{name:<13} {word:<8} {:>7.1} s  {}",
            took.as_secs_f64(),
            lines.next().unwrap_or_default()
        );
        println!("{}", line.trim_end());
        lines.for_each(|line| println!("    {line}"));
        let _ = io::stdout().flush();
    }

    pub fn count(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Passed(_) => self.passed += 1,
            Verdict::Failed(_) => self.failed += 1,
            Verdict::Skipped(_) => self.skipped += 1,
        }
    }

    /// `N passed, N failed, N skipped`.
    pub fn line(&self) -> String {
        format!(
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}
// ANCHOR_END: summary

// ANCHOR: logged
/// How a logged command ended.
pub struct Logged {
    pub success: bool,
    /// Everything that it printed.
    pub text: String,
    pub log: PathBuf,
}

/// Runs a command, with what it prints in `target/course/NAME.log`. On a terminal the last line of it is shown
/// beside the seconds that pass; elsewhere one line says that it begins.
pub fn run_logged(
    job: &Job,
    name: &str,
    note: &str,
    command: &mut Command,
) -> Result<Logged, String> {
    let folder = job.project.target_folder().join("course");
    let log = folder.join(format!("{name}.log"));
    let opened = fs::create_dir_all(&folder)
        .and_then(|()| File::create(&log))
        .and_then(|out| Ok((out.try_clone()?, out)));
    let (out, err) = opened.map_err(|e| format!("{}: {e}", log.display()))?;
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect();
    let shown = words.join(" ");
    let spinner = Spinner::start(name, note);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .spawn()
        .map_err(|e| format!("`{shown}` does not start: {e}"))?;
    let status = loop {
        if let Some(status) = child.try_wait().map_err(|e| format!("`{shown}`: {e}"))? {
            break status;
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    spinner.finish();
    let text = String::from_utf8_lossy(&fs::read(&log).unwrap_or_default()).into_owned();
    Ok(Logged {
        success: status.success(),
        text,
        log,
    })
}

impl Logged {
    /// The verdict of a check that is one command.
    pub fn verdict(&self, passed: impl FnOnce(&str) -> String) -> Verdict {
        if self.success {
            Verdict::Passed(passed(&self.text))
        } else {
            Verdict::Failed(self.end(60))
        }
    }

    /// The last lines, and where the rest is.
    pub fn end(&self, lines: usize) -> String {
        let all: Vec<&str> = self.text.lines().collect();
        let end = all[all.len().saturating_sub(lines)..].join("\n");
        format!("all of it: {}\n{end}", self.log.display())
    }
}
// ANCHOR_END: logged

// ANCHOR: spinner
/// A sign of life while a command runs.
struct Spinner(Option<ProgressBar>);

impl Spinner {
    fn start(name: &str, note: &str) -> Self {
        if !io::stderr().is_terminal() {
            eprintln!("… {name}: {note}");
            return Spinner(None);
        }
        let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}")
            .expect("the template is valid");
        let bar = ProgressBar::new_spinner()
            .with_style(style)
            .with_message(format!("{name}: {note}"));
        bar.enable_steady_tick(Duration::from_millis(120));
        Spinner(Some(bar))
    }

    fn finish(self) {
        if let Some(bar) = self.0 {
            bar.finish_and_clear();
        }
    }
}
// ANCHOR_END: spinner

/// Whether a program can be started.
pub fn runs(surroundings: &Surroundings, program: &str) -> bool {
    let started = surroundings
        .command(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    started.is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_counts_each_kind() {
        let mut summary = Summary::default();
        summary.count(&Verdict::passed());
        summary.count(&Verdict::passed());
        summary.count(&Verdict::Skipped("shellcheck".into()));
        summary.count(&Verdict::Failed("why".into()));
        assert_eq!(summary.line(), "2 passed, 1 failed, 1 skipped");
    }

    #[test]
    fn complaints_make_a_failure() {
        assert_eq!(
            Verdict::of(&[], "7 files".into()),
            Verdict::Passed("7 files".into())
        );
        assert_eq!(
            Verdict::of(&["a".into(), "b".into()], String::new()),
            Verdict::Failed("a\nb".into())
        );
    }
}

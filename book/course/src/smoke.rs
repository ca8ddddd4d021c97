//! The smoke run: every stage for seconds, and the promise that a killed run loses nothing.
//!
//! Three runs of the recipe `smoke`: one undisturbed; one that is killed (`kill -9`, no warning, no clean-up) as
//! soon as its first pretraining checkpoint is on the disk; and that one again, with the same command. The numbers in
//! the two `metrics.jsonl` must be equal, digit for digit.

use crate::checks::Job;
use crate::suite::{Verdict, run_logged};
use serde_json::Value;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A smoke run takes seconds per stage; one that takes this long hangs.
const LIMIT: Duration = Duration::from_secs(600);

// ANCHOR: check
pub fn check(job: &Job) -> Verdict {
    match run(job) {
        Ok(said) => Verdict::Passed(said),
        Err(said) => Verdict::Failed(said),
    }
}

fn run(job: &Job) -> Result<String, String> {
    // Everything that `cargo test` builds, and nothing more; `--bin nanocrab` alone would be another choice of features.
    let build = run_logged(
        job,
        "smoke",
        "builds nanocrab",
        job.project.cargo().args(["build", "--bins", "--tests"]),
    )?;
    if !build.success {
        return Err(build.end(60));
    }
    let runs = job.project.target_folder().join("course/smoke");
    if runs.exists() {
        fs::remove_dir_all(&runs).map_err(|e| format!("{}: {e}", runs.display()))?;
    }
    let whole = run_logged(
        job,
        "smoke-whole",
        "every stage, undisturbed",
        &mut nanocrab(job, &runs, "whole"),
    )?;
    if !whole.success {
        return Err(whole.end(60));
    }
    let report = runs.join("whole/report.md");
    if !fs::metadata(&report).is_ok_and(|data| data.len() > 0) {
        return Err(format!(
            "the run ended well and wrote no report: {} is missing or empty",
            report.display()
        ));
    }

    let step = kill_after_first_checkpoint(job, &runs)?;
    let resumed = run_logged(
        job,
        "smoke-resumed",
        "the killed run again",
        &mut nanocrab(job, &runs, "killed"),
    )?;
    if !resumed.success {
        return Err(format!(
            "after `kill -9` the same command does not go on\n{}",
            resumed.end(60)
        ));
    }
    let (one, other) = (
        events(&runs.join("whole/metrics.jsonl"))?,
        events(&runs.join("killed/metrics.jsonl"))?,
    );
    let compared = same_numbers(&one, &other)?;

    let mut chat = Command::new(program(job));
    chat.current_dir(&job.project.root)
        .envs(job.project.search_path())
        .args(["chat", "--prompt", "Hello!", "--model"])
        .arg(runs.join("killed/sft"));
    let answer = run_logged(job, "smoke-chat", "asks the model", &mut chat)?;
    if !answer.success || answer.text.trim().is_empty() {
        return Err(format!(
            "`nanocrab chat --prompt` gives no answer\n{}",
            answer.end(60)
        ));
    }
    let _ = fs::remove_dir_all(&runs);
    Ok(format!(
        "killed at step {step} and resumed; {compared} events equal, last loss included"
    ))
}
// ANCHOR_END: check

// ANCHOR: kill
fn program(job: &Job) -> PathBuf {
    job.project.target_folder().join("debug/nanocrab")
}

fn nanocrab(job: &Job, runs: &Path, name: &str) -> Command {
    let mut command = Command::new(program(job));
    command
        .current_dir(&job.project.root)
        .envs(job.project.search_path())
        .args([
            "speedrun",
            "--recipe",
            "smoke",
            "--name",
            name,
            "--runs-dir",
        ])
        .arg(runs);
    command
}

/// Starts a run, waits for its first checkpoint, kills it; returns the step of that checkpoint.
fn kill_after_first_checkpoint(job: &Job, runs: &Path) -> Result<u64, String> {
    let log = job.project.target_folder().join("course/smoke-killed.log");
    let out = File::create(&log)
        .and_then(|out| Ok((out.try_clone()?, out)))
        .map_err(|e| format!("{}: {e}", log.display()))?;
    let mut child = nanocrab(job, runs, "killed")
        .stdin(Stdio::null())
        .stdout(out.0)
        .stderr(out.1)
        .spawn()
        .map_err(|e| format!("nanocrab does not start: {e}"))?;
    let state = runs.join("killed/base/state.json");
    let started = Instant::now();
    let found = loop {
        if state.exists() {
            break Ok(());
        }
        if let Ok(Some(status)) = child.try_wait() {
            break Err(format!(
                "the run ended ({status}) before it wrote a pretraining checkpoint; see {}",
                log.display()
            ));
        }
        if started.elapsed() > LIMIT {
            break Err(format!(
                "no pretraining checkpoint after {} s; see {}",
                LIMIT.as_secs(),
                log.display()
            ));
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    // On Unix this is SIGKILL, which no program can catch.
    let _ = child.kill();
    let _ = child.wait();
    found?;
    // The kill may have come between the two renames of a later checkpoint: the previous one is the state then.
    let text = fs::read_to_string(&state)
        .or_else(|_| fs::read_to_string(runs.join("killed/base.previous/state.json")));
    let state: Value = text
        .map_err(|e| e.to_string())
        .and_then(|text| serde_json::from_str(&text).map_err(|e| e.to_string()))
        .map_err(|e| format!("{}: {e}", state.display()))?;
    let number = |name: &str| state[name].as_u64().unwrap_or_default();
    match (number("step"), number("steps")) {
        (step, steps) if step < steps => Ok(step),
        (step, _) => Err(format!(
            "pretraining was over (step {step}) before the kill came: the smoke recipe has to save a checkpoint earlier"
        )),
    }
}
// ANCHOR_END: kill

// ANCHOR: compare
/// What an event says about the training itself. Speeds and times differ from run to run.
const NUMBERS: [&str; 8] = [
    "stage",
    "step",
    "loss",
    "lr",
    "tokens",
    "gradient_norm",
    "bits_per_byte",
    "samples",
];

fn events(path: &Path) -> Result<Vec<Value>, String> {
    let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    text.lines()
        .enumerate()
        .map(|(index, line)| {
            serde_json::from_str(line).map_err(|e| format!("{}:{}: {e}", path.display(), index + 1))
        })
        .collect()
}

/// Compares two logs event by event; returns how many there are.
fn same_numbers(one: &[Value], other: &[Value]) -> Result<usize, String> {
    if !one.iter().any(|event| event["loss"].is_number()) {
        return Err("the undisturbed run logged no loss".into());
    }
    for (index, (left, right)) in one.iter().zip(other).enumerate() {
        if let Some(name) = NUMBERS.iter().find(|name| left[**name] != right[**name]) {
            return Err(format!(
                "line {} of metrics.jsonl differs in `{name}` after the resume: {} undisturbed, {} resumed",
                index + 1,
                left[*name],
                right[*name]
            ));
        }
    }
    if one.len() != other.len() {
        return Err(format!(
            "the undisturbed run logged {} events, the resumed one {}",
            one.len(),
            other.len()
        ));
    }
    Ok(one.len())
}
// ANCHOR_END: compare

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn logs_are_equal_when_all_but_the_speeds_is() {
        let log = |speed: f64, loss: f64| {
            vec![json!({ "stage": "base", "step": 1, "loss": loss, "tokens_per_second": speed })]
        };
        assert_eq!(same_numbers(&log(1.0, 2.5), &log(9.0, 2.5)), Ok(1));
        let difference = same_numbers(&log(1.0, 2.5), &log(1.0, 2.5000001)).unwrap_err();
        assert!(
            difference.contains("`loss`") && difference.contains("2.5000001"),
            "{difference}"
        );
    }

    #[test]
    fn a_missing_event_and_an_empty_log_are_differences() {
        let event = |step: u64| json!({ "stage": "base", "step": step, "loss": 1.0 });
        assert!(same_numbers(&[event(1), event(2)], &[event(1)]).is_err());
        assert!(same_numbers(&[], &[]).is_err());
    }
}

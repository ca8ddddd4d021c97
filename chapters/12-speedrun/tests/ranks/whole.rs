//! `nanocrab speedrun --nproc 2`: every stage, from documents to the quiz.
//!
//! What is compared: of each training stage the number of steps, the tokens that were learnt from, the losses and rewards step by step,
//! and the weights; of each examination and of the quiz everything that was asked, answered and judged. Answers are texts that
//! were written token by token, so a difference of one choice anywhere would show. Losses and weights differ by the order
//! in which gradients are added. A model of so few steps solves no word problem, so the rewards here are all alike and move no weights: that
//! they move them in the same way is a test of chapter 09's.

use crate::bench::{Bench, signal, text};
use serde_json::Value;
use std::time::{Duration, Instant};

/// What a stage has noted, without what the clock says.
fn note(bench: &Bench, name: &str, stage: &str) -> Value {
    let path = bench.root(name).join(format!("notes/{stage}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut note: Value = serde_json::from_str(&text).expect("JSON");
    let note_of = note.as_object_mut().expect("a note");
    note_of.retain(|key, _| !key.ends_with("seconds"));
    note
}

/// Equal, numbers up to `limit` of each other.
fn assert_close(ours: &Value, theirs: &Value, limit: f64, place: &str) {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            assert!(ours.keys().eq(theirs.keys()), "{place}");
            for (key, ours) in ours {
                assert_close(ours, &theirs[key], limit, &format!("{place}.{key}"));
            }
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            assert_eq!(ours.len(), theirs.len(), "{place}");
            for (number, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
                assert_close(ours, theirs, limit, &format!("{place}[{number}]"));
            }
        }
        (Value::Number(ours), Value::Number(theirs)) => {
            let (ours, theirs) = (
                ours.as_f64().expect("finite"),
                theirs.as_f64().expect("finite"),
            );
            let difference = (ours - theirs).abs();
            assert!(
                difference <= limit * theirs.abs().max(1.0),
                "{place}: {ours}, {theirs}"
            );
        }
        _ => assert_eq!(ours, theirs, "{place}"),
    }
}

fn assert_same_run(bench: &Bench, name: &str) {
    for stage in ["base", "mid", "sft", "rl"] {
        let apart = bench.apart(stage, "one", name);
        println!("{stage}: weights {apart:.1e} apart");
        assert!(apart < 1e-6, "{stage}: {apart:e}");
        assert_close(
            &note(bench, name, stage),
            &note(bench, "one", stage),
            1e-6,
            stage,
        );
    }
    for stage in [
        "tokenizer",
        "eval-base",
        "eval-mid",
        "eval-sft",
        "eval-rl",
        "quiz",
    ] {
        let place = format!("{name}, {stage}");
        assert_close(
            &note(bench, name, stage),
            &note(bench, "one", stage),
            1e-9,
            &place,
        );
    }
    let log = |name| {
        let lines = pretrain::read_metrics(&bench.root(name).join("metrics.jsonl"));
        let of_steps = [
            "stage",
            "step",
            "loss",
            "reward",
            "tokens",
            "length",
            "evaluation",
        ];
        let lines = lines.expect("a log").into_iter().map(|mut line| {
            let fields = line.as_object_mut().expect("a line");
            fields.retain(|key, _| of_steps.contains(&key.as_str()));
            line
        });
        Value::Array(lines.collect())
    };
    assert_close(&log(name), &log("one"), 1e-6, "log");
}

#[test]
fn two_programs_do_the_whole_speedrun_that_one_does() {
    let bench = Bench::new();
    let speedrun = |name: &str, more: &[&str]| {
        let arguments = [&["speedrun"], more].concat();
        let output = bench.nanocrab(name, &arguments).output().expect("starts");
        assert!(output.status.success(), "{name}: {}", text(&output));
        output
    };
    bench.copy("one");
    let one = speedrun("one", &[]);
    let rewards = note(&bench, "one", "rl");
    assert!(rewards["steps"].as_u64() > Some(0), "{rewards}");

    // Stopped in fine-tuning by two ranks, finished by one: the same run again.
    bench.copy("parts");
    let mut command = bench.nanocrab("parts", &["speedrun", "--nproc", "2"]);
    let child = command.spawn().expect("starts");
    let since = Instant::now();
    while !bench.root("parts").join("sft/state.json").exists() {
        assert!(since.elapsed() < Duration::from_secs(120), "no checkpoint");
        std::thread::sleep(Duration::from_millis(1));
    }
    signal("-TERM", child.id());
    let stopped = child.wait_with_output().expect("ends");
    assert_eq!(stopped.status.code(), Some(143), "{}", text(&stopped));
    assert!(text(&stopped).contains("the same command goes on"));
    assert!(!bench.root("parts").join("notes/rl.json").exists());
    speedrun("parts", &[]);
    assert_same_run(&bench, "parts");

    bench.copy("two");
    let two = speedrun("two", &["--nproc", "2"]);
    assert_same_run(&bench, "two");
    let report = std::fs::read_to_string(bench.root("two").join("report.md")).expect("a report");
    assert!(report.contains("| ranks | 2 |"), "{report}");
    // Rank 0 alone prints: the same lines, but for what the clock says.
    let lines = |output: &std::process::Output| {
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let stage = |line: &str| line.split_whitespace().next().map(str::to_string);
        said.lines().map(stage).collect::<Vec<_>>()
    };
    assert_eq!(lines(&two), lines(&one), "{}", text(&two));
}

//! A run that is killed and started again is the run that was not, and what has changed on the disk is not believed.

#[path = "../examples/kill_test/killing.rs"]
mod killing;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// A recipe of a few steps.
fn small_recipe(folder: &Path) -> PathBuf {
    let smoke = concat!(env!("CARGO_MANIFEST_DIR"), "/recipes/smoke.json");
    let text = std::fs::read_to_string(smoke).expect("the recipe");
    let mut recipe: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    recipe["name"] = "small".into();
    recipe["data"]["corpus"]["bytes"] = 200_000.into();
    recipe["tokenizer"]["max_chars"] = 150_000.into();
    recipe["train"]["tokens"] = 20_480.into();
    recipe["train"]["packing"] = "stream".into(); // smoke, with best fit, is killed by the course's own check
    recipe["train"]["evaluate_every"] = 5.into();
    recipe["train"]["checkpoint_seconds"] = 0.1.into();
    recipe["mid"]["epochs"] = 0.2.into();
    recipe["mid"]["checkpoint_seconds"] = 0.1.into();
    recipe["sft"]["epochs"] = 0.2.into();
    recipe["sft"]["checkpoint_seconds"] = 0.1.into();
    recipe["evals"]["core"] = 2.into();
    recipe["evals"]["choice"] = 4.into();
    recipe["evals"]["written"] = 1.into();
    let path = folder.join("small.json");
    std::fs::write(&path, recipe.to_string()).expect("write");
    path
}

fn nanocrab(folder: &Path, recipe: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nanocrab"));
    command
        .args(arguments)
        .arg("--recipe")
        .arg(recipe)
        .arg("--runs-dir")
        .arg(folder.join("runs"));
    command
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn three_kills_change_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let bench = killing::Bench {
        program: env!("CARGO_BIN_EXE_nanocrab").into(),
        recipe: small_recipe(folder.path()).display().to_string(),
        runs: folder.path().join("runs"),
    };
    std::fs::create_dir(&bench.runs).expect("a folder");
    let tally = bench.kill(3, 5, &mut |line| eprintln!("{line}"));
    let tally = tally.unwrap_or_else(|error| panic!("{error:#}"));
    assert_eq!(tally.kills.values().sum::<usize>(), 3);
    assert!(tally.runs > 0);
}

#[test]
fn sigterm_saves_leaves_143_and_the_same_command_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let recipe = small_recipe(folder.path());
    for stage in ["data", "tokenizer"] {
        let output = nanocrab(folder.path(), &recipe, &[stage])
            .output()
            .expect("starts");
        assert!(output.status.success(), "{}", text(&output));
    }
    let child = nanocrab(folder.path(), &recipe, &["train"])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("starts");
    let root = folder.path().join("runs/small");
    let state = root.join("base/state.json");
    let started = Instant::now();
    while !state.exists() {
        assert!(
            started.elapsed() < Duration::from_secs(120),
            "no checkpoint"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
    let killed = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .expect("kill");
    assert!(killed.success());
    let sent = Instant::now();
    let output = child.wait_with_output().expect("ends");
    assert_eq!(output.status.code(), Some(143), "{}", text(&output));
    assert!(sent.elapsed() < Duration::from_secs(25));
    let state = pretrain::checkpoint::read_state(&root.join("base"));
    let state = state.expect("a state").expect("there");
    assert!(state.step > 0 && !state.finished(), "step {}", state.step);

    let output = nanocrab(folder.path(), &recipe, &["train"])
        .output()
        .expect("starts");
    assert!(output.status.success(), "{}", text(&output));

    // What a stage left and what is there now are compared before anything is built on it.
    let changed = [
        ("tokenizer", "tokenizer/tokenizer.json", "train"),
        ("base", "base/model.safetensors", "mid"),
        ("data", "data/manifest.json", "mid"),
    ];
    for (stage, file, command) in changed {
        let path = root.join(file);
        let bytes = std::fs::read(&path).expect("a file");
        let mut other = bytes.clone();
        let middle = other.len() / 2;
        other[middle] ^= 1;
        std::fs::write(&path, &other).expect("write");
        if stage == "tokenizer" {
            std::fs::rename(root.join("notes/base.json"), root.join("kept")).expect("rename");
        }
        let output = nanocrab(folder.path(), &recipe, &[command])
            .output()
            .expect("starts");
        let said = text(&output);
        assert!(!output.status.success(), "{stage}: {said}");
        let remedy = format!("notes/{stage}.json");
        assert!(
            said.contains(file) && said.contains(&remedy),
            "{stage}: {said}"
        );
        std::fs::write(&path, &bytes).expect("write");
        if stage == "tokenizer" {
            std::fs::rename(root.join("kept"), root.join("notes/base.json")).expect("rename");
        }
    }
}

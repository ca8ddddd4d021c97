//! What `nanocrab` answers when it is asked for something that cannot be done: one line that names the thing and the
//! remedy, an exit code, and no half-made files.

use std::path::Path;
use std::process::{Command, Output};

fn nanocrab(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nanocrab"));
    command
        .args(arguments)
        .env("OMP_WAIT_POLICY", "passive")
        // No test may download anything, nor find what was downloaded before.
        .env("HF_HUB_OFFLINE", "1")
        .env(
            "NANOCRAB_HOME",
            concat!(env!("CARGO_TARGET_TMPDIR"), "/nothing-downloaded"),
        )
        .output()
        .expect("the program starts")
}

/// Runs in a folder of its own and returns the only line of complaint.
fn complaint(arguments: &[&str]) -> String {
    let runs = tempfile::tempdir().expect("a folder");
    let place = runs.path().to_str().expect("a path");
    let output = nanocrab(&[arguments, &["--runs-dir", place]].concat());
    assert!(!output.status.success(), "{arguments:?} should fail");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("error:"))
        .collect();
    assert_eq!(lines.len(), 1, "one line, not:\n{text}");
    assert!(!text.contains("panicked"), "{text}");
    assert!(
        left_over(runs.path()).is_empty(),
        "half-made: {:?}",
        left_over(runs.path())
    );
    lines[0].to_string()
}

/// Unfinished files below a folder.
fn left_over(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        let name = path.display().to_string();
        if [".part", ".tmp", ".new", ".unfinished"]
            .iter()
            .any(|end| name.ends_with(end))
        {
            found.push(name);
        } else if path.is_dir() {
            found.extend(left_over(&path));
        }
    }
    found
}

#[test]
fn an_unknown_recipe() {
    let line = complaint(&["speedrun", "--recipe", "huge"]);
    assert!(line.contains("`huge`") && line.contains("tiny"), "{line}");
}

#[test]
fn an_unknown_flag() {
    let output = nanocrab(&["speedrun", "--recipes", "tiny"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && text.contains("--recipes") && text.contains("--help"),
        "{text}"
    );
}

#[test]
fn a_stage_whose_predecessor_is_missing() {
    let line = complaint(&["train", "--recipe", "smoke"]);
    assert!(
        line.contains("tokenizer.json") && line.contains("first"),
        "{line}"
    );
}

#[test]
fn a_device_that_does_not_exist() {
    let line = complaint(&["train", "--recipe", "smoke", "--device", "abacus"]);
    assert!(line.contains("abacus") && line.contains("cpu"), "{line}");
}

#[test]
fn text_that_is_not_there() {
    let line = complaint(&["data", "--recipe", "smoke", "--text", "no/such/folder"]);
    assert!(line.contains("no/such/folder"), "{line}");
    let empty = tempfile::tempdir().expect("a folder");
    let line = complaint(&[
        "data",
        "--recipe",
        "smoke",
        "--text",
        empty.path().to_str().expect("a path"),
    ]);
    assert!(line.contains(".txt"), "{line}");
}

#[test]
fn a_parquet_file_without_text() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(
        folder.path().join("shard_00000.parquet"),
        b"PAR1 but nothing else",
    )
    .expect("write");
    let line = complaint(&[
        "data",
        "--recipe",
        "smoke",
        "--text",
        folder.path().to_str().expect("a path"),
    ]);
    assert!(line.contains("shard_00000.parquet"), "{line}");
}

#[test]
fn more_vocabulary_than_the_text_can_give() {
    let folder = tempfile::tempdir().expect("a folder");
    for index in 0..40 {
        std::fs::write(
            folder.path().join(format!("{index}.txt")),
            format!("crab {index} crab"),
        )
        .expect("write");
    }
    let text = folder.path().to_str().expect("a path");
    let line = complaint(&["tokenizer", "--recipe", "smoke", "--text", text]);
    assert!(line.contains("512"), "{line}");
}

#[test]
fn a_recipe_that_has_to_download() {
    let line = complaint(&["data", "--recipe", "d20"]);
    assert!(
        [
            "recipe d20",
            "ai2_arc",
            "downloads are off",
            "HF_HUB_OFFLINE"
        ]
        .iter()
        .all(|needed| line.contains(needed)),
        "{line}"
    );
}

#[test]
fn a_folder_without_a_model() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().to_str().expect("a path");
    let output = nanocrab(&["chat", "--model", place, "-p", "hello"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && text.contains("config.json"),
        "{text}"
    );
}

#[test]
fn a_dry_run_touches_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().to_str().expect("a path");
    let output = nanocrab(&[
        "speedrun",
        "--recipe",
        "d20",
        "--dry-run",
        "--runs-dir",
        place,
    ]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success() && text.contains("560,988,160"),
        "{text}"
    );
    assert_eq!(
        std::fs::read_dir(folder.path()).expect("a folder").count(),
        0
    );
}

#[test]
fn exercises_that_this_program_does_not_hold() {
    let line = complaint(&["speedrun", "--recipe", "smoke", "--mine"]);
    assert!(
        line.contains("--mine") && line.contains("./speedrun.sh --mine"),
        "{line}"
    );
    let line = complaint(&["ablate", "--mine", "03"]);
    assert!(
        line.contains("ablate") && line.contains("leave out --mine"),
        "{line}"
    );
}

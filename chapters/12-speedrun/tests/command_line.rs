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

/// The rows of `nanocrab bench`, at sizes that take no time.
const SMALL: [&str; 12] = [
    "--depth",
    "1",
    "--width",
    "32",
    "--head-width",
    "16",
    "--time",
    "16",
    "--rows",
    "2",
    "--vocab",
    "50",
];

#[test]
fn bench_kernels_prints_every_operation_with_its_limit() {
    let folder = tempfile::tempdir().expect("a folder");
    let json = folder.path().join("kernels.json");
    let place = json.to_str().expect("a path");
    let more = ["--rounds", "1", "--device", "cpu", "--json", place];
    let output = nanocrab(&[&["bench", "kernels"][..], &SMALL[..], &more].concat());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}");
    for operation in [
        "linear",
        "head_loss",
        "attention",
        "add_norm",
        "adamw",
        "muon_apply",
    ] {
        assert!(
            text.contains(operation),
            "{operation} is missing in\n{text}"
        );
    }
    assert!(text.contains("limit") && text.contains("MB") && text.contains("MFLOP"));
    let saved = std::fs::read_to_string(&json).expect("the file that was asked for");
    let saved: serde_json::Value = serde_json::from_str(&saved).expect("JSON");
    let operations = saved["operations"].as_array().expect("a list");
    assert!(
        operations
            .iter()
            .all(|row| row["bytes"].as_f64() > Some(0.0))
    );
    assert!(left_over(folder.path()).is_empty());
}

#[test]
fn bench_train_prints_speed_and_parts_and_leaves_the_files_it_promises() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| {
        folder
            .path()
            .join(name)
            .to_str()
            .expect("a path")
            .to_string()
    };
    let names = [
        "trace.json",
        "waterfall.csv",
        "train.json",
        "rounds.csv",
        "train.md",
    ]
    .map(file);
    let [trace, waterfall, json, csv, markdown] = names.each_ref().map(String::as_str);
    let words = ["bench", "train", "--model", "2026", "--fusions"];
    let more = ["--rounds", "1", "--device", "cpu"];
    let whose = ["--kernels", "plain,fused,plain"];
    let flags = ["--trace", "--waterfall", "--json", "--csv", "--markdown"];
    let files = flags.into_iter().zip(names.iter().map(String::as_str));
    let files: Vec<&str> = files.flat_map(|(flag, file)| [flag, file]).collect();
    let words = [&words[..], &SMALL[..], &more[..], &whose[..], &files[..]];
    let output = nanocrab(&words.concat());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{complaint}");
    for promised in [
        "tokens/s",
        "GFLOP/s",
        "MFU",
        "page faults",
        "peak MiB",
        "products alone",
        "of copying",
        "of the limit",
        "rest of backward",
        "when left out",
        "times as fast",
    ] {
        assert!(text.contains(promised), "{promised} is missing in\n{text}");
    }
    let read = |place: &str| std::fs::read_to_string(place).expect("the file that was asked for");
    let trace: serde_json::Value = serde_json::from_str(&read(trace)).expect("JSON");
    assert!(trace["traceEvents"].as_array().expect("a list").len() > 20);
    let saved: serde_json::Value = serde_json::from_str(&read(json)).expect("JSON");
    assert_eq!(saved["steps"].as_array().map(Vec::len), Some(2));
    // In whatever order they are named: the other way round the plain step's memory would be the fused one's too.
    assert_eq!(saved["steps"][0]["arithmetic"], "fused");
    assert!(saved["bytes_per_step"].as_f64() > Some(0.0));
    let measured = &saved["measured"]["command"];
    let measured = measured.as_str().expect("the command");
    assert!(measured.contains("bench train"), "{measured}");
    assert!(read(waterfall).contains("fused,\"linear\","));
    for captioned in [waterfall, csv] {
        let text = read(captioned);
        let caption = text.lines().next().unwrap_or_default();
        assert!(
            caption.starts_with("# ") && caption.contains("Commit "),
            "{caption}"
        );
    }
    assert!(read(csv).contains("\"+ mix\",0,") && read(csv).contains("\"all but mix\",0,"));
    assert!(read(markdown).contains("nanocrab bench train"));
}

#[test]
fn bench_train_in_fp8_needs_bf16() {
    let more = ["--fp8", "--rounds", "1", "--device", "cpu"];
    let output = nanocrab(&[&["bench", "train"][..], &SMALL[..], &more].concat());
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "fp8 beside fp32");
    assert!(complaint.contains("bf16"), "{complaint}");
}

#[test]
fn bench_train_brief_is_one_line_of_json() {
    let more = [
        "--brief",
        "--steps",
        "3",
        "--device",
        "cpu",
        "--kernels",
        "plain",
    ];
    let output = nanocrab(&[&["bench", "train"][..], &SMALL[..], &more].concat());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}");
    let said: serde_json::Value = serde_json::from_str(text.trim()).expect("one line of JSON");
    assert!(said["step_ms"].as_f64() > Some(0.0) && said["mode"] == "plain");
}

#[test]
fn bench_refuses_what_cannot_be_before_it_measures() {
    for (words, needed) in [
        (
            &["bench", "train", "--head-width", "100"][..],
            "--head-width",
        ),
        (&["bench", "kernels", "--rounds", "0"], "--rounds"),
        (&["bench", "kernels", "--rows", "0"], "--rows"),
        (
            &["bench", "kernels", "--json", "no/such/folder/x.json"],
            "no/such/folder",
        ),
        (
            &["bench", "train", "--fusions", "--kernels", "plain,plain"],
            "--kernels",
        ),
        (
            &["bench", "train", "--python", "no-such-python"],
            "no-such-python",
        ),
        (
            &["bench", "train", "--python", "python3", "--model", "2026"],
            "seed architecture",
        ),
    ] {
        let words = [words, &["--device", "cpu"]].concat();
        let words = match words.contains(&"--python") {
            true => [&words[..], &SMALL[..], &["--steps", "1", "--rounds", "1"]].concat(),
            false => words,
        };
        let output = nanocrab(&words);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let errors = text.lines().filter(|line| line.starts_with("error:"));
        assert!(!output.status.success(), "{words:?} should fail");
        assert_eq!(errors.count(), 1, "{words:?}: {text}");
        assert!(
            text.contains(needed) && !text.contains("panicked"),
            "{words:?}: {text}"
        );
    }
}

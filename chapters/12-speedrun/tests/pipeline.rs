//! The whole pipeline, with ten steps per stage: what is kept, what is refused, what is said.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder with a recipe of a few steps.
struct Bench {
    folder: tempfile::TempDir,
    recipe: PathBuf,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let smoke = concat!(env!("CARGO_MANIFEST_DIR"), "/recipes/smoke.json");
        let text = std::fs::read_to_string(smoke).expect("the recipe");
        let mut recipe: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        recipe["name"] = "bench".into();
        recipe["train"]["tokens"] = 10_240.into();
        recipe["train"]["evaluate_every"] = 5.into();
        recipe["mid"]["epochs"] = 0.3.into();
        recipe["sft"]["epochs"] = 0.3.into();
        let path = folder.path().join("bench.json");
        std::fs::write(&path, recipe.to_string()).expect("write");
        Bench {
            folder,
            recipe: path,
        }
    }

    /// Exit code, standard output, standard error.
    fn run(&self, command: &str, arguments: &[&str]) -> (bool, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_nanocrab"))
            .arg(command)
            .arg("--recipe")
            .arg(&self.recipe)
            .arg("--runs-dir")
            .arg(self.folder.path().join("runs"))
            .args(arguments)
            .env("OMP_WAIT_POLICY", "passive")
            .output()
            .expect("the program starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (
            output.status.success(),
            text(&output.stdout),
            text(&output.stderr),
        )
    }

    fn good(&self, command: &str, arguments: &[&str]) -> String {
        let (good, out, err) = self.run(command, arguments);
        assert!(good, "{command} {arguments:?}: {err}");
        out
    }

    fn bad(&self, command: &str, arguments: &[&str]) -> String {
        let (good, out, err) = self.run(command, arguments);
        assert!(!good, "{command} {arguments:?} should fail, but said {out}");
        assert!(!err.contains("panicked"), "{err}");
        err
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("runs/bench")
    }
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_stage_runs_once_and_is_kept() {
    let bench = Bench::new();
    let said = bench.good("speedrun", &[]);
    let stages = [
        "data",
        "tokenizer",
        "train",
        "eval-base",
        "mid",
        "eval-mid",
        "sft",
        "eval-sft",
        "rl",
        "eval-rl",
        "quiz",
        "report",
    ];
    for stage in stages {
        assert!(
            said.lines()
                .any(|line| line.trim_start().starts_with(stage)),
            "{stage} says nothing:\n{said}"
        );
    }
    let report = String::from_utf8(read(&bench.root().join("report.md"))).expect("text");
    assert!(
        report.contains("bits per byte") && !report.contains("not run"),
        "{report}"
    );
    for row in [
        "| ranks | 1 |",
        "| system | ",
        "| memory | ",
        "| libtorch | 2.",
        "| Rust | rustc 1.",
        "| code | ",
        "packages in Cargo.lock |",
        "FLOPs; the recipe names no price |",
        "**. The recipe names no price",
        "## Whose code\n\nThe chapters' own, all of it.",
        "| CORE |",
        "| ARC-Easy |",
        "| GSM8K |",
        "| ChatCORE |",
        "| MMLU, by likelihood |",
        "| data | tidepool, 24 entities",
        "| tokenizer | 512 tokens, ",
        "| train | 10 steps of 1,024 tokens",
        "| mid | epochs: 0.3; 1,024 tokens a step",
        "| sft | epochs: 0.3; 1,024 tokens a step",
        "; 2 prompts × 2 samples a step",
        "steps from the model of `mid`",
        "| quiz | 20 questions |",
    ] {
        assert!(report.contains(row), "{row} is missing in:\n{report}");
    }
    let page = String::from_utf8(read(&bench.root().join("report.html"))).expect("text");
    assert!(page.contains("<table>") && page.contains("<svg") && !page.contains("<script"));
    for outside in ["src=", "href=\"http", "url("] {
        assert!(!page.contains(outside), "the page asks for {outside}");
    }
    assert!(bench.root().join("figures/base-loss.svg").exists());

    let weights = read(&bench.root().join("sft/model.safetensors"));
    let log = read(&bench.root().join("metrics.jsonl"));
    let again = bench.good("speedrun", &[]);
    assert_eq!(again.matches("kept from before").count(), 10, "{again}");
    assert!(weights == read(&bench.root().join("sft/model.safetensors")));
    assert!(weights != read(&bench.root().join("mid/model.safetensors")));
    assert!(log == read(&bench.root().join("metrics.jsonl")));

    every_step_of_rewards_is_logged(&bench);
    core_is_judged_alike_one_at_a_time_and_batched(&bench);
    stages_left_out_and_made_up_for_change_nothing(&bench);

    // The folder belongs to this recipe and this seed.
    let error = bench.bad("speedrun", &["--seed", "9"]);
    assert!(
        error.contains("another run") && error.contains("--name"),
        "{error}"
    );
    bench.good("data", &["--seed", "9", "--name", "nine"]);

    // A tokenizer of the same size with other merges.
    let own = bench.root().join("tokenizer/tokenizer.json");
    let other = bench
        .folder
        .path()
        .join("runs/nine/tokenizer/tokenizer.json");
    bench.good("tokenizer", &["--seed", "9", "--name", "nine"]);
    assert!(read(&own) != read(&other), "two worlds, two tokenizers");
    std::fs::copy(&other, &own).expect("copy");
    std::fs::remove_dir_all(bench.root().join("sft")).expect("remove");
    let error = bench.bad("sft", &[]);
    assert!(
        error.contains("tokenizer/tokenizer.json") && error.contains("notes/tokenizer.json"),
        "{error}"
    );
    // Whoever removes the note takes the file for his own; the model knows better.
    std::fs::remove_file(bench.root().join("notes/tokenizer.json")).expect("remove");
    let error = bench.bad("sft", &[]);
    assert!(error.contains("fingerprint"), "{error}");

    // What is lost is made again.
    std::fs::remove_file(&own).expect("remove");
    assert!(bench.good("tokenizer", &[]).contains("bytes per token"));
}

fn every_step_of_rewards_is_logged(bench: &Bench) {
    let log = pretrain::read_metrics(&bench.root().join("metrics.jsonl")).expect("a log");
    let log = || log.iter().filter(|line| line["stage"] == "rl");
    let steps: Vec<_> = log().filter(|line| line.get("reward").is_some()).collect();
    assert_eq!(steps.len(), 3);
    for step in steps {
        for number in ["reward", "reward_std", "zero_variance", "length"] {
            assert!(step[number].is_f64(), "{number} is missing in {step}");
        }
        // Of what was learnt from: nothing, if all rewards of the step are alike.
        let entropy = step.get("entropy").expect("a place for the entropy");
        assert_eq!(entropy.is_f64(), step["updated"] == true, "{step}");
    }
    let mut evaluations = 0;
    for found in log().filter_map(|line| line.get("evaluation")) {
        let rates = ["pass@1", "pass@2"].map(|k| found[k].as_f64().expect(k));
        assert!(rates[0] <= rates[1], "two answers are no worse than one");
        assert!(found.get("pass@3").is_none(), "the recipe asks for two");
        evaluations += 1;
    }
    assert_eq!(evaluations, 3, "before, after two steps, and at the end");
}

fn core_is_judged_alike_one_at_a_time_and_batched(bench: &Bench) {
    for more in [&[][..], &["--plain"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_nanocrab"))
            .args(["bench-core", "--most", "2", "--rounds", "1"])
            .args(["--device", "cpu", "--model"])
            .arg(bench.root().join("base"))
            .arg("--core")
            .arg(bench.root().join("data/core"))
            .args(more)
            .env("OMP_WAIT_POLICY", "passive")
            .output()
            .expect("the program starts");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && said.lines().count() > 4,
            "{said}"
        );
        let differ = said.lines().last().and_then(|all| {
            assert!(all.starts_with("all "), "{said}");
            all.split_whitespace().next_back()
        });
        assert_eq!(differ, Some("0"), "verdicts that differ, {more:?}:\n{said}");
    }
}

/// `--skip` three times, a stage further on each time, and then nothing: the run that left nothing out.
fn stages_left_out_and_made_up_for_change_nothing(bench: &Bench) {
    let root = bench.folder.path().join("runs/skips");
    copy(&bench.root(), &root, &|name| {
        let later = ["mid", "sft", "rl", "quiz"];
        !later
            .iter()
            .any(|stage| name.trim_start_matches("eval-").starts_with(stage))
    });
    let speedrun = |more: &[&str]| {
        let said = bench.good("speedrun", &[&["--name", "skips"], more].concat());
        move |stage: &str, words: &str| {
            let line = format!("{stage:>10}  {words}");
            assert!(said.contains(&line), "{line} is missing in:\n{said}");
        }
    };
    let note = |stage: &str, key: &str| {
        let note = read(&root.join(format!("notes/{stage}.json")));
        let note: serde_json::Value = serde_json::from_slice(&note).expect("a note");
        note[key].as_str().expect(key).to_owned()
    };

    let said = speedrun(&["--skip", "mid"]);
    said("mid", "skipped, as asked");
    said(
        "eval-mid",
        "skipped: no model (`mid` is left out, as asked)",
    );
    said("sft", "starts from the model of `base`");
    assert_eq!(
        (note("sft", "from"), note("quiz", "model")),
        ("base".into(), "rl".into())
    );
    let report = String::from_utf8(read(&root.join("report.md"))).expect("text");
    for line in ["| mid | – | not run |", "steps from the model of `base`"] {
        assert!(report.contains(line), "{line} is missing in:\n{report}");
    }

    let said = speedrun(&["--skip", "sft"]);
    for old in ["sft", "rl"] {
        said(
            "mid",
            &format!("the checkpoint of `{old}` was made without it, and is put aside"),
        );
        assert!(root.join("put-aside").join(old).exists() && !root.join(old).exists());
    }
    said("eval-sft", "skipped: no model");
    said(
        "rl",
        "left out: no model to start from (`sft` is left out, as asked)",
    );
    said("eval-rl", "skipped: no model");
    said("quiz", "asks the model of `mid`");
    assert_eq!(note("quiz", "model"), "mid");

    let said = speedrun(&["--skip", "rl"]);
    said("eval-rl", "skipped: no model");
    said("quiz", "asks the model of `sft`");
    assert_eq!(
        (note("sft", "from"), note("quiz", "model")),
        ("mid".into(), "sft".into())
    );

    let said = speedrun(&[]);
    said("rl", "3 steps in ");
    assert_eq!(note("quiz", "model"), "rl");
    for stage in ["base", "mid", "sft", "rl"] {
        let weights = |root: &Path| read(&root.join(stage).join("model.safetensors"));
        assert!(weights(&root) == weights(&bench.root()), "{stage}");
    }
    let log = |root: &Path| {
        let log = pretrain::read_metrics(&root.join("metrics.jsonl")).expect("a log");
        let line = |line: &serde_json::Value| {
            ["stage", "step", "loss", "reward"].map(|key| line[key].to_string())
        };
        log.iter().map(line).collect::<Vec<_>>()
    };
    assert_eq!(log(&root), log(&bench.root()));
}

/// Copies the files and folders whose names are wanted.
fn copy(from: &Path, to: &Path, wanted: &dyn Fn(&str) -> bool) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("readable");
        if !wanted(&entry.file_name().to_string_lossy()) {
            continue;
        }
        match entry.file_type().expect("a type").is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name()), wanted),
            false => {
                std::fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
            }
        }
    }
}

#[test]
fn text_of_ones_own_and_stages_left_out() {
    let bench = Bench::new();
    let texts = bench.folder.path().join("letters");
    std::fs::create_dir(&texts).expect("a folder");
    for index in 0..120 {
        // Enough different words for a vocabulary of 512.
        let word = |n: usize| {
            ["ba", "ke", "li", "mo", "nu", "ra", "se", "ti"]
                .iter()
                .cycle()
                .skip(n % 8)
                .step_by(n % 5 + 1)
                .take(2 + n % 3)
                .copied()
                .collect::<String>()
        };
        let words: Vec<String> = (0..120)
            .map(|at| word(index * 7 + at * 13 + at / 8))
            .collect();
        std::fs::write(texts.join(format!("{index}.txt")), words.join(" ")).expect("write");
    }
    let text = texts.to_str().expect("a path");
    let said = bench.good(
        "speedrun",
        &[
            "--text",
            text,
            "--skip",
            "mid,eval-mid,sft,eval-sft,rl,eval-rl,quiz",
        ],
    );
    assert_eq!(said.matches("skipped").count(), 7, "{said}");
    let run = bench.folder.path().join("runs/bench-letters");
    assert!(run.join("base/model.safetensors").exists() && !run.join("sft").exists());
    assert!(
        said.contains("bench-letters/base"),
        "the model there is to talk to:\n{said}"
    );
    let said = bench.good("speedrun", &["--text", text]);
    assert!(
        said.contains("quiz  skipped") && said.contains("letters"),
        "{said}"
    );
}

#[test]
fn a_stage_names_the_stage_before_it() {
    let bench = Bench::new();
    bench.good("data", &[]);
    assert!(bench.bad("train", &[]).contains("`tokenizer` first"));
    bench.good("tokenizer", &[]);
    assert!(bench.bad("mid", &[]).contains("`train` first"));
    assert!(bench.bad("sft", &[]).contains("`mid` first"));
    assert!(bench.bad("rl", &[]).contains("`sft` first"));
    assert!(bench.bad("eval", &["--stage", "rl"]).contains("`rl` first"));
    assert!(bench.bad("quiz", &[]).contains("`rl` first"));
}

//! `nanocrab train --nproc 2`: two programs train what one trains but for the order of sums; interrupted and killed, too.
//!
//! At a hundredth of the usual rates, as in chapter 05's test of ranks and for its reasons.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const STEPS: u64 = 20;

/// The smoke recipe with a few steps of two batches each.
fn few_steps(folder: &Path) -> PathBuf {
    let smoke = concat!(env!("CARGO_MANIFEST_DIR"), "/recipes/smoke.json");
    let text = std::fs::read_to_string(smoke).expect("the recipe");
    let mut recipe: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    recipe["name"] = "few".into();
    recipe["data"]["corpus"]["bytes"] = 200_000.into();
    recipe["tokenizer"]["max_chars"] = 150_000.into();
    recipe["train"]["tokens"] = (STEPS * 1024).into();
    recipe["train"]["device_rows"] = 4.into();
    for (group, rate) in [("embedding", 0.002), ("head", 0.000_04), ("matrix", 0.0002)] {
        recipe["train"]["optimizer"][group] = rate.into();
    }
    recipe["train"]["evaluate_every"] = 5.into();
    recipe["train"]["validation_tokens"] = 1536.into();
    recipe["train"]["checkpoint_seconds"] = 0.05.into();
    let path = folder.join("few.json");
    std::fs::write(&path, recipe.to_string()).expect("write");
    path
}

struct Bench {
    folder: tempfile::TempDir,
    recipe: PathBuf,
}

impl Bench {
    fn new() -> Bench {
        let folder = tempfile::tempdir().expect("a folder");
        let bench = Bench {
            recipe: few_steps(folder.path()),
            folder,
        };
        for stage in ["data", "tokenizer"] {
            let output = bench.nanocrab("made", &[stage]).output().expect("starts");
            assert!(output.status.success(), "{}", text(&output));
        }
        bench
    }

    fn root(&self, name: &str) -> PathBuf {
        self.folder.path().join(name).join("few")
    }

    /// Every run has a folder of runs of its own, so that all have one name.
    fn nanocrab(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nanocrab"));
        for variable in ["RANK", "WORLD_SIZE", "LOCAL_RANK", "SLURM_STEP_ID"] {
            command.env_remove(variable);
        }
        command
            .args(arguments)
            .args(["--device", "cpu", "--threads", "1", "--recipe"])
            .arg(&self.recipe)
            .arg("--runs-dir")
            .arg(self.folder.path().join(name))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// A run that has data and a tokenizer.
    fn copy(&self, name: &str) {
        copy(&self.root("made"), &self.root(name));
    }

    fn train(&self, name: &str, more: &[&str]) -> Output {
        self.copy(name);
        self.go_on(name, more)
    }

    fn go_on(&self, name: &str, more: &[&str]) -> Output {
        let arguments = [&["train"], more].concat();
        let output = self.nanocrab(name, &arguments).output().expect("starts");
        assert!(output.status.success(), "{name}: {}", text(&output));
        output
    }

    /// What became of the weights, and of each step.
    fn result(&self, name: &str) -> (Vec<u8>, Vec<f64>) {
        let weights = std::fs::read(self.root(name).join("base/model.safetensors"));
        let lines = pretrain::read_metrics(&self.root(name).join("metrics.jsonl"));
        let losses = lines.expect("a log").into_iter();
        let losses: Vec<f64> = losses.filter_map(|line| line["loss"].as_f64()).collect();
        assert_eq!(losses.len() as u64, STEPS, "{name}: one line a step");
        (weights.expect("weights"), losses)
    }

    /// The largest difference between two runs' weights.
    fn apart(&self, one: &str, other: &str) -> f64 {
        let read = |name| {
            let file = self.root(name).join("base/model.safetensors");
            tch::Tensor::read_safetensors(file).expect("weights")
        };
        let mut other = read(other);
        let mut most = 0f64;
        for (name, ours) in read(one) {
            let place = other.iter().position(|(known, _)| *known == name);
            let (_, theirs) = other.swap_remove(place.expect("the same tensors"));
            most = most.max((ours - theirs).abs().max().double_value(&[]));
        }
        assert!(other.is_empty());
        most
    }

    /// Starts a run and waits for its first checkpoint.
    fn begun(&self, name: &str, more: &[&str]) -> Child {
        self.copy(name);
        let arguments = [&["train"], more].concat();
        let child = self.nanocrab(name, &arguments).spawn().expect("starts");
        let since = Instant::now();
        while !self.root(name).join("base/state.json").exists() {
            assert!(since.elapsed() < Duration::from_secs(60), "no checkpoint");
            std::thread::sleep(Duration::from_millis(1));
        }
        child
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("readable");
        match entry.file_type().expect("a type").is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name())),
            false => {
                std::fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
            }
        }
    }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn signal(name: &str, id: u32) {
    let sent = Command::new("kill").args([name, &id.to_string()]).status();
    assert!(sent.expect("kill").success());
}

#[test]
fn two_programs_train_one_model() {
    let bench = Bench::new();
    let one = bench.train("one", &[]);
    let two = bench.train("two", &["--nproc", "2"]);
    let again = bench.train("again", &["--nproc", "2"]);
    let (_, alone) = bench.result("one");
    let (weights, losses) = bench.result("two");
    assert!(
        bench.result("again") == (weights.clone(), losses.clone()),
        "{}",
        text(&again)
    );

    assert!(
        (losses[0] / alone[0] - 1.0).abs() < 1e-9,
        "of the same weights"
    );
    let fallen = alone[0] - alone[STEPS as usize - 1];
    assert!(fallen > 0.02, "it learns: {alone:?}");
    let apart = bench.apart("one", "two");
    println!(
        "weights {apart:.1e} apart after {STEPS} steps, in which the loss fell by {fallen:.2}"
    );
    assert!(apart < 1e-6, "{apart:e}");

    // Rank 0 alone prints: as many lines of the stage as one program.
    let stage = |output: &Output| {
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        out.lines()
            .filter(|line| line.contains("bits per byte"))
            .count()
    };
    assert_eq!((stage(&one), stage(&two)), (1, 1), "{}", text(&two));
    let kept = bench.go_on("two", &["--nproc", "2"]);
    assert!(text(&kept).contains("kept from before"), "{}", text(&kept));

    // SIGTERM: both save together, the code is that of the signal, and the run goes on where it was.
    let child = bench.begun("stopped", &["--nproc", "2"]);
    signal("-TERM", child.id());
    let output = child.wait_with_output().expect("ends");
    assert_eq!(output.status.code(), Some(143), "{}", text(&output));
    bench.go_on("stopped", &["--nproc", "2"]);
    assert!(bench.result("stopped") == (weights.clone(), losses.clone()));

    // Rank 1 is killed: rank 0 names it, the code is that of the kill, and the run goes on from its last checkpoint.
    let child = bench.begun("killed", &["--nproc", "2"]);
    let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", child.id()));
    // Where the kernel does not list a process's children, nobody is killed, and the run ends by itself.
    let ranks: Vec<u32> = children
        .unwrap_or_default()
        .split_whitespace()
        .map(|id| id.parse().expect("a number"))
        .collect();
    if let [_, rank_1] = ranks[..] {
        signal("-KILL", rank_1);
    }
    let output = child.wait_with_output().expect("ends");
    if !ranks.is_empty() {
        assert_eq!(ranks.len(), 2);
        assert_eq!(output.status.code(), Some(137), "{}", text(&output));
        let said = text(&output);
        assert!(
            said.contains("rank 1 has ended first, with signal: 9"),
            "{said}"
        );
        assert!(
            said.contains("error: rank 1 did not join operation"),
            "{said}"
        );
        bench.go_on("killed", &["--nproc", "2"]);
        assert!(bench.result("killed") == (weights, losses));
    }

    // What cannot be shared is said before anything is trained, by every rank.
    bench.copy("three");
    let output = bench.nanocrab("three", &["train", "--nproc", "3"]).output();
    let output = output.expect("starts");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let said = "a step of the recipe few is 2 batches of 4 rows, which 3 ranks cannot share evenly";
    assert!(
        text(&output).contains(&format!("\nerror: {said}"))
            || text(&output).contains(&format!("error: {said}"))
    );
    assert!(
        text(&output).contains(&format!("rank 1: error: {said}")),
        "{}",
        text(&output)
    );
}

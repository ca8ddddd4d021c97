//! Runs of a few steps, each in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

pub const STEPS: u64 = 20;

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
    for stage in ["mid", "sft"] {
        recipe[stage]["epochs"] = 0.2.into();
        recipe[stage]["device_rows"] = 4.into();
        recipe[stage]["rate_scale"] = 0.3.into();
        recipe[stage]["checkpoint_seconds"] = 0.05.into();
    }
    recipe["evals"]["core"] = 4.into();
    recipe["evals"]["choice"] = 8.into();
    recipe["evals"]["written"] = 2.into();
    let path = folder.join("few.json");
    std::fs::write(&path, recipe.to_string()).expect("write");
    path
}

pub struct Bench {
    folder: tempfile::TempDir,
    recipe: PathBuf,
}

impl Bench {
    pub fn new() -> Bench {
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

    pub fn root(&self, name: &str) -> PathBuf {
        self.folder.path().join(name).join("few")
    }

    /// Every run has a folder of runs of its own, so that all have one name.
    pub fn nanocrab(&self, name: &str, arguments: &[&str]) -> Command {
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
    pub fn copy(&self, name: &str) {
        copy(&self.root("made"), &self.root(name));
    }

    pub fn train(&self, name: &str, more: &[&str]) -> Output {
        self.copy(name);
        self.go_on(name, more)
    }

    pub fn go_on(&self, name: &str, more: &[&str]) -> Output {
        let arguments = [&["train"], more].concat();
        let output = self.nanocrab(name, &arguments).output().expect("starts");
        assert!(output.status.success(), "{name}: {}", text(&output));
        output
    }

    /// What became of the weights, and of each step.
    pub fn result(&self, name: &str) -> (Vec<u8>, Vec<f64>) {
        let weights = std::fs::read(self.root(name).join("base/model.safetensors"));
        let lines = pretrain::read_metrics(&self.root(name).join("metrics.jsonl"));
        let losses = lines.expect("a log").into_iter();
        let losses: Vec<f64> = losses.filter_map(|line| line["loss"].as_f64()).collect();
        assert_eq!(losses.len() as u64, STEPS, "{name}: one line a step");
        (weights.expect("weights"), losses)
    }

    /// The largest difference between two runs' weights after a stage.
    pub fn apart(&self, stage: &str, one: &str, other: &str) -> f64 {
        let read = |name| {
            let file = self.root(name).join(stage).join("model.safetensors");
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
    pub fn begun(&self, name: &str, more: &[&str]) -> Child {
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

pub fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

pub fn signal(name: &str, id: u32) {
    let sent = Command::new("kill").args([name, &id.to_string()]).status();
    assert!(sent.expect("kill").success());
}

//! Runs that are killed, started again, and compared with one that was not.
//!
//! Half of the kills come at a random time, the other half wait for something that random times seldom meet: a checkpoint being
//! written, an examination, the last stages. A finished run has to have the losses and the weights of the undisturbed one, bit
//! for bit.

use anyhow::{Context, Result, bail, ensure};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const STAGES: [&str; 11] = [
    "data",
    "tokenizer",
    "base",
    "eval-base",
    "mid",
    "eval-mid",
    "sft",
    "eval-sft",
    "rl",
    "eval-rl",
    "quiz",
];
const MODELS: [&str; 4] = ["base", "mid", "sft", "rl"];

/// The program, its recipe, and a folder for runs.
pub struct Bench {
    pub program: PathBuf,
    pub recipe: String,
    pub runs: PathBuf,
}

/// How often each place was met, and how many runs were compared.
pub struct Tally {
    pub kills: BTreeMap<String, usize>,
    pub runs: usize,
}

impl Bench {
    /// Kills so often, and compares every run that was killed.
    ///
    /// # Errors
    /// A run that does not go on after a kill, or that ends with another number or weight.
    pub fn kill(&self, kills: usize, seed: u64, say: &mut dyn FnMut(String)) -> Result<Tally> {
        let started = Instant::now();
        let status = self.start("whole")?.wait()?;
        ensure!(
            status.success(),
            "the undisturbed run failed: {}",
            self.said("whole")
        );
        let whole = started.elapsed();
        let expected = trace(&self.runs.join("whole"))?;
        say(format!(
            "undisturbed: {:.1} s, {} lines in the log, {} files of weights and buffers",
            whole.as_secs_f64(),
            expected.0.len(),
            expected.1.len()
        ));

        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let (mut done, mut tally) = (
            0,
            Tally {
                kills: BTreeMap::new(),
                runs: 0,
            },
        );
        while done < kills {
            let name = format!("killed-{}", tally.runs);
            let folder = self.runs.join(&name);
            loop {
                let mut child = self.start(&name)?;
                // Ten kills or so for each run.
                let patience = whole.mul_f64(random.random_range(0.01..0.2));
                let moment = match random.random_bool(0.5) {
                    true => Moment::Time(patience),
                    false => Moment::drawn(&mut random),
                };
                if done < kills && wait_for(&mut child, &moment, &folder)? {
                    // What is on the disk now. What the program is doing now, nobody can say.
                    let place = place(&folder, &moment);
                    child.kill().context("kill -9")?;
                    child.wait()?;
                    done += 1;
                    *tally.kills.entry(place).or_default() += 1;
                    continue;
                }
                let status = child.wait()?;
                let said = self.said(&name);
                ensure!(
                    status.success(),
                    "{name} does not go on after a kill: {said}"
                );
                break;
            }
            let found = trace(&folder)?;
            compare(&expected, &found).with_context(|| format!("{name}, after {done} kills"))?;
            tally.runs += 1;
            fs::remove_dir_all(&folder).context("the run's folder")?;
            say(format!(
                "{done:>4} kills, {} finished runs, all equal to the undisturbed one",
                tally.runs
            ));
        }
        Ok(tally)
    }

    fn start(&self, name: &str) -> Result<Child> {
        let log = fs::File::create(self.runs.join(format!("{name}.log")))?;
        Command::new(&self.program)
            .args([
                "speedrun",
                "--recipe",
                &self.recipe,
                "--name",
                name,
                "--runs-dir",
            ])
            .arg(&self.runs)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {}", self.program.display()))
    }

    fn said(&self, name: &str) -> String {
        fs::read_to_string(self.runs.join(format!("{name}.log"))).unwrap_or_default()
    }
}

/// When to kill.
enum Moment {
    /// After this time.
    Time(Duration),
    /// As soon as a checkpoint of this model is being written, and a little later.
    Writing {
        model: &'static str,
        after: Duration,
    },
    /// A little after this stage has begun: its predecessor's note is there.
    Stage { stage: usize, after: Duration },
}

impl Moment {
    fn drawn(random: &mut ChaCha8Rng) -> Moment {
        let model = MODELS[random.random_range(0..MODELS.len())];
        match random.random_bool(0.5) {
            true => Moment::Writing {
                model,
                after: Duration::from_micros(random.random_range(0..8_000)),
            },
            false => Moment::Stage {
                stage: random.random_range(1..STAGES.len()),
                after: Duration::from_millis(random.random_range(0..800)),
            },
        }
    }

    fn has_come(&self, folder: &Path) -> bool {
        match self {
            Moment::Time(_) => false,
            Moment::Writing { model, .. } => folder.join(format!("{model}.new")).exists(),
            Moment::Stage { stage, .. } => {
                let done = |at: usize| folder.join(format!("notes/{}.json", STAGES[at])).exists();
                done(stage - 1) && !done(*stage)
            }
        }
    }
}

/// Waits until the moment has come. `false`: the program has ended before.
fn wait_for(child: &mut Child, moment: &Moment, folder: &Path) -> Result<bool> {
    let started = Instant::now();
    while child.try_wait()?.is_none() {
        match moment {
            Moment::Time(patience) if started.elapsed() > *patience => return Ok(true),
            Moment::Writing { after, .. } | Moment::Stage { after, .. }
                if moment.has_come(folder) =>
            {
                sleep(*after);
                return Ok(child.try_wait()?.is_none());
            }
            _ => {}
        }
        // A checkpoint of such a model is written in a few milliseconds.
        sleep(Duration::from_micros(200));
    }
    Ok(false)
}

/// Where the run was.
fn place(folder: &Path, moment: &Moment) -> String {
    let notes = folder.join("notes");
    let stage = STAGES
        .iter()
        .find(|stage| !notes.join(format!("{stage}.json")).exists())
        .unwrap_or(&"report");
    let writing = MODELS
        .iter()
        .any(|model| folder.join(format!("{model}.new")).exists());
    match (writing, moment) {
        (true, _) => format!("{stage}, a checkpoint half written"),
        (false, Moment::Writing { .. }) => format!("{stage}, a checkpoint just written"),
        _ => stage.to_string(),
    }
}

/// Every number of the log but those that are times and speeds, and the bytes of all weights.
type Trace = (Vec<String>, BTreeMap<String, Vec<u8>>);

fn trace(folder: &Path) -> Result<Trace> {
    let log = fs::read_to_string(folder.join("metrics.jsonl")).context("metrics.jsonl")?;
    let mut lines = Vec::new();
    for line in log.lines() {
        let mut event: Value = serde_json::from_str(line).context("metrics.jsonl")?;
        if let Value::Object(event) = &mut event {
            event.retain(|key, _| !key.contains("second") && key != "mfu");
        }
        lines.push(event.to_string());
    }
    let mut weights = BTreeMap::new();
    for model in MODELS {
        for file in ["model.safetensors", "optimizer-0.safetensors"] {
            let path = folder.join(model).join(file);
            let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
            weights.insert(format!("{model}/{file}"), bytes);
        }
    }
    Ok((lines, weights))
}

fn compare(expected: &Trace, found: &Trace) -> Result<()> {
    for (at, (expected, found)) in expected.0.iter().zip(&found.0).enumerate() {
        ensure!(
            expected == found,
            "line {} of the log is\n{found}\ninstead of\n{expected}",
            at + 1
        );
    }
    let (lines, other) = (expected.0.len(), found.0.len());
    ensure!(
        lines == other,
        "the log has {other} lines instead of {lines}"
    );
    for (name, bytes) in &expected.1 {
        if found.1.get(name) != Some(bytes) {
            bail!("{name} differs");
        }
    }
    Ok(())
}

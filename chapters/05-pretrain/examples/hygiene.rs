//! Whether a long run grows: memory, file descriptors and threads of this program while it trains, as CSV.
//!
//! `cargo run --example hygiene -- 10000 > hygiene.csv` trains a tiny model for so many steps with the loop, the log and
//! the checkpoints of a real run (one in 50 steps), and writes a line every 100 steps. Linux only: it reads `/proc/self`.

use anyhow::{Context, Result, ensure};
use dataset::{Batch, BatchSource, Position};
use muon::{Optimizer, PlainUpdates, Rates2025, Solo, groups_2025};
use pretrain::{Durability, Evaluation, Interrupt, Metrics, Schedule, Settings, Trainer};
use std::fs;
use tokenizer::TrainSettings;
use transformer::{Causal, Config, Gpt, Plain};

/// Steps between two lines, and between two checkpoints.
const LINE: u64 = 100;
const CHECKPOINT: u64 = 50;

struct Counting(Position);

impl BatchSource for Counting {
    fn next_batch(&mut self) -> Result<Batch, dataset::Error> {
        let number = self.0.batches as i64;
        self.0.batches += 1;
        let id = |at: i64| (number * 31 + at) % 250;
        Ok(Batch {
            rows: 4,
            time: 16,
            inputs: (0..64).map(id).collect(),
            targets: (0..64).map(|at| id(at + 1)).collect(),
            position: self.0.clone(),
            supervised: 64,
        })
    }
}

fn main() -> Result<()> {
    let steps = std::env::args().nth(1).unwrap_or("10000".to_string());
    let steps: u64 = steps.parse().context("the number of steps")?;
    ensure!(
        fs::metadata("/proc/self/status").is_ok(),
        "this machine has no /proc; run it on Linux"
    );
    let machine = tensors::start(&tensors::Choice::default())?;
    let scratch = tempfile::tempdir()?;
    let text = "the crab walks sideways over the sand and the sand remembers the crab ".repeat(20);
    let tokenizer = tokenizer::train(std::iter::once(text), &TrainSettings::new(280), &mut |_| ())?;
    let config = Config {
        layers: 2,
        width: 32,
        heads: 1,
        kv_heads: 1,
        ..Config::d(2, tokenizer.vocab_size() as i64, 16)?
    };
    let gpt = Gpt::new(&config, machine.device, 1)?;
    let rates = Rates2025::default();
    let groups = groups_2025(gpt.parameters(), config.width, &rates, gpt.compute())?;
    let optimizer = Optimizer::new(groups, Box::new(PlainUpdates), Box::new(Solo))?;
    let mut metrics = Metrics::open(&scratch.path().join("metrics.jsonl"))?;
    println!("step,resident_kb,descriptors,threads");
    let trainer = Trainer {
        gpt: &gpt,
        kernels: &Plain,
        context: Box::new(Causal),
        optimizer,
        tokenizer: &tokenizer,
        batches: Box::new(Counting(Position::default())),
        // The evaluation is called before each checkpoint: a place to look from.
        evaluate: Box::new(|_, step| {
            if step % LINE == 0 {
                let look = look().map_err(|source| pretrain::Error::File {
                    path: "/proc/self".into(),
                    source,
                })?;
                println!("{step},{look}");
            }
            Ok(Evaluation::default())
        }),
        metrics: &mut metrics,
        interrupt: Interrupt::listen(),
        settings: Settings {
            stage: "base".into(),
            schedule: Schedule::october_2025(steps, 0.0, 0.4, 0.0),
            accumulation: 1,
            clip: Some(1.0),
            evaluate_every: CHECKPOINT,
            checkpoint_seconds: 1e9,
            folder: scratch.path().join("base"),
            durability: Durability::default(),
            recipe: "hygiene".into(),
            flops_per_token: 1.0,
            peak_flops: None,
        },
    };
    let state = trainer.fresh_state();
    trainer.run(state)?;
    Ok(())
}

/// `resident_kb,descriptors,threads`
fn look() -> std::io::Result<String> {
    let status = fs::read_to_string("/proc/self/status")?;
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_whitespace().nth(1))
            .unwrap_or("?")
            .to_string()
    };
    let descriptors = fs::read_dir("/proc/self/fd")?.count();
    Ok(format!(
        "{},{descriptors},{}",
        field("VmRSS:"),
        field("Threads:")
    ))
}

// ANCHOR: head
//! `nanocrab bench`: the operations and the training step of chapter 06 on this machine, beside their limits.
//!
//! Nothing is read but what stands on the command line: random weights, random tokens. Numbers go to the terminal; files
//! are written where they are asked for, when all is measured.

use crate::bench_files::{Caption, Files};
use crate::run_folder::write_whole;
use anyhow::{Result, ensure};
use clap::{Args, Subcommand, ValueEnum};
use hopper::bench::beside_torch::{self, Contestant, OURS_ALONE, Script, script_arguments};
use hopper::bench::brief::brief;
use hopper::bench::resources::device_in_words;
use hopper::bench::train::{Arithmetic, TrainReport, TrainSettings};
use hopper::bench::workload::Size;
use hopper::bench::{kernels, trace, train, waterfall};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use tensors::Machine;
use tensors::doctor::{device_name, precision_name};
use transformer::{Config, Switches};
// ANCHOR_END: head

// ANCHOR: options
#[derive(Subcommand)]
pub enum Bench {
    /// Each operation, plain against fused, forward and backward, with bytes, FLOPs and the limit
    Kernels {
        #[command(flatten)]
        shape: Shape,
        #[command(flatten)]
        files: Files,
    },
    /// A whole training step: speed, MFU, memory, and where the time goes
    Train {
        #[command(flatten)]
        shape: Shape,
        #[command(flatten)]
        files: Files,
        #[command(flatten)]
        step: Step,
    },
}

#[derive(Args)]
pub struct Shape {
    /// The architecture
    #[arg(long, value_enum, default_value = "2025")]
    model: Year,
    /// Layers
    #[arg(long, default_value_t = 4)]
    depth: i64,
    /// Numbers per position [default: 64 per layer]
    #[arg(long)]
    width: Option<i64>,
    /// Numbers per head
    #[arg(long, default_value_t = 64)]
    head_width: i64,
    /// Tokens in a row
    #[arg(long, default_value_t = 512)]
    time: i64,
    /// Rows in a batch
    #[arg(long, default_value_t = 8)]
    rows: i64,
    /// Entries of the vocabulary
    #[arg(long, default_value_t = 4096)]
    vocab: i64,
    /// How often all that is compared takes turns
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// cpu, cuda, cuda:1 or mps [default: the best there is]
    #[arg(long)]
    device: Option<String>,
    /// fp32 or bf16 [default: bf16 on GPUs that are fast at it]
    #[arg(long)]
    dtype: Option<String>,
    /// Threads of libtorch [default: all cores]
    #[arg(long)]
    threads: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Year {
    /// The seed architecture of October 2025
    #[value(name = "2025")]
    October2025,
    /// All switches of July 2026 on
    #[value(name = "2026")]
    July2026,
}

#[derive(Args)]
pub struct Step {
    /// Whose arithmetic, in any order; the fused one is measured first, so that each one's peak of memory can be told
    #[arg(long, value_delimiter = ',', value_enum, default_values = ["fused", "plain"])]
    kernels: Vec<Whose>,
    /// Let the fused step multiply in fp8 (with bf16 activations)
    #[arg(long)]
    fp8: bool,
    /// Also add one fusion after another, and leave each out alone
    #[arg(long)]
    fusions: bool,
    /// Forward and backward passes in a step
    #[arg(long, default_value_t = 1)]
    accumulation: usize,
    /// Scale gradients down to this norm
    #[arg(long)]
    clip: Option<f64>,
    /// Write the parts of a step for the figure
    #[arg(long, value_name = "FILE")]
    waterfall: Option<PathBuf>,
    /// Write a step's operations for chrome://tracing or Perfetto
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Race a step against PyTorch, eager and compiled, with this Python: the fused one if --kernels names both
    #[arg(long, value_name = "PYTHON")]
    python: Option<PathBuf>,
    /// Only time steps, the fused ones if --kernels names both, and print one line of JSON, as the PyTorch script does
    #[arg(long)]
    brief: bool,
    /// Steps of a process, for --brief and --python
    #[arg(long, default_value_t = 12)]
    steps: usize,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Whose {
    Plain,
    Fused,
}
// ANCHOR_END: options

// ANCHOR: run
/// # Errors
/// Sizes that cannot be, devices that are not there, folders that are missing.
pub fn run(bench: &Bench) -> Result<()> {
    match bench {
        Bench::Kernels { shape, files } => {
            files.check(&[])?;
            let (size, machine) = (shape.size(1, None)?, shape.machine()?);
            let report = kernels::measure(&size, &machine, shape.rounds, &mut say)?;
            println!("{}\n{}", report.heading(), report.table());
            files.write(
                &Caption::of(&report.heading()),
                || report.json(),
                || report.csv(),
                || report.markdown(),
            )
        }
        Bench::Train { shape, files, step } => {
            files.check(&[&step.waterfall, &step.trace])?;
            let size = shape.size(step.accumulation, step.clip)?;
            step.check()?;
            if step.brief {
                let arithmetic = step.arithmetics()[0];
                let line = brief(&size, &shape.machine()?, arithmetic, step.fp8, step.steps)?;
                println!("{line}");
                return Ok(());
            }
            match &step.python {
                Some(python) => beside(python, shape, files, step, &size),
                None => steps(shape, files, step, size),
            }
        }
    }
}

fn steps(shape: &Shape, files: &Files, step: &Step, size: Size) -> Result<()> {
    let settings = TrainSettings {
        size,
        rounds: shape.rounds,
        arithmetics: step.arithmetics(),
        each_fusion: step.fusions,
        logged_steps: 3,
        fp8: step.fp8,
    };
    ensure!(
        !step.fusions || settings.arithmetics.len() == 2,
        "--fusions compares plain with fused: leave out --kernels"
    );
    let report = train::measure(&settings, &shape.machine()?, &mut say)?;
    println!("{}\n{}", report.heading(), report.table());
    let caption = Caption::of(&report.heading());
    if let Some(file) = &step.waterfall {
        let csv = waterfall::csv(&report.taken_apart());
        write_whole(file, &caption.above_csv(&csv))?;
    }
    if let Some(file) = &step.trace {
        write_whole(file, &step_trace(&report).to_string())?;
    }
    files.write(
        &caption,
        || report.json(),
        || report.csv(),
        || report.markdown(),
    )
}

/// The first step's; spans of different steps do not belong on one line of time.
fn step_trace(report: &TrainReport) -> serde_json::Value {
    let step = &report.steps[0];
    trace::chrome_trace(
        &step.spans,
        &format!("{} step, {}", step.arithmetic.name(), report.device),
    )
}

fn say(what: &str) {
    eprintln!("  {what}");
}
// ANCHOR_END: run

// ANCHOR: beside
fn beside(python: &Path, shape: &Shape, files: &Files, step: &Step, size: &Size) -> Result<()> {
    let machine = shape.machine()?;
    let script = Script::new()?;
    let words = script_arguments(size, step.steps, machine.threads)?;
    let torch = |name: &str, more: &[&str]| {
        let mut arguments: Vec<OsString> = vec![script.path().into()];
        arguments.extend(words.iter().map(Into::into));
        arguments.extend(more.iter().map(Into::into));
        Contestant {
            name: name.to_string(),
            program: python.to_path_buf(),
            arguments,
            without: OURS_ALONE,
        }
    };
    let contestants = [
        ourselves(&machine, step, size)?,
        torch("PyTorch, compiled", &["--compile"]),
        torch("PyTorch, eager", &[]),
    ];
    let race = beside_torch::race(&contestants, shape.rounds, &mut say)?;
    let heading = format!(
        "{}, {}. {}; {} rounds of processes in turns, {} steps each, medians (least to most).",
        device_in_words(&machine),
        precision_name(machine.compute),
        size.in_words(),
        shape.rounds,
        step.steps
    );
    println!("{heading}\n{}", race.table());
    let caption = Caption::of(&heading);
    files.write(&caption, || race.json(), || race.csv(), || race.markdown())
}

/// This program, asked for the same steps.
fn ourselves(machine: &Machine, step: &Step, size: &Size) -> Result<Contestant> {
    let config = &size.config;
    let arithmetic = step.arithmetics()[0];
    let mut words = vec![
        "bench".to_string(),
        "train".to_string(),
        "--brief".to_string(),
    ];
    words.extend(["--kernels".to_string(), arithmetic.name().to_string()]);
    for (name, number) in [
        ("--depth", config.layers),
        ("--width", config.width),
        ("--head-width", config.head_width()),
        ("--time", config.context),
        ("--rows", size.rows),
        ("--vocab", config.vocab_size),
        ("--steps", step.steps as i64),
        ("--threads", machine.threads as i64),
    ] {
        words.extend([name.to_string(), number.to_string()]);
    }
    words.extend([
        "--device".to_string(),
        device_name(machine.device),
        "--dtype".to_string(),
        precision_name(machine.compute).to_string(),
    ]);
    if let Some(limit) = size.clip {
        words.extend(["--clip".to_string(), limit.to_string()]);
    }
    Ok(Contestant {
        name: format!("Nanocrab, {}", arithmetic.name()),
        program: std::env::current_exe()?,
        arguments: words.into_iter().map(Into::into).collect(),
        without: &[],
    })
}
// ANCHOR_END: beside

// ANCHOR: shape
impl Shape {
    fn size(&self, accumulation: usize, clip: Option<f64>) -> Result<Size> {
        let width = self.width.unwrap_or(64 * self.depth);
        ensure!(
            self.head_width > 0 && width % self.head_width == 0,
            "--width {width} is not a multiple of --head-width {}",
            self.head_width
        );
        ensure!(self.rows > 0, "--rows {}; it must be at least 1", self.rows);
        let heads = width / self.head_width;
        let (rope_base, switches) = match self.model {
            Year::October2025 => (10_000.0, Switches::default()),
            Year::July2026 => (100_000.0, Switches::july_2026()),
        };
        let config = Config {
            layers: self.depth,
            heads,
            kv_heads: heads,
            width,
            rope_base,
            switches,
            // Softcap and epsilon.
            ..Config::d(4, self.vocab, self.time)?
        };
        let size = Size {
            config,
            rows: self.rows,
            accumulation,
            clip,
        };
        size.check()?;
        ensure!(
            self.rounds > 0,
            "--rounds {}; it must be at least 1",
            self.rounds
        );
        Ok(size)
    }

    fn machine(&self) -> Result<Machine> {
        Ok(tensors::start(&tensors::Choice {
            device: self.device.clone(),
            dtype: self.dtype.clone(),
            threads: self.threads,
        })?)
    }
}

impl Step {
    /// What is asked for twice over, or of somebody who cannot do it.
    fn check(&self) -> Result<()> {
        ensure!(
            !self.fp8 || self.python.is_none(),
            "the PyTorch script has no fp8: leave out --fp8 or --python"
        );
        ensure!(
            !self.fp8 || self.kernels.contains(&Whose::Fused),
            "--fp8 is a matter of the fused step: ask for --kernels fused"
        );
        Ok(())
    }

    /// Each once, fused first.
    fn arithmetics(&self) -> Vec<Arithmetic> {
        Arithmetic::sorted(self.kernels.iter().map(|whose| match whose {
            Whose::Plain => Arithmetic::Plain,
            Whose::Fused => Arithmetic::Fused,
        }))
    }
}
// ANCHOR_END: shape

// ANCHOR: head
//! Our step beside PyTorch's: two programs, each a process of its own, in turns.
//!
//! `benches/torch_step.py` is the same step in plain PyTorch. It runs eagerly and under torch.compile, we run fused; every
//! turn is a process that takes a few steps and prints one line of JSON with their median. Nobody runs beside anybody.
//! What a process spends on starting and compiling is outside the steps that it times.

use std::ffi::OsString;
use std::fmt::Write;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use comfy_table::{CellAlignment, Table, presets::UTF8_FULL_CONDENSED};
use serde_json::Value;
use transformer::Config;

use super::Error;
use super::turns::{Spread, Turns};
use super::workload::Size;

const SCRIPT: &str = include_str!("../../benches/torch_step.py");
// ANCHOR_END: head

// ANCHOR: contestants
/// A program that prints one line of JSON with `step_ms` and `tokens_per_second`.
#[derive(Debug, Clone)]
pub struct Contestant {
    /// What it is called in the table.
    pub name: String,
    /// What is started, a path or a name to be looked for.
    pub program: PathBuf,
    /// What stands behind it.
    pub arguments: Vec<OsString>,
    /// Variables of our own environment that it is not given.
    pub without: &'static [&'static str],
}

/// What our programs get from `.cargo/config.toml` and a Python of somebody else's does not: it runs as its users run it.
pub const OURS_ALONE: &[&str] = &["OMP_WAIT_POLICY"];

/// The arguments of the script that name this size.
///
/// # Errors
/// What the script does not know: anything but the seed architecture, or several passes per step.
pub fn script_arguments(size: &Size, steps: usize, threads: usize) -> Result<Vec<String>, Error> {
    let Size {
        config,
        rows,
        accumulation,
        clip,
    } = size;
    let Config {
        layers,
        width,
        heads,
        kv_heads,
        vocab_size,
        context,
        ..
    } = config;
    if !config.switches.all_off() || *accumulation != 1 || heads != kv_heads {
        return Err(Error::Other {
            who: "the PyTorch script".to_string(),
            what: "it knows the seed architecture with one pass per step; leave out --model and --accumulation"
                .to_string(),
        });
    }
    let mut words: Vec<String> = [
        ("--depth", *layers),
        ("--width", *width),
        ("--heads", *heads),
        ("--vocab", *vocab_size),
        ("--time", *context),
        ("--rows", *rows),
        ("--steps", steps as i64),
        ("--threads", threads as i64),
    ]
    .into_iter()
    .flat_map(|(name, number)| [name.to_string(), number.to_string()])
    .collect();
    if let Some(limit) = clip {
        words.extend(["--clip".to_string(), limit.to_string()]);
    }
    Ok(words)
}

/// The script in a file that Python can read; it goes when this is dropped.
pub struct Script(tempfile::NamedTempFile);

impl Script {
    /// # Errors
    /// No room, or no folder for temporary files.
    pub fn new() -> Result<Script, Error> {
        let write = || {
            let mut file = tempfile::Builder::new().suffix(".py").tempfile()?;
            file.write_all(SCRIPT.as_bytes())?;
            file.flush()?;
            Ok(file)
        };
        write().map(Script).map_err(Error::Script)
    }

    /// Where Python finds it, for as long as this lives.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}
// ANCHOR_END: contestants

// ANCHOR: race
/// What everybody said, in all rounds.
#[derive(Debug, Clone, PartialEq)]
pub struct Race {
    /// In the order in which they ran.
    pub names: Vec<String>,
    /// `said[contestant][round]`
    pub said: Vec<Vec<Value>>,
    turns: Turns,
}

/// Runs everybody in turns; no uncounted round, since every process warms up by itself. `say` hears each turn.
///
/// # Errors
/// A program that cannot be started, fails, or prints something else, with its last words.
pub fn race(
    contestants: &[Contestant],
    rounds: usize,
    say: &mut dyn FnMut(&str),
) -> Result<Race, Error> {
    let mut said = vec![Vec::new(); contestants.len()];
    let mut seconds = vec![Vec::new(); contestants.len()];
    for _ in 0..rounds {
        for (index, contestant) in contestants.iter().enumerate() {
            let answer = run(contestant)?;
            let Some(step) = answer["step_ms"].as_f64() else {
                return Err(Error::Other {
                    who: contestant.name.clone(),
                    what: format!("its answer has no `step_ms`: {answer}"),
                });
            };
            say(&format!("{}: {step:.1} ms", contestant.name));
            seconds[index].push(step / 1e3);
            said[index].push(answer);
        }
    }
    Ok(Race {
        names: contestants
            .iter()
            .map(|contestant| contestant.name.clone())
            .collect(),
        said,
        turns: Turns::from_seconds(seconds),
    })
}

fn run(contestant: &Contestant) -> Result<Value, Error> {
    let mut command = Command::new(&contestant.program);
    for name in contestant.without {
        command.env_remove(name);
    }
    let output = command
        .args(&contestant.arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|source| Error::Start {
            program: contestant.program.clone(),
            remedy: "name a Python that has torch 2.11 with --python",
            source,
        })?;
    let fail = |what: String| {
        Err(Error::Other {
            who: contestant.name.clone(),
            what,
        })
    };
    let (text, complaint) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    if !output.status.success() {
        let last = complaint.trim_end().lines().last().unwrap_or("no message");
        return fail(format!("it ended with {}: {last}", output.status));
    }
    let last = text.trim_end().lines().last().unwrap_or_default();
    match serde_json::from_str(last) {
        Ok(answer) => Ok(answer),
        Err(error) => fail(format!("its last line `{last}` is no JSON: {error}")),
    }
}
// ANCHOR_END: race

// ANCHOR: show
const COLUMNS: [&str; 8] = [
    "program",
    "ms",
    "tokens/s",
    "GFLOP/s",
    "products alone",
    "page faults",
    "peak MiB",
    "the first is faster by",
];

impl Race {
    /// How many times as fast the first contestant is as another, round by round.
    pub fn first_over(&self, other: usize) -> Spread {
        self.turns.ratio(other, 0)
    }

    fn median(&self, who: usize, what: &str) -> f64 {
        Spread::of(self.said[who].iter().filter_map(|said| said[what].as_f64())).median
    }

    fn cells(&self, who: usize) -> [String; 8] {
        let number = |what: &str, digits: usize| format!("{:.digits$}", self.median(who, what));
        let ratio = match who {
            0 => "–".to_string(),
            _ => {
                let Spread {
                    least,
                    median,
                    most,
                } = self.first_over(who);
                format!("{median:.3} ({least:.3} to {most:.3})")
            }
        };
        [
            self.names[who].clone(),
            number("step_ms", 1),
            number("tokens_per_second", 0),
            number("gflops", 1),
            number("products_gflops", 1),
            number("faults_per_step", 0),
            number("peak_mib", 0),
            ratio,
        ]
    }

    /// A line per contestant, for the terminal.
    pub fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(UTF8_FULL_CONDENSED).set_header(COLUMNS);
        for who in 0..self.names.len() {
            table.add_row(self.cells(who));
        }
        for index in 1..COLUMNS.len() {
            if let Some(column) = table.column_mut(index) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table.to_string()
    }

    /// For the book.
    pub fn markdown(&self) -> String {
        let rule = "---:|".repeat(COLUMNS.len() - 1);
        let mut text = format!("| {} |\n|---|{rule}\n", COLUMNS.join(" | "));
        for who in 0..self.names.len() {
            let _ = writeln!(text, "| {} |", self.cells(who).join(" | "));
        }
        text
    }

    /// Every answer of every round, and the ratios.
    pub fn json(&self) -> Value {
        let contestants = self.names.iter().zip(&self.said).enumerate();
        let contestants: Vec<Value> = contestants
            .map(|(who, (name, said))| {
                let ratio = (who > 0).then(|| self.first_over(who).json());
                serde_json::json!({ "name": name, "first_over_this": ratio, "rounds": said })
            })
            .collect();
        serde_json::json!({ "programs": contestants })
    }

    /// `program,round,ms,tokens_per_second`
    pub fn csv(&self) -> String {
        let mut text = "program,round,ms,tokens_per_second\n".to_string();
        for (name, said) in self.names.iter().zip(&self.said) {
            for (round, said) in said.iter().enumerate() {
                let number = |what: &str| said[what].as_f64().unwrap_or(f64::NAN);
                let (step, tokens) = (number("step_ms"), number("tokens_per_second"));
                let _ = writeln!(text, "\"{name}\",{round},{step:.3},{tokens:.0}");
            }
        }
        text
    }
}
// ANCHOR_END: show

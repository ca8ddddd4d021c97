//! `cargo course doctor`: looks at everything the course needs and prints a table, then the command that mends
//! each failure.
//!
//! What only libtorch can tell (does it load, what does it see, how fast is it) comes from the demonstration of
//! chapter 00, run with `--json`: this tool is not linked to libtorch.

use crate::checks::{Job, is_built};
use crate::compiler;
use crate::libtorch::{Stamp, inspect};
use crate::platform::Flavour;
use crate::prerequisites::{self, at_least, first_line, pip};
use crate::surroundings::{memory_bytes, size};
use serde_json::Value;
use std::process::Stdio;

// ANCHOR: row
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    Good,
    /// Works, with something worth knowing.
    Note,
    /// Has to be mended, by this command or step.
    Bad(String),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub what: String,
    pub found: String,
    pub state: State,
}

fn row(what: &str, found: impl Into<String>, state: State) -> Row {
    Row {
        what: what.to_string(),
        found: found.into(),
        state,
    }
}

/// Building the workspace once takes this much room in `target/`; libtorch is counted by setup itself.
const DISK_NEEDED: u64 = 5_000_000_000;

/// Compiling the binding to libtorch is what needs the most memory.
const MEMORY_NEEDED: u64 = 4_000_000_000;
// ANCHOR_END: row

// ANCHOR: run
/// Prints the table; `true` when nothing has to be mended.
pub fn run(job: &Job) -> bool {
    let mut rows = vec![
        rust(job),
        from(prerequisites::compiler(job.surroundings), "C++17 compiler"),
        from(pip(job.surroundings), "Python and pip"),
    ];
    let libtorch = libtorch(job);
    let has_libtorch = libtorch.state == State::Good;
    rows.push(libtorch);
    rows.push(gpu(job));
    rows.extend(cuda_compiler(job));
    rows.extend(target_folder(job));
    rows.push(disk(job));
    rows.push(memory());
    // Compiling chapter 00 without a compiler or libtorch would only say again what the rows above say.
    if has_libtorch && rows.iter().all(|row| !matches!(row.state, State::Bad(_))) {
        rows.extend(chapter_00(job));
    } else {
        rows.push(row(
            "libtorch at work",
            "not tried before the rest is in order",
            State::Note,
        ));
    }
    println!("{}", table(&rows));
    let mends: Vec<String> = rows
        .iter()
        .filter_map(|row| {
            if let State::Bad(mend) = &row.state {
                Some(format!("  {}: {mend}", row.what))
            } else {
                None
            }
        })
        .collect();
    if mends.is_empty() {
        println!("\nAll is well.");
    } else {
        println!("\nTo mend:\n{}", mends.join("\n"));
    }
    mends.is_empty()
}

/// Three columns: the sign, what was looked at, what was found.
pub fn table(rows: &[Row]) -> String {
    let width = rows
        .iter()
        .map(|row| row.what.chars().count())
        .max()
        .unwrap_or(0);
    let line = |row: &Row| {
        let sign = match row.state {
            State::Good => "ok",
            State::Note => "--",
            State::Bad(_) => "!!",
        };
        format!("{sign}  {:<width$}  {}", row.what, row.found)
            .trim_end()
            .to_string()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}
// ANCHOR_END: run

// ANCHOR: rows
/// A prerequisite's own error says what is wrong and, after the last colon that a remedy follows, how to mend it.
fn from(result: Result<String, crate::Error>, what: &str) -> Row {
    match result {
        Ok(found) => row(what, found, State::Good),
        Err(error) => {
            let text = error.to_string();
            let (problem, mend) = text.split_once(": ").unwrap_or((&text, "see above"));
            row(what, problem, State::Bad(mend.to_string()))
        }
    }
}

fn rust(job: &Job) -> Row {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let said = job
        .surroundings
        .command(rustc)
        .arg("--version")
        .output()
        .map(|output| first_line(&output.stdout))
        .unwrap_or_default();
    let found = said.split_whitespace().nth(1).unwrap_or("none").to_string();
    let wanted = job.project.rust_version().unwrap_or_default();
    let parts: Vec<u32> = wanted
        .split('.')
        .filter_map(|part| part.parse().ok())
        .collect();
    let state = if at_least(&found, &parts) {
        State::Good
    } else {
        State::Bad("`rustup update stable`".into())
    };
    row("Rust", format!("{found} (needs {wanted} or newer)"), state)
}

fn libtorch(job: &Job) -> Row {
    const WHAT: &str = "libtorch";
    let setup = "`cargo course setup`";
    let wanted = &job.pins.libtorch;
    if let Some(own) = &job.surroundings.own_libtorch {
        let remedy =
            format!("set LIBTORCH to a libtorch {wanted}, or `unset LIBTORCH`, then {setup}");
        return match inspect(own, wanted, &remedy) {
            Ok(_) => row(
                WHAT,
                format!("LIBTORCH={} is not linked yet", own.display()),
                State::Bad(setup.into()),
            ),
            Err(error) => row(WHAT, error.to_string(), State::Bad(remedy)),
        };
    }
    let folder = job.project.libtorch();
    if !folder.exists() {
        return row(WHAT, "not there", State::Bad(setup.into()));
    }
    let again = format!("`rm -r .libtorch`, then {setup}");
    let found = match inspect(&folder, wanted, &again) {
        Ok(found) => found,
        Err(error) => return row(WHAT, error.to_string(), State::Bad(again)),
    };
    let stamp = Stamp::read(&folder);
    if let Some(damage) = stamp.as_ref().and_then(|stamp| stamp.damage(&folder)) {
        return row(WHAT, damage, State::Bad(setup.into()));
    }
    let origin = match (folder.read_link(), stamp) {
        (Ok(own), _) => format!("your own, {}", own.display()),
        (Err(_), Some(stamp)) if !stamp.wheels.is_empty() => "from its wheel".to_string(),
        (Err(_), _) => "made by hand".to_string(),
    };
    row(
        WHAT,
        format!("{}, {} flavour, {origin}", found.version, found.flavour),
        State::Good,
    )
}

fn gpu(job: &Job) -> Row {
    const WHAT: &str = "NVIDIA GPU";
    let folder = job.project.libtorch();
    let flavour = inspect(&folder, &job.pins.libtorch, "").map(|found| found.flavour);
    match (&job.surroundings.gpu, flavour) {
        (None, _) => row(
            WHAT,
            "none (no /dev/nvidia0, and no GPU in the list of nvidia-smi)",
            State::Note,
        ),
        (Some(gpu), Ok(Flavour::Cpu)) => row(
            WHAT,
            format!("{gpu}, but libtorch is the CPU flavour"),
            State::Bad("`cargo course setup --cuda`".into()),
        ),
        (Some(gpu), _) => row(WHAT, gpu.clone(), State::Good),
    }
}

/// The compiler of CUDA kernels, where there can be one: needed with a GPU, and optional without.
fn cuda_compiler(job: &Job) -> Option<Row> {
    const WHAT: &str = "CUDA kernels";
    let pinned = job.pins.wheels(&job.surroundings.platform).ok()?;
    if pinned.compiler().is_empty() {
        return None;
    }
    let folder = job.project.libtorch();
    let bytes = size(pinned.unpacked_compiler);
    let Some(part) = compiler::missing(&folder) else {
        let found = "NVRTC and its headers are there to compile them";
        return Some(row(WHAT, found, State::Good));
    };
    let (found, mend) = if folder.is_symlink() {
        // Setup adds nothing to a libtorch that is the user's own.
        let found = format!("{part} is missing in your own libtorch");
        (found, "let CUDA_HOME name a CUDA 13 toolkit".to_string())
    } else {
        let found = format!("{part} is missing, which compiles them ({bytes})");
        (found, "`cargo course setup`".to_string())
    };
    Some(match &job.surroundings.gpu {
        Some(_) => row(WHAT, found, State::Bad(mend)),
        None => row(
            WHAT,
            format!("{found}; without a GPU only their tests want it: {mend}"),
            State::Note,
        ),
    })
}

/// A row only where programs do not find libtorch by themselves.
fn target_folder(job: &Job) -> Option<Row> {
    let (name, _) = job.project.search_path()?;
    let found = format!(
        "{}, away from .libtorch: `./speedrun.sh` and `cargo course` know, by hand set {name}={}",
        job.project.target_folder().display(),
        job.project.libtorch().join("lib").display()
    );
    Some(row("target folder", found, State::Note))
}

fn disk(job: &Job) -> Row {
    let folder = &job.project.root;
    match (job.surroundings.free_bytes)(folder) {
        Ok(free) if free < DISK_NEEDED && !is_built(job.project, "nanocrab") => {
            let mend = format!(
                "free some space below {}: a build takes up to {}",
                folder.display(),
                size(DISK_NEEDED)
            );
            row("disk", format!("{} free", size(free)), State::Bad(mend))
        }
        Ok(free) => row("disk", format!("{} free", size(free)), State::Good),
        Err(error) => row("disk", format!("cannot be asked: {error}"), State::Note),
    }
}

fn memory() -> Row {
    match memory_bytes() {
        Some(bytes) if bytes < MEMORY_NEEDED => row(
            "memory",
            format!(
                "{}; build with `cargo build -j 1` if the compiler is killed",
                size(bytes)
            ),
            State::Note,
        ),
        Some(bytes) => row("memory", size(bytes), State::Good),
        None => row("memory", "cannot be asked", State::Note),
    }
}
// ANCHOR_END: rows

// ANCHOR: chapter-00
/// Compiles and runs chapter 00, and makes a row of each thing that it measured.
fn chapter_00(job: &Job) -> Vec<Row> {
    const WHAT: &str = "libtorch at work";
    if !is_built(job.project, "tensors") {
        eprintln!(
            "compiling chapter 00 and the binding to libtorch: one to two minutes on two cores, once"
        );
    }
    let mend = "`cargo run --bin tensors` shows the whole message".to_string();
    // What cargo prints while it compiles goes to the terminal.
    let output = job
        .project
        .cargo()
        .args(["run", "--quiet", "--bin", "tensors", "--", "--json"])
        .stderr(Stdio::inherit())
        .output();
    let output = match output {
        Ok(output) if output.status.success() => output,
        Ok(output) => {
            return vec![row(
                WHAT,
                format!("chapter 00 ended with {}", output.status),
                State::Bad(mend),
            )];
        }
        Err(error) => return vec![row(WHAT, error.to_string(), State::Bad(mend))],
    };
    match serde_json::from_slice::<Value>(&output.stdout) {
        Ok(measured) => rows_of(&measured),
        Err(error) => vec![row(
            WHAT,
            format!("chapter 00 printed something else than JSON ({error})"),
            State::Bad(mend),
        )],
    }
}
// ANCHOR_END: chapter-00

// ANCHOR: measured
/// The rows of chapter 00's own table: `{"rows": [{"what", "value", "remedy"}], …}`.
fn rows_of(measured: &Value) -> Vec<Row> {
    let rows = measured["rows"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    rows.iter()
        .map(|measured| {
            let state = match &measured["remedy"] {
                Value::String(remedy) => State::Bad(remedy.clone()),
                _ => State::Good,
            };
            // `libtorch` is a row of the table above already; this is what the library says of itself.
            let what = text(&measured["what"]);
            let what = if what == "libtorch" {
                "libtorch loaded".to_string()
            } else {
                what
            };
            row(&what, text(&measured["value"]), state)
        })
        .collect()
}
// ANCHOR_END: measured

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_rows_of_chapter_00_join_the_table_with_their_remedies() {
        let measured = json!({ "rows": [
            { "what": "gemm", "value": "75.2 GFLOP/s", "remedy": null },
            { "what": "CUDA", "value": "not usable: the driver is too old", "remedy": "renew the driver" },
        ], "gemm_gflops": 75.2 });
        let rows = rows_of(&measured);
        assert_eq!(rows[1].state, State::Bad("renew the driver".into()));
        assert_eq!(
            table(&rows),
            "ok  gemm  75.2 GFLOP/s\n!!  CUDA  not usable: the driver is too old"
        );
    }

    #[test]
    fn an_error_is_split_into_what_is_wrong_and_what_mends_it() {
        let error = crate::Error::NoPip {
            remedy: "`sudo apt-get install -y python3-pip`".into(),
        };
        let found = from(Err(error), "Python and pip");
        assert_eq!(
            found.state,
            State::Bad("`sudo apt-get install -y python3-pip`".into())
        );
        assert!(found.found.starts_with("python3 has no pip"), "{found:?}");
    }
}

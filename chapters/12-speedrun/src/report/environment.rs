// ANCHOR: head
//! Where and when a run was made, with what code, and what it would have cost.

use crate::arithmetic::{Plan, grouped, model_config};
use crate::run::Run;
use anyhow::Result;
use hopper::attention::backend::report;
use std::fmt::Write;
use std::path::Path;
// ANCHOR_END: head

// ANCHOR: header
pub(super) fn header(run: &Run, text: &mut String) -> Result<()> {
    let plan = Plan::of(&run.recipe)?;
    writeln!(text, "# Nanocrab report: {}\n", run.recipe.name)?;
    writeln!(text, "{}\n", run.recipe.about)?;
    writeln!(text, "| | |\n|---|---|")?;
    writeln!(
        text,
        "| date | {} |",
        chrono::Local::now().format("%Y-%m-%d %H:%M")
    )?;
    writeln!(text, "| commit | {} |", commit())?;
    let device = match run.machine.device {
        tch::Device::Cpu => format!("CPU, {} threads{}", run.machine.threads, processor()),
        other => format!("{other:?}"),
    };
    let precision = match run.machine.compute {
        tch::Kind::BFloat16 => "bf16",
        _ => "fp32",
    };
    writeln!(text, "| device | {device}, {precision} |")?;
    let config = model_config(&run.recipe.model, run.recipe.tokenizer.vocab_size)?;
    let attention = report(&config, run.machine.compute, run.machine.device)?;
    writeln!(text, "| attention | {attention} |")?;
    let origin = if run.peak_is_measured {
        "measured matrix-product speed"
    } else {
        "peak named by the recipe"
    };
    writeln!(text, "| {origin} | {:.1} GFLOP/s |", run.peak_flops / 1e9)?;
    let model = &run.recipe.model;
    writeln!(
        text,
        "| model | {} parameters: {} layers, width {}, {} heads ({} for keys and values), context {} |",
        grouped(plan.parameters),
        model.layers,
        model.width,
        model.heads,
        model.kv_heads,
        model.context
    )?;
    if let Some(code) = code_size() {
        writeln!(
            text,
            "| code | {} lines, {} characters in {} Rust files of the chapters, about {} tokens; {} packages in Cargo.lock |",
            grouped(code.lines),
            grouped(code.characters),
            grouped(code.files),
            grouped(code.characters / 4),
            grouped(code.packages)
        )?;
    }
    Ok(writeln!(text)?)
}

/// The commit of the working tree, where git can tell.
pub fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = std::process::Command::new("git")
            .args(arguments)
            .output()
            .ok()?;
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).trim().to_string())
    };
    match (
        git(&["rev-parse", "--short", "HEAD"]),
        git(&["status", "--porcelain"]),
    ) {
        (Some(commit), Some(changes)) if changes.is_empty() => commit,
        (Some(commit), _) => format!("{commit}, with uncommitted changes"),
        _ => "unknown".into(),
    }
}

/// The processor's name, where Linux can tell.
pub fn processor() -> String {
    let name = std::fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            text.lines()
                .find(|line| line.starts_with("model name"))
                .and_then(|line| line.split_once(':'))
                .map(|(_, name)| name.trim().to_string())
        });
    name.map(|name| format!(", {name}")).unwrap_or_default()
}
// ANCHOR_END: header

// ANCHOR: code
/// How much code made the run: the chapters' sources, without tests and examples.
struct CodeSize {
    files: u64,
    lines: u64,
    characters: u64,
    /// What it stands on.
    packages: u64,
}

/// `None` where the program runs without its sources.
fn code_size() -> Option<CodeSize> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?.parent()?;
    let lock = std::fs::read_to_string(root.join("Cargo.lock")).ok()?;
    let mut size = CodeSize {
        files: 0,
        lines: 0,
        characters: 0,
        packages: lock.matches("[[package]]").count() as u64,
    };
    for chapter in std::fs::read_dir(root.join("chapters")).ok()?.flatten() {
        count(&chapter.path().join("src"), &mut size);
    }
    (size.files > 0).then_some(size)
}

fn count(folder: &Path, size: &mut CodeSize) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            count(&path, size);
        } else if path.extension().is_some_and(|ending| ending == "rs")
            && let Ok(text) = std::fs::read_to_string(&path)
        {
            size.files += 1;
            size.lines += text.lines().count() as u64;
            size.characters += text.chars().count() as u64;
        }
    }
}
// ANCHOR_END: code

// ANCHOR: cost
/// What the stages took, and what the recipe's hardware costs in that time.
pub(super) fn cost(run: &Run, seconds: f64, text: &mut String) -> Result<()> {
    let minutes = seconds / 60.0;
    write!(text, "All stages together: **{minutes:.1} minutes**")?;
    match run.recipe.hardware.dollars_per_hour {
        Some(dollars) => writeln!(
            text,
            ", ${:.2} at ${dollars:.2} an hour for {}.\n",
            dollars * seconds / 3600.0,
            run.recipe.hardware.name
        )?,
        None => writeln!(text, ".\n")?,
    }
    Ok(())
}
// ANCHOR_END: cost

// ANCHOR: head
//! When a run was made, with what code, on what, and what its model is.

use super::{code_size, cost, machine};
use crate::arithmetic::{Plan, grouped, model_config};
use crate::run::Run;
use anyhow::Result;
use hopper::attention::backend::report;
use std::fmt::Write;
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
    machine::machine(run, text)?;
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
    cost::estimate(&run.recipe, text)?;
    if let Some(row) = code_size::row() {
        writeln!(text, "{row}")?;
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
// ANCHOR_END: header

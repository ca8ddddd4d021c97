//! `report.md`: what a run did and how well, with its curves.

use crate::arithmetic::{Plan, grouped};
use crate::curve::{Series, draw};
use crate::run::Run;
use crate::stages::base::BaseNote;
use crate::stages::data::DataNote;
use crate::stages::fine_tuning::SftNote;
use crate::stages::quiz::QuizNote;
use crate::stages::vocabulary::TokenizerNote;
use anyhow::Result;
use serde_json::Value;
use std::fmt::Write;

// ANCHOR: write
/// Writes the report from the notes and the log. A stage that has not run is said to be missing.
pub fn write(run: &Run) -> Result<()> {
    let events = if run.folder.metrics().exists() {
        pretrain::read_metrics(&run.folder.metrics())?
    } else {
        Vec::new()
    };
    let mut text = String::new();
    header(run, &mut text)?;
    stages(run, &mut text)?;
    curves(run, &events, &mut text)?;
    samples(&events, &mut text)?;
    if let Some(quiz) = run.folder.read_note::<QuizNote>("quiz")? {
        quiz_section(&quiz, &mut text)?;
    }
    crate::run_folder::write_whole(&run.folder.report(), &text)?;
    run.say("report", &format!("{}", run.folder.report().display()));
    Ok(())
}
// ANCHOR_END: write

// ANCHOR: header
fn header(run: &Run, text: &mut String) -> Result<()> {
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
    Ok(writeln!(text)?)
}

/// The commit of the working tree, where git can tell.
fn commit() -> String {
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
fn processor() -> String {
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

// ANCHOR: stages
fn stages(run: &Run, text: &mut String) -> Result<()> {
    writeln!(
        text,
        "## Stages\n\n| stage | seconds | result |\n|---|---:|---|"
    )?;
    let mut row = |stage: &str, found: Option<(f64, String)>| match found {
        Some((seconds, result)) => writeln!(text, "| {stage} | {seconds:.1} | {result} |"),
        None => writeln!(text, "| {stage} | – | not run |"),
    };
    row(
        "data",
        run.folder
            .read_note::<DataNote>("data")?
            .map(|n| (n.seconds, n.about)),
    )?;
    row(
        "tokenizer",
        run.folder
            .read_note::<TokenizerNote>("tokenizer")?
            .map(|n| {
                (
                    n.seconds,
                    format!(
                        "{} tokens, {:.2} bytes per token",
                        n.vocab_size, n.bytes_per_token
                    ),
                )
            }),
    )?;
    row(
        "train",
        run.folder.read_note::<BaseNote>("base")?.map(|n| {
            let result = format!(
                "**{:.4} bits per byte** after {} tokens in {} steps, {:.0} tokens/s; a Kneser–Ney trigram of the same tokens has {:.4}",
                n.bits_per_byte,
                grouped(n.tokens),
                grouped(n.steps),
                n.tokens as f64 / n.seconds,
                n.trigram_bits_per_byte
            );
            (n.seconds, result)
        }),
    )?;
    row(
        "sft",
        run.folder.read_note::<SftNote>("sft")?.map(|n| {
            (
                n.seconds,
                format!(
                    "loss {:.4} on held-out conversations, {} steps",
                    n.validation_loss, n.steps
                ),
            )
        }),
    )?;
    if let Some(n) = run.folder.read_note::<QuizNote>("quiz")? {
        let (low, high) = n.interval();
        let result = format!(
            "**{:.1} %** [{:.1}, {:.1}] of {} held-out questions answered in chat; always the commonest value: {:.1} %",
            100.0 * n.rate(),
            100.0 * low,
            100.0 * high,
            n.asked,
            100.0 * n.rate_by_commonest()
        );
        row("quiz", Some((n.seconds, result)))?;
    } else {
        row("quiz", None)?;
    }
    Ok(writeln!(text)?)
}
// ANCHOR_END: stages

// ANCHOR: curves
/// The points (step, value) of one field of one stage.
fn points(events: &[Value], stage: &str, field: &str) -> Vec<(f64, f64)> {
    events
        .iter()
        .filter(|event| event["stage"] == stage)
        .filter_map(|event| Some((event["step"].as_f64()?, event[field].as_f64()?)))
        .collect()
}

fn curves(run: &Run, events: &[Value], text: &mut String) -> Result<()> {
    writeln!(text, "## Curves\n")?;
    for (stage, title) in [("base", "Pretraining"), ("sft", "Fine-tuning")] {
        let loss = points(events, stage, "loss");
        if loss.len() < 2 {
            continue;
        }
        let name = format!("figures/{stage}-loss.svg");
        let series = [Series {
            label: format!("{title}: training loss"),
            points: loss,
        }];
        draw(
            &run.folder.root().join(&name),
            "step",
            "nats per token",
            &series,
        )?;
        writeln!(
            text,
            "![{title}: training loss, nats per token, over steps]({name})\n"
        )?;
    }
    let bits = points(events, "base", "bits_per_byte");
    if bits.len() >= 2 {
        let trigram = run
            .folder
            .read_note::<BaseNote>("base")?
            .map(|note| note.trigram_bits_per_byte);
        let ends = (bits[0].0, bits[bits.len() - 1].0);
        let mut series = vec![Series {
            label: "the model".into(),
            points: bits,
        }];
        if let Some(trigram) = trigram {
            series.push(Series {
                label: "Kneser–Ney trigram".into(),
                points: vec![(ends.0, trigram), (ends.1, trigram)],
            });
        }
        draw(
            &run.folder.root().join("figures/bits-per-byte.svg"),
            "step",
            "bits per byte",
            &series,
        )?;
        writeln!(
            text,
            "![Bits per byte on validation text, over steps](figures/bits-per-byte.svg)\n"
        )?;
    }
    Ok(())
}
// ANCHOR_END: curves

// ANCHOR: samples
/// The continuations of the first and the last evaluation of pretraining, side by side.
fn samples(events: &[Value], text: &mut String) -> Result<()> {
    let evaluated: Vec<&Value> = events
        .iter()
        .filter(|event| {
            event["stage"] == "base"
                && event["samples"]
                    .as_array()
                    .is_some_and(|list| !list.is_empty())
        })
        .collect();
    let (Some(first), Some(last)) = (evaluated.first(), evaluated.last()) else {
        return Ok(());
    };
    writeln!(
        text,
        "## Samples of the base model\n\n| step | beginning | continuation |\n|---:|---|---|"
    )?;
    let mut shown = vec![*first];
    if first["step"] != last["step"] {
        shown.push(*last);
    }
    for event in shown {
        for sample in event["samples"].as_array().into_iter().flatten() {
            let cell = |key: &str| {
                sample[key]
                    .as_str()
                    .unwrap_or("")
                    .replace('\n', " ⏎ ")
                    .replace('|', "\\|")
            };
            writeln!(
                text,
                "| {} | {} | {} |",
                event["step"],
                cell("prompt"),
                cell("text")
            )?;
        }
    }
    Ok(writeln!(text)?)
}

fn quiz_section(quiz: &QuizNote, text: &mut String) -> Result<()> {
    writeln!(
        text,
        "## Quiz\n\n| attribute | asked | right |\n|---|---:|---:|"
    )?;
    for (attribute, (asked, right)) in &quiz.by_attribute {
        writeln!(text, "| {attribute} | {asked} | {right} |")?;
    }
    writeln!(
        text,
        "\n| question | expected | reply | |\n|---|---|---|---|"
    )?;
    for (question, expected, reply, right) in &quiz.examples {
        let reply = reply.replace('\n', " ⏎ ").replace('|', "\\|");
        writeln!(
            text,
            "| {question} | {expected} | {reply} | {} |",
            if *right { "✓" } else { "✗" }
        )?;
    }
    Ok(writeln!(text)?)
}
// ANCHOR_END: samples

// ANCHOR: head
//! Texts to look at: numbers alone have fooled many.

use crate::stages::examination::ExamNote;
use crate::stages::quiz::QuizNote;
use anyhow::Result;
use serde_json::Value;
use std::fmt::Write;
// ANCHOR_END: head

// ANCHOR: samples
/// The continuations of the first and the last evaluation of pretraining, side by side.
pub(super) fn samples(events: &[Value], text: &mut String) -> Result<()> {
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

pub(super) fn quiz(quiz: &QuizNote, text: &mut String) -> Result<()> {
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

// ANCHOR: answers
/// The first answers of each written task.
pub(super) fn answers(note: &ExamNote, stage: &str, text: &mut String) -> Result<()> {
    if note.examples.is_empty() {
        return Ok(());
    }
    writeln!(
        text,
        "## Answers of the model after `{stage}`\n\n| task | question | answer | |\n|---|---|---|---|"
    )?;
    let cell = |text: &str| text.replace('\n', " ⏎ ").replace('|', "\\|");
    for (task, question, answer, right) in &note.examples {
        writeln!(
            text,
            "| {task} | {} | {} | {} |",
            cell(question),
            cell(answer),
            if *right { "✓" } else { "✗" }
        )?;
    }
    Ok(writeln!(text)?)
}
// ANCHOR_END: answers

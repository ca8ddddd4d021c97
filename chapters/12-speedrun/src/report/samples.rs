// ANCHOR: head
//! Texts to look at: numbers alone have fooled many.

use crate::stages::examination::ExamNote;
use crate::stages::quiz::QuizNote;
use anyhow::Result;
use serde_json::Value;
use std::fmt::Write;
// ANCHOR_END: head

// ANCHOR: verbatim
/// A text as a cell of a table, with nothing in it that Markdown would act upon: a model may write `![x](/etc/passwd)`, and a
/// page that is made from the report must show that, not the file.
pub(super) fn verbatim(text: &str) -> String {
    let mut cell = String::new();
    for letter in text.chars() {
        match letter {
            '\n' => cell.push_str(" ⏎ "),
            letter if letter.is_ascii_punctuation() => cell.extend(['\\', letter]),
            letter => cell.push(letter),
        }
    }
    cell
}
// ANCHOR_END: verbatim

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
            let cell = |key: &str| verbatim(sample[key].as_str().unwrap_or(""));
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
        let reply = verbatim(reply);
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
    for (task, question, answer, right) in &note.examples {
        writeln!(
            text,
            "| {task} | {} | {} | {} |",
            verbatim(question),
            verbatim(answer),
            if *right { "✓" } else { "✗" }
        )?;
    }
    Ok(writeln!(text)?)
}
// ANCHOR_END: answers

// ANCHOR: tests
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_models_text_is_not_markup() {
        assert_eq!(verbatim("a|b\n![x](y)"), "a\\|b ⏎ \\!\\[x\\]\\(y\\)");
    }
}
// ANCHOR_END: tests

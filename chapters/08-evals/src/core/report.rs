// ANCHOR: head
//! Scores on paper: an aligned table for people, CSV for programs.

use comfy_table::{CellAlignment, Table, presets::UTF8_FULL_CONDENSED};

use super::{CoreScore, TaskScore};
use crate::interval::{Interval, centred};
// ANCHOR_END: head

// ANCHOR: table
/// One line per task and one for CORE. Accuracies in per cent; centred scores as fractions, as they are published.
pub fn table(score: &CoreScore) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header([
        "task",
        "kind",
        "shots",
        "n",
        "accuracy %",
        "baseline",
        "centred",
        "95 % interval",
    ]);
    for task in &score.tasks {
        table.add_row([
            task.label.clone(),
            task.kind.name().to_owned(),
            task.shots.to_string(),
            task.correct.len().to_string(),
            format!("{:.1}", 100.0 * task.accuracy()),
            format!("{:.1}", 100.0 * task.baseline),
            format!("{:+.4}", task.centred()),
            bounds(centred_interval(task)),
        ]);
    }
    let asked: usize = score.tasks.iter().map(|task| task.correct.len()).sum();
    table.add_row([
        "CORE".to_owned(),
        format!("mean of {}", score.tasks.len()),
        String::new(),
        asked.to_string(),
        String::new(),
        String::new(),
        format!("{:+.4}", score.core),
        bounds(score.interval),
    ]);
    for column in 2..8 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = table.to_string();
    if !score.missing.is_empty() {
        text += &format!(
            "\nNot asked, because their files are missing: {}. The mean over the others is not comparable with a full CORE.",
            score.missing.join(", ")
        );
    }
    let cropped: usize = score.tasks.iter().map(|task| task.cropped).sum();
    if cropped > 0 {
        text += &format!(
            "\n{cropped} of {asked} questions were longer than the context and lost their beginning."
        );
    }
    text
}

fn bounds(interval: Interval) -> String {
    format!("{:+.3} … {:+.3}", interval.low, interval.high)
}

/// The interval of the centred score; centring is a straight line, so it moves the ends along.
fn centred_interval(task: &TaskScore) -> Interval {
    Interval {
        low: centred(task.interval.low, task.baseline),
        high: centred(task.interval.high, task.baseline),
    }
}
// ANCHOR_END: table

// ANCHOR: csv
/// The same as CSV, with all digits. The last line is CORE's; its accuracy and baseline are empty.
pub fn csv(score: &CoreScore) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut write = |fields: [String; 10]| {
        writer
            .write_record(fields)
            .expect("every line has ten fields, and memory takes them all");
    };
    write(
        [
            "task",
            "kind",
            "shots",
            "examples",
            "cropped",
            "accuracy",
            "baseline",
            "centered",
            "centered_low",
            "centered_high",
        ]
        .map(String::from),
    );
    for task in &score.tasks {
        let interval = centred_interval(task);
        write([
            task.label.clone(),
            task.kind.name().to_owned(),
            task.shots.to_string(),
            task.correct.len().to_string(),
            task.cropped.to_string(),
            task.accuracy().to_string(),
            task.baseline.to_string(),
            task.centred().to_string(),
            interval.low.to_string(),
            interval.high.to_string(),
        ]);
    }
    let sum =
        |number: fn(&TaskScore) -> usize| score.tasks.iter().map(number).sum::<usize>().to_string();
    write([
        "CORE".to_owned(),
        String::new(),
        String::new(),
        sum(|task| task.correct.len()),
        sum(|task| task.cropped),
        String::new(),
        String::new(),
        score.core.to_string(),
        score.interval.low.to_string(),
        score.interval.high.to_string(),
    ]);
    let bytes = writer.into_inner().expect("memory takes them all");
    String::from_utf8(bytes).expect("only text was written")
}
// ANCHOR_END: csv

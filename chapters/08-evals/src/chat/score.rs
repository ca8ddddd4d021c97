// ANCHOR: head
//! The result of a chat task, and of all of them together.

use comfy_table::{CellAlignment, Table, presets::UTF8_FULL_CONDENSED};

use crate::interval::{Bootstrap, Interval, centred, percentiles, wilson};
// ANCHOR_END: head

// ANCHOR: score
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Letter,
    Continuation,
    Writing,
}

impl Method {
    pub fn name(self) -> &'static str {
        match self {
            Method::Letter => "letter",
            Method::Continuation => "continuation",
            Method::Writing => "writing",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToolUse {
    /// Questions in whose answer the tool was called and gave a result.
    pub called: usize,
    /// Of these, the ones that were answered right.
    pub called_and_correct: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ChatScore {
    pub task: String,
    pub method: Method,
    /// One per question asked.
    pub correct: Vec<bool>,
    /// Questions that did not fit the model's context. They count as wrong.
    pub too_long: usize,
    /// Where the model wrote.
    pub tool: Option<ToolUse>,
}

impl ChatScore {
    pub(super) fn new(task: &str, method: Method, total: usize) -> ChatScore {
        ChatScore {
            task: task.to_owned(),
            method,
            correct: vec![false; total],
            too_long: 0,
            tool: None,
        }
    }

    pub fn total(&self) -> usize {
        self.correct.len()
    }

    pub fn right(&self) -> usize {
        self.correct.iter().filter(|&&correct| correct).count()
    }

    pub fn accuracy(&self) -> f64 {
        self.right() as f64 / self.total().max(1) as f64
    }

    /// 95 %, Wilson's.
    pub fn interval(&self) -> Interval {
        wilson(self.right(), self.total())
    }

    /// What guessing gives. A quarter for choices, also where a question of ARC has three or five of them.
    pub fn baseline(&self) -> f64 {
        match self.method {
            Method::Letter | Method::Continuation => 0.25,
            Method::Writing => 0.0,
        }
    }

    pub fn centred(&self) -> f64 {
        centred(self.accuracy(), self.baseline())
    }

    /// The share of the questions in whose answer the tool gave a result.
    pub fn tool_share(&self) -> Option<f64> {
        let tool = self.tool?;
        Some(tool.called as f64 / self.total().max(1) as f64)
    }
}
// ANCHOR_END: score

// ANCHOR: chat-core
/// The mean of the centred accuracies, and its 95 % bootstrap interval. `None` for nothing.
pub fn chat_core(scores: &[ChatScore], bootstrap: &Bootstrap) -> Option<(f64, Interval)> {
    if scores.is_empty() {
        return None;
    }
    let mut resampled = vec![0.0; bootstrap.resamples];
    for (number, score) in scores.iter().enumerate() {
        let accuracies = bootstrap.accuracies(&score.correct, number);
        for (sum, accuracy) in resampled.iter_mut().zip(accuracies) {
            *sum += centred(accuracy, score.baseline()) / scores.len() as f64;
        }
    }
    let mean = scores.iter().map(ChatScore::centred).sum::<f64>() / scores.len() as f64;
    Some((mean, percentiles(resampled)))
}
// ANCHOR_END: chat-core

// ANCHOR: table
/// One line per task, and ChatCORE.
pub fn table(scores: &[ChatScore], bootstrap: &Bootstrap) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header([
        "task",
        "answers by",
        "right",
        "of",
        "accuracy %",
        "95 % interval",
        "centred",
        "tool %",
    ]);
    for score in scores {
        let Interval { low, high } = score.interval();
        table.add_row([
            score.task.clone(),
            score.method.name().to_owned(),
            score.right().to_string(),
            score.total().to_string(),
            format!("{:.1}", 100.0 * score.accuracy()),
            format!("{:.1} … {:.1}", 100.0 * low, 100.0 * high),
            format!("{:+.4}", score.centred()),
            score
                .tool_share()
                .map_or(String::new(), |share| format!("{:.0}", 100.0 * share)),
        ]);
    }
    if let Some((mean, Interval { low, high })) = chat_core(scores, bootstrap) {
        table.add_row([
            "ChatCORE".to_owned(),
            format!("mean of {}", scores.len()),
            String::new(),
            String::new(),
            String::new(),
            format!("{low:+.3} … {high:+.3}"),
            format!("{mean:+.4}"),
            String::new(),
        ]);
    }
    for column in 2..8 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = table.to_string();
    let too_long: usize = scores.iter().map(|score| score.too_long).sum();
    if too_long > 0 {
        text += &format!("\n{too_long} questions were longer than the context and count as wrong.");
    }
    text
}
// ANCHOR_END: table

// ANCHOR: csv
/// The same as CSV, one line per task.
pub fn csv(scores: &[ChatScore]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut write = |fields: [String; 11]| {
        writer
            .write_record(fields)
            .expect("every line has eleven fields, and memory takes them all");
    };
    write(
        [
            "task",
            "method",
            "correct",
            "total",
            "too_long",
            "accuracy",
            "low",
            "high",
            "baseline",
            "centered",
            "tool_share",
        ]
        .map(String::from),
    );
    for score in scores {
        let Interval { low, high } = score.interval();
        write([
            score.task.clone(),
            score.method.name().to_owned(),
            score.right().to_string(),
            score.total().to_string(),
            score.too_long.to_string(),
            score.accuracy().to_string(),
            low.to_string(),
            high.to_string(),
            score.baseline().to_string(),
            score.centred().to_string(),
            score
                .tool_share()
                .map_or(String::new(), |share| share.to_string()),
        ]);
    }
    let bytes = writer.into_inner().expect("memory takes them all");
    String::from_utf8(bytes).expect("only text was written")
}
// ANCHOR_END: csv

// ANCHOR: head
//! The parts of a logged step as one list: how long each took, what it had to compute and move, and how near that came to the limit.
//!
//! Two accounts meet here. The log has seconds, by the names of operations; [`step_cost`](super::step_cost) has what operations
//! cost at the least, by name and shape. What no operation is, the rest of a phase, has seconds alone.

use serde_json::{Value, json};

use super::ceilings::Ceilings;
use super::log::Breakdown;
use super::step_cost::{Least, Part};
use super::waterfall;
// ANCHOR_END: head

// ANCHOR: lines
/// A part of a step, or the whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// As in the [waterfall].
    pub label: String,
    /// In one logged step.
    pub seconds: f64,
    /// `None` for what no operation is.
    pub least: Option<Least>,
}

impl Line {
    /// The limit's share of the time it took: 1 is the ceiling.
    pub fn share(&self) -> Option<f64> {
        self.least.map(|least| least.seconds / self.seconds)
    }

    /// Seconds, operations, bytes; the last four members are null for what no operation is.
    pub fn json(&self) -> Value {
        json!({
            "part": self.label,
            "seconds": self.seconds,
            "flops": self.least.map(|least| least.cost.flops),
            "bytes": self.least.map(|least| least.cost.bytes),
            "limit_seconds": self.least.map(|least| least.seconds),
            "share_of_limit": self.share(),
        })
    }
}

/// What is called the whole.
const WHOLE: &str = "whole step";

/// The parts of the waterfall in their order, and the whole step at the end.
pub fn lines(breakdown: &Breakdown, parts: &[Part], ceilings: &Ceilings) -> Vec<Line> {
    let line = |part: waterfall::Part| {
        let least = part.operation.map(|operation| {
            let wanted = parts.iter().filter(|part| part.operation == operation);
            Least::of(wanted, ceilings)
        });
        Line {
            label: part.label,
            seconds: part.seconds,
            least,
        }
    };
    let mut lines: Vec<Line> = waterfall::parts(breakdown).into_iter().map(line).collect();
    lines.push(Line {
        label: WHOLE.to_string(),
        seconds: breakdown.step,
        least: Some(Least::of(parts, ceilings)),
    });
    lines
}
// ANCHOR_END: lines

// ANCHOR: table
/// The header, and a row for each part: what it costs, then for each step, by name, its milliseconds and its share of the limit.
pub fn rows(steps: &[(&str, Vec<Line>)]) -> (Vec<String>, Vec<Vec<String>>) {
    let dash = || "–".to_string();
    let mut header = Vec::from(["part of the logged step", "GFLOP", "MB"].map(String::from));
    for (name, _) in steps {
        header.extend([format!("{name} ms"), "of the limit".to_string()]);
    }
    // The steps have the same parts, but for one that was never asked for.
    let longest = steps.iter().map(|(_, lines)| lines);
    let longest = longest.max_by_key(|lines| lines.len());
    let row = |line: &Line| {
        let cost = line.least.map(|least| least.cost);
        let mut row = vec![
            line.label.clone(),
            cost.map_or_else(dash, |cost| format!("{:.2}", cost.flops / 1e9)),
            cost.map_or_else(dash, |cost| format!("{:.1}", cost.bytes / 1e6)),
        ];
        for (_, lines) in steps {
            let same = lines.iter().find(|other| other.label == line.label);
            let share = same.and_then(Line::share);
            row.extend([
                same.map_or_else(dash, |line| format!("{:.1}", 1e3 * line.seconds)),
                share.map_or_else(dash, |share| format!("{:.0} %", 100.0 * share)),
            ]);
        }
        row
    };
    let rows = longest.map_or_else(Vec::new, |lines| lines.iter().map(row).collect());
    (header, rows)
}
// ANCHOR_END: table

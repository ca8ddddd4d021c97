// ANCHOR: head
//! The step's measurements as tables, as JSON and as CSV.

use std::fmt::Write;

use comfy_table::{CellAlignment, Table, presets::UTF8_FULL_CONDENSED};
use serde_json::{Value, json};

use super::kernel_table::speed;
use super::log::Breakdown;
use super::part_table::{self, Line};
use super::step_cost::{Part, bytes};
use super::train::{StepReport, TrainReport};
use super::turns::Spread;
use crate::cuda::graph::Decision;
// ANCHOR_END: head

// ANCHOR: text
/// Columns of names, then columns of numbers.
fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table
        .load_style(UTF8_FULL_CONDENSED)
        .set_header(header.to_vec());
    for row in rows {
        table.add_row(row.clone());
    }
    for index in 1..header.len() {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}

fn markdown(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut text = format!(
        "| {} |\n|---|{}\n",
        header.join(" | "),
        "---:|".repeat(header.len() - 1)
    );
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text
}

/// 0.0123 -> `12.3`
fn milliseconds(seconds: f64) -> String {
    format!("{:.1}", 1e3 * seconds)
}

fn range(spread: Spread, digits: usize) -> String {
    let Spread {
        least,
        median,
        most,
    } = spread;
    format!("{median:.digits$} ({least:.digits$} to {most:.digits$})")
}
// ANCHOR_END: text

// ANCHOR: rows
const STEP_COLUMNS: [&str; 9] = [
    "step",
    "ms",
    "tokens/s",
    "GFLOP/s",
    "of its products",
    "of copying",
    "MFU",
    "page faults",
    "peak MiB",
];

impl TrainReport {
    fn step_rows(&self) -> Vec<Vec<String>> {
        let row = |step: &StepReport| {
            vec![
                step.arithmetic.name().to_string(),
                range(step.seconds.map(|seconds| 1e3 * seconds), 1),
                format!("{:.0}", step.tokens_per_second),
                format!("{:.1}", step.flops / 1e9),
                format!("{:.1} %", 100.0 * step.share_of_products),
                format!("{:.1} %", 100.0 * step.share_of_copying),
                format!("{:.1} %", 100.0 * step.mfu),
                format!("{:.0}", step.faults_per_step),
                step.peak_bytes.map_or("–".to_string(), |bytes| {
                    format!("{:.0}", bytes as f64 / (1u64 << 20) as f64)
                }),
            ]
        };
        let mut rows: Vec<Vec<String>> = self.steps.iter().map(row).collect();
        let mut products = vec![
            "products alone".to_string(),
            milliseconds(self.products_seconds),
            String::new(),
            format!("{:.1}", self.products_flops / 1e9),
        ];
        products.resize(STEP_COLUMNS.len(), String::new());
        rows.push(products);
        rows
    }

    /// Part by part, of each step that was taken apart.
    fn part_rows(&self) -> (Vec<String>, Vec<Vec<String>>) {
        let taken = self.taken_apart().into_iter();
        let taken: Vec<(&str, Vec<Line>)> = taken
            .map(|(name, breakdown)| (name, self.lines(breakdown)))
            .collect();
        part_table::rows(&taken)
    }

    fn lines(&self, breakdown: &Breakdown) -> Vec<Line> {
        part_table::lines(breakdown, &self.parts, &self.ceilings)
    }

    /// The steps that were taken apart, by the names of their arithmetic.
    pub fn taken_apart(&self) -> Vec<(&'static str, &Breakdown)> {
        self.steps
            .iter()
            .filter_map(|step| Some((step.arithmetic.name(), step.breakdown.as_ref()?)))
            .collect()
    }

    fn fusion_rows(&self) -> Vec<Vec<String>> {
        self.fusions
            .iter()
            .map(|gain| {
                vec![
                    gain.operation.to_string(),
                    range(gain.added.map(|seconds| 1e3 * seconds), 1),
                    range(gain.missing.map(|seconds| 1e3 * seconds), 1),
                ]
            })
            .collect()
    }
}

const FUSION_COLUMNS: [&str; 3] = ["fusion", "saves ms when added", "costs ms when left out"];
// ANCHOR_END: rows

// ANCHOR: heading
impl TrainReport {
    /// On what all this was measured, and the yardsticks.
    pub fn heading(&self) -> String {
        format!(
            "{}, {}. {}; {} rounds in turns, medians (least to most).\n{}\
             Ceilings: products {}, copying {:.1} GB/s. A step's operations must move {:.2} GB, {:.1} ms of copying. \
             MFU is a share of {} ({}).",
            self.device,
            self.numbers,
            self.size.in_words(),
            self.rounds,
            self.attention
                .as_ref()
                .map_or(String::new(), |attention| format!("{attention}.\n")),
            speed(self.ceilings.gemm_flops),
            self.ceilings.copy_bytes / 1e9,
            bytes(&self.parts) / 1e9,
            1e3 * bytes(&self.parts) / self.ceilings.copy_bytes,
            speed(self.peak.flops),
            self.peak.source
        )
    }

    /// What stands between the first table and the second, each sentence on a line.
    fn sentences(&self) -> String {
        let mut text = String::new();
        if let Some(ratio) = self.ratio {
            let ratio = range(ratio, 2);
            let _ = writeln!(
                text,
                "The fused step is {ratio} times as fast as the plain one."
            );
        }
        for step in &self.steps {
            let Some(alone) = step.optimizer_alone else {
                continue;
            };
            let (name, ms) = (step.arithmetic.name(), |seconds: f64| 1e3 * seconds);
            let (given, done) = (range(alone.given.map(ms), 2), range(alone.done.map(ms), 2));
            let _ = writeln!(
                text,
                "The {name} step's optimizer alone: handed over in {given} ms, done after {done} ms."
            );
        }
        for graph in &self.graphs {
            let _ = writeln!(text, "{graph}");
        }
        text
    }

    /// For the terminal.
    pub fn table(&self) -> String {
        let mut text = table(&STEP_COLUMNS, &self.step_rows()) + "\n" + &self.sentences();
        let (header, rows) = self.part_rows();
        if !rows.is_empty() {
            let header: Vec<&str> = header.iter().map(String::as_str).collect();
            text += &table(&header, &rows);
            text.push('\n');
        }
        if !self.fusions.is_empty() {
            text += &table(&FUSION_COLUMNS, &self.fusion_rows());
            text.push('\n');
        }
        text
    }

    /// For the book.
    pub fn markdown(&self) -> String {
        let mut tables = vec![markdown(&STEP_COLUMNS, &self.step_rows())];
        let sentences = self.sentences();
        if !sentences.is_empty() {
            tables.push(sentences);
        }
        let (header, rows) = self.part_rows();
        if !rows.is_empty() {
            let header: Vec<&str> = header.iter().map(String::as_str).collect();
            tables.push(markdown(&header, &rows));
        }
        if !self.fusions.is_empty() {
            tables.push(markdown(&FUSION_COLUMNS, &self.fusion_rows()));
        }
        tables.join("\n")
    }
}
// ANCHOR_END: heading

// ANCHOR: json
impl TrainReport {
    /// Every number of the tables, in seconds, bytes and operations per second.
    pub fn json(&self) -> Value {
        let (size, config) = (&self.size, &self.size.config);
        let steps = self.steps.iter();
        let steps: Vec<Value> = steps
            .map(|step| {
                let lines = step.breakdown.as_ref().map(|taken| self.lines(taken));
                step_json(step, &lines.unwrap_or_default())
            })
            .collect();
        let products: Vec<Value> = self
            .products
            .iter()
            .map(|(product, seconds)| {
                json!({
                    "positions": product.positions,
                    "in": product.inner,
                    "out": product.out,
                    "times": product.times,
                    "seconds_each": seconds,
                    "flops_per_second": product.flops() / product.times as f64 / seconds,
                })
            })
            .collect();
        let fusions: Vec<Value> = self
            .fusions
            .iter()
            .map(|gain| {
                json!({
                    "operation": gain.operation.name(),
                    "saved_seconds_when_added": gain.added.json(),
                    "lost_seconds_when_left_out": gain.missing.json(),
                })
            })
            .collect();
        json!({
            "device": self.device,
            "precision": tensors::doctor::precision_name(self.compute),
            "numbers": self.numbers,
            "attention": self.attention,
            "layers": config.layers,
            "width": config.width,
            "heads": config.heads,
            "vocab_size": config.vocab_size,
            "seed_architecture": config.switches.all_off(),
            "rows": size.rows,
            "time": config.context,
            "accumulation": size.accumulation,
            "clip": size.clip,
            "rounds": self.rounds,
            "tokens_per_step": size.tokens(),
            "flops_per_step": size.flops(),
            "bytes_per_step": bytes(&self.parts),
            "operations_of_a_step": self.parts.iter().map(part_json).collect::<Vec<_>>(),
            "gemm_flops_per_second": self.ceilings.gemm_flops,
            "copy_bytes_per_second": self.ceilings.copy_bytes,
            "peak_flops_per_second": self.peak.flops,
            "peak_source": self.peak.source,
            "products": products,
            "products_seconds": self.products_seconds,
            "products_flops_per_second": self.products_flops,
            "steps": steps,
            "plain_over_fused": self.ratio.map(|ratio| ratio.json()),
            "fusions": fusions,
            "graphs": self.graphs.iter().map(Decision::json).collect::<Vec<_>>(),
        })
    }

    /// A line per contestant and round.
    pub fn csv(&self) -> String {
        let mut text = "step,round,ms,page_faults\n".to_string();
        for (name, turns) in &self.turns {
            for (round, turn) in turns.iter().enumerate() {
                let (ms, faults) = (1e3 * turn.seconds, turn.faults);
                let _ = writeln!(text, "\"{name}\",{round},{ms:.3},{faults}");
            }
        }
        text
    }
}

fn part_json(part: &Part) -> Value {
    let cost = part.cost();
    json!({
        "operation": part.operation.name(),
        "times": part.times,
        "flops": cost.flops,
        "bytes": cost.bytes,
    })
}

/// `lines`: the parts that the step was taken apart into.
fn step_json(step: &StepReport, lines: &[Line]) -> Value {
    let breakdown = step.breakdown.as_ref().map(|breakdown| {
        let phases = breakdown.phases.iter();
        let phases: serde_json::Map<String, Value> = phases
            .map(|(name, seconds)| (name.to_string(), json!(seconds)))
            .collect();
        let operations = breakdown.operations.iter();
        let operations: Vec<Value> = operations
            .map(|time| {
                json!({
                    "operation": time.operation.name(),
                    "calls": time.calls,
                    "forward_seconds": time.forward,
                    "backward_seconds": time.backward,
                })
            })
            .collect();
        json!({ "step_seconds": breakdown.step, "phases": phases, "operations": operations })
    });
    json!({
        "arithmetic": step.arithmetic.name(),
        "seconds": step.seconds.json(),
        "tokens_per_second": step.tokens_per_second,
        "flops_per_second": step.flops,
        "share_of_products": step.share_of_products,
        "share_of_copying": step.share_of_copying,
        "mfu": step.mfu,
        "page_faults": step.faults_per_step,
        "peak_bytes": step.peak_bytes,
        "optimizer_alone": step.optimizer_alone.map(|alone| alone.json()),
        "logged": breakdown,
        "parts": lines.iter().map(Line::json).collect::<Vec<_>>(),
    })
}
// ANCHOR_END: json

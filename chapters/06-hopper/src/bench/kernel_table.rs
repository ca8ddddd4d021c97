// ANCHOR: head
//! The operations' measurements as a table, as JSON and as CSV.

use std::fmt::Write;

use comfy_table::{CellAlignment, Table, presets::UTF8_FULL_CONDENSED};
use serde_json::{Value, json};

use super::kernels::{KernelReport, Row};
// ANCHOR_END: head

// ANCHOR: head_line
impl KernelReport {
    /// On what all this was measured.
    pub fn heading(&self) -> String {
        let config = &self.size.config;
        format!(
            "{}, {}. B {}, T {}, C {}, H {}, K {}, D {}, V {}, L {}; {} rounds in turns, medians.\n{}\
             Ceilings: products {}, copying {:.1} GB/s.",
            self.device,
            tensors::doctor::precision_name(self.compute),
            self.size.rows,
            config.context,
            config.width,
            config.heads,
            config.kv_heads,
            config.head_width(),
            config.vocab_size,
            config.layers,
            self.rounds,
            self.attention
                .as_ref()
                .map_or(String::new(), |attention| format!("{attention}.\n")),
            speed(self.ceilings.gemm_flops),
            self.ceilings.copy_bytes / 1e9
        )
    }
}

/// 8.1e10 -> `81.0 GFLOP/s`
pub fn speed(flops: f64) -> String {
    if flops >= 1e13 {
        format!("{:.0} TFLOP/s", flops / 1e12)
    } else {
        format!("{:.1} GFLOP/s", flops / 1e9)
    }
}
// ANCHOR_END: head_line

// ANCHOR: table
const COLUMNS: [&str; 11] = [
    "operation",
    "pass",
    "MFLOP",
    "MB",
    "bound by",
    "eager ms",
    "fused ms",
    "limit ms",
    "eager / fused",
    "of the limit",
    "peak MB",
];

/// The most that is alive at once beside the inputs, eager → fused; on a GPU nobody says.
fn peak(row: &Row) -> String {
    let megabytes = |bytes: i64| format!("{:.1}", bytes as f64 / 1e6);
    match (row.plain_peak, row.fused_peak) {
        (Some(plain), Some(fused)) => format!("{} → {}", megabytes(plain), megabytes(fused)),
        (Some(plain), None) => megabytes(plain),
        (None, _) => "–".to_string(),
    }
}

impl KernelReport {
    fn cells(row: &Row) -> [String; 11] {
        let milliseconds = |seconds: f64| format!("{:.3}", 1e3 * seconds);
        let dash = || "–".to_string();
        [
            row.label.clone(),
            row.pass.name().to_string(),
            format!("{:.1}", row.cost.flops / 1e6),
            format!("{:.1}", row.cost.bytes / 1e6),
            row.bound.name().to_string(),
            milliseconds(row.plain_seconds()),
            row.fused_seconds().map_or_else(dash, milliseconds),
            milliseconds(row.limit),
            row.ratio().map_or_else(dash, |ratio| {
                format!("{:.2} ({:.2}–{:.2})", ratio.median, ratio.least, ratio.most)
            }),
            format!("{:.0} %", 100.0 * row.share()),
            peak(row),
        ]
    }

    /// For the terminal. The share of the limit is the fused version's, or the plain one's where there is no other.
    pub fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(UTF8_FULL_CONDENSED).set_header(COLUMNS);
        for row in &self.rows {
            table.add_row(Self::cells(row));
        }
        for column in [2, 3, 5, 6, 7, 8, 9, 10] {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table.to_string()
    }

    /// For the book.
    pub fn markdown(&self) -> String {
        let mut text = format!("| {} |\n|---|---|", COLUMNS.join(" | "));
        text += &"---:|".repeat(COLUMNS.len() - 2);
        for row in &self.rows {
            let _ = write!(text, "\n| {} |", Self::cells(row).join(" | "));
        }
        text + "\n"
    }
}
// ANCHOR_END: table

// ANCHOR: json
impl KernelReport {
    /// Every number of the table and every round, in seconds and bytes.
    pub fn json(&self) -> Value {
        let config = &self.size.config;
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                json!({
                    "operation": row.operation.name(),
                    "label": row.label,
                    "pass": row.pass.name(),
                    "flops": row.cost.flops,
                    "bytes": row.cost.bytes,
                    "limit_seconds": row.limit,
                    "bound_by": row.bound.name(),
                    "plain_seconds": row.plain,
                    "fused_seconds": row.fused,
                    "plain_over_fused": row.ratio().map(|ratio| ratio.json()),
                    "share_of_limit": row.share(),
                    "plain_peak_bytes": row.plain_peak,
                    "fused_peak_bytes": row.fused_peak,
                })
            })
            .collect();
        json!({
            "device": self.device,
            "precision": tensors::doctor::precision_name(self.compute),
            "rows": self.size.rows,
            "time": config.context,
            "width": config.width,
            "heads": config.heads,
            "kv_heads": config.kv_heads,
            "vocab_size": config.vocab_size,
            "layers": config.layers,
            "rounds": self.rounds,
            "attention": self.attention,
            "gemm_flops_per_second": self.ceilings.gemm_flops,
            "copy_bytes_per_second": self.ceilings.copy_bytes,
            "operations": rows,
        })
    }

    /// A line per operation, pass and round.
    pub fn csv(&self) -> String {
        let mut text = "operation,pass,flops,bytes,limit_ms,round,plain_ms,fused_ms\n".to_string();
        for row in &self.rows {
            for (round, plain) in row.plain.iter().enumerate() {
                let fused = row
                    .fused
                    .get(round)
                    .map(|fused| format!("{:.4}", 1e3 * fused));
                let _ = writeln!(
                    text,
                    "\"{}\",{},{:.0},{:.0},{:.4},{round},{:.4},{}",
                    row.label,
                    row.pass.name(),
                    row.cost.flops,
                    row.cost.bytes,
                    1e3 * row.limit,
                    1e3 * plain,
                    fused.unwrap_or_default()
                );
            }
        }
        text
    }
}
// ANCHOR_END: json

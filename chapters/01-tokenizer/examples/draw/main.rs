//! `cargo run --example draw -- FOLDER`: draws the chapter's figures from the CSV files that the other examples measured.
//!
//! FOLDER is `book/src/figures`. The drawings use `currentColor` and the page's colour variables, so that one file serves the
//! light and the dark book.

mod bars;
mod panel;
mod speed;
mod table;
mod tree;

use std::path::Path;

use anyhow::{Context, Result};
use panel::{Axis, Panel, Series};
use table::Table;

fn main() -> Result<()> {
    let folder = std::env::args()
        .nth(1)
        .context("name the folder of the CSV files, book/src/figures")?;
    let folder = Path::new(&folder);
    let read = |name: &str| Table::read(&folder.join(name));
    let write = |name: &str, svg: String| -> Result<()> {
        let path = folder.join(name);
        std::fs::write(&path, svg).with_context(|| format!("cannot write {}", path.display()))
    };
    write("01-cost.svg", cost(&read("01-cost.csv")?)?)?;
    write("01-failures.svg", failures(&read("01-failures.csv")?)?)?;
    write(
        "01-fertility.svg",
        bars::fertility(&read("01-fertility.csv")?)?,
    )?;
    write(
        "01-speed.svg",
        speed::speed(&read("01-speed-train.csv")?, &read("01-speed-encode.csv")?)?,
    )?;
    write("01-tree.svg", tree::tree(&read("01-tree.csv")?)?)
}

const ACCENT: &str = "var(--figure-accent)";
const SECOND: &str = "var(--figure-second)";
const THIRD: &str = "var(--figure-third)";

/// The seconds of both trainers: over the number of merges, and over the size of the text.
fn cost(table: &Table) -> Result<String> {
    let series =
        |curve: &str, x: &str, trainer: &'static str, colour, label_at| -> Result<Series> {
            let rows = table.with(&[("curve", curve), ("trainer", trainer)])?;
            Ok(Series {
                name: trainer.to_string(),
                colour,
                points: rows.points(x, "seconds")?,
                label_at,
            })
        };
    let seconds = Axis::log(
        "seconds",
        &[
            (0.0005, ""),
            (0.001, "1 ms"),
            (0.01, "10 ms"),
            (0.1, "0.1 s"),
            (1.0, "1 s"),
            (10.0, "10 s"),
        ],
    );
    let over_merges = Panel {
        title: "more merges, the same text (1.2 MB)",
        x: Axis::log(
            "merges",
            &[
                (16.0, "16"),
                (64.0, "64"),
                (256.0, "256"),
                (1_024.0, "1,024"),
                (8_192.0, "8,192"),
            ],
        ),
        y: seconds.clone(),
        series: vec![
            series("merges", "merges", "naive", ACCENT, (180.0, 0.4))?,
            series("merges", "merges", "incremental", SECOND, (512.0, 0.0078))?,
        ],
    };
    let over_text = Panel {
        title: "more text, the same 1,024 merges",
        x: Axis::log(
            "distinct chunks, bytes",
            &[
                (8_000.0, "8 k"),
                (16_000.0, "16 k"),
                (32_000.0, "32 k"),
                (64_000.0, "64 k"),
                (96_000.0, "96 k"),
            ],
        ),
        y: seconds,
        series: vec![
            series("text", "distinct_bytes", "naive", ACCENT, (30_000.0, 0.7))?,
            series(
                "text",
                "distinct_bytes",
                "incremental",
                SECOND,
                (30_000.0, 0.0055),
            )?,
        ],
    };
    Ok(panel::row(&[over_merges, over_text], 350.0))
}

/// Three failures over the number of merges.
fn failures(table: &Table) -> Result<String> {
    let series = |failure: &str, what: &str, name: &str, colour, label_at| -> Result<Series> {
        let rows = table.with(&[("failure", failure), ("what", what)])?;
        Ok(Series {
            name: name.to_string(),
            colour,
            points: rows.points("merges", "value")?,
            label_at,
        })
    };
    let merges = Axis::log(
        "merges",
        &[
            (64.0, "64"),
            (256.0, "256"),
            (1_024.0, "1,024"),
            (4_096.0, "4,096"),
        ],
    );
    let share = Axis::linear(
        "",
        &[
            (0.0, "0"),
            (0.25, "25 %"),
            (0.5, "50 %"),
            (0.75, "75 %"),
            (1.0, "100 %"),
        ],
    );
    let percent = Axis::linear(
        "",
        &[
            (0.0, "0"),
            (0.025, "2.5 %"),
            (0.05, "5 %"),
            (0.075, "7.5 %"),
            (0.1, "10 %"),
        ],
    );
    let tokens = Axis::linear(
        "",
        &[
            (0.0, "0"),
            (5.0, "5"),
            (10.0, "10"),
            (15.0, "15"),
            (20.0, "20"),
        ],
    );
    let unsplit = Panel {
        title: "1. tokens that contain “lord”",
        x: merges.clone(),
        y: tokens,
        series: vec![
            series(
                "unsplit",
                "unsplit tokens with lord",
                "no split",
                ACCENT,
                (700.0, 10.0),
            )?,
            series(
                "unsplit",
                "split tokens with lord",
                "split",
                SECOND,
                (400.0, 2.6),
            )?,
        ],
    };
    let ties = Panel {
        title: "2. no rule for ties: two runs agree on",
        x: merges.clone(),
        y: share,
        series: vec![
            series(
                "ties",
                "ids that mean the same",
                "ids",
                ACCENT,
                (450.0, 0.5),
            )?,
            series("ties", "tokens in both", "tokens", SECOND, (800.0, 0.86))?,
        ],
    };
    let longest = Panel {
        title: "3. longest match: chunks that differ",
        x: merges,
        y: percent,
        series: vec![series(
            "longest",
            "chunks with other ids",
            "",
            ACCENT,
            (64.0, 0.0),
        )?],
    };
    Ok(panel::row(&[unsplit, ties, longest], 290.0))
}

// ANCHOR: head
//! The demonstration: SGD, AdamW and Muon race on one ill-conditioned regression.
//!
//! `cargo run --bin muon`, or with `-- --svg PATH` for the picture's place.

use anyhow::{Context, Result, anyhow, bail};
use comfy_table::{CellAlignment, Table, presets::UTF8_FULL_CONDENSED};
use muon::race::{Curve, Problem, race};
use std::path::{Path, PathBuf};
// ANCHOR_END: head

// ANCHOR: main
const USAGE: &str = "usage: muon [--svg PATH]";
/// R = C, and how much louder the loudest direction of the inputs is than the quietest.
const SIZE: i64 = 64;
const SPREAD: f64 = 1000.0;
const STEPS: usize = 300;

fn main() -> Result<()> {
    let mut picture = PathBuf::from("runs/muon-race.svg");
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--svg" => {
                picture = arguments
                    .next()
                    .with_context(|| format!("--svg needs a path\n{USAGE}"))?
                    .into()
            }
            "--help" | "-h" => {
                println!("{USAGE}");
                return Ok(());
            }
            _ => bail!("unknown argument {argument:?}\n{USAGE}"),
        }
    }

    let choice = tensors::Choice {
        device: Some("cpu".to_string()),
        ..Default::default()
    };
    tensors::start(&choice)?;
    println!(
        "A hidden matrix of {SIZE} × {SIZE} is to be found from inputs that vary {SPREAD} times as much in the"
    );
    println!(
        "loudest direction as in the quietest. {STEPS} steps; each optimizer at the best of its learning rates.\n"
    );
    let curves = race(&Problem::new(SIZE, SPREAD, 4), STEPS)?;
    println!("{}", table(&curves));
    draw(&curves, &picture)?;
    println!("\ncurves: {}", picture.display());
    Ok(())
}
// ANCHOR_END: main

// ANCHOR: table
/// The losses at some steps, and the first step at which each has lost 99.9 % of its first loss.
fn table(curves: &[Curve]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    let row = |first: String, cell: &dyn Fn(&Curve) -> String| {
        std::iter::once(first)
            .chain(curves.iter().map(cell))
            .collect::<Vec<_>>()
    };
    table.set_header(row("loss at step".to_string(), &|curve| {
        curve.contestant.name().to_string()
    }));
    for step in [0, 10, 30, 100, 200, STEPS] {
        table.add_row(row(step.to_string(), &|curve| {
            format!("{:.2e}", curve.losses[step])
        }));
    }
    table.add_row(row("99.9 % gone at step".to_string(), &|curve| {
        let there = curve
            .losses
            .iter()
            .position(|loss| *loss < curve.losses[0] / 1000.0);
        there.map_or("never".to_string(), |step| step.to_string())
    }));
    table.add_row(row("best rate".to_string(), &|curve| {
        curve.rate.to_string()
    }));
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn draw(curves: &[Curve], picture: &Path) -> Result<()> {
    let title = format!("Regression of a matrix, inputs of spread {SPREAD}");
    let text = muon::chart::svg(curves, &title)
        .map_err(|error| anyhow!("the curves cannot be drawn: {error}"))?;
    if let Some(folder) = picture.parent() {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    std::fs::write(picture, text).with_context(|| format!("cannot write {}", picture.display()))
}
// ANCHOR_END: table

//! Curves and the table from what the examples measured.

use std::fmt::Write;

use anyhow::Result;

use crate::chart::{Axis, Line, Panel, row};
use crate::table::Table;
use crate::{ACCENT, PLAIN, SECOND, THIRD};

pub fn failures(table: &Table) -> Result<String> {
    let line = |name: &'static str, colour, dashed, label_at| -> Result<Line> {
        Ok(Line {
            name,
            colour,
            dashed,
            dots: false,
            points: table.with(&[("fault", name)])?.points("step", "loss")?,
            label_at,
        })
    };
    let best = Line {
        name: "the best possible: 1.33",
        colour: PLAIN,
        dashed: true,
        dots: false,
        points: vec![(0.0, 1.33), (600.0, 1.33)],
        label_at: (200.0, 1.16),
    };
    let panel = Panel {
        title: "loss, nats per letter",
        x: Axis::linear(
            "step",
            &[
                (0.0, "0"),
                (100.0, "100"),
                (200.0, "200"),
                (300.0, "300"),
                (400.0, "400"),
                (500.0, "500"),
                (600.0, "600"),
            ],
        ),
        y: Axis::linear("", &[(0.0, "0"), (1.0, "1"), (2.0, "2"), (3.0, "3")]),
        lines: vec![
            best,
            line("no positions", SECOND, false, (410.0, 2.9))?,
            line("wrong scale", THIRD, true, (520.0, 2.9))?,
            line("no mask", PLAIN, false, (190.0, 0.6))?,
            line("right", ACCENT, false, (515.0, 1.9))?,
        ],
    };
    Ok(row(&[panel], 720.0))
}

/// Mean over the seeds of a column, at every step.
fn mean(table: &Table, variant: &str, rate: &str, column: &str) -> Result<Vec<(f64, f64)>> {
    let rows = table.with(&[("variant", variant), ("rate", rate)])?;
    let mut steps = rows.numbers("step")?;
    steps.sort_by(f64::total_cmp);
    steps.dedup();
    steps
        .into_iter()
        .map(|step| {
            let at = rows.with(&[("step", &step.to_string())])?;
            let values = at.numbers(column)?;
            Ok((step, values.iter().sum::<f64>() / values.len() as f64))
        })
        .collect()
}

type Drawn<'a> = (
    &'a str,
    &'a str,
    &'static str,
    &'static str,
    bool,
    (f64, f64),
);

fn lines(table: &Table, column: &str, drawn: &[Drawn]) -> Result<Vec<Line>> {
    drawn
        .iter()
        .map(|&(variant, rate, name, colour, dashed, label_at)| {
            Ok(Line {
                name,
                colour,
                dashed,
                dots: false,
                points: mean(table, variant, rate, column)?,
                label_at,
            })
        })
        .collect()
}

fn steps() -> Axis {
    Axis::linear(
        "step",
        &[(0.0, "0"), (100.0, "100"), (200.0, "200"), (300.0, "300")],
    )
}

pub fn without(table: &Table) -> Result<String> {
    let losses = Axis::linear("", &[(0.0, "0"), (1.0, "1"), (2.0, "2"), (3.0, "3")]);
    let panel = |title, column, drawn: &[Drawn]| -> Result<Panel> {
        Ok(Panel {
            title,
            x: steps(),
            y: losses.clone(),
            lines: lines(table, column, drawn)?,
        })
    };
    let panels = [
        panel(
            "recall: what was said before",
            "recall",
            &[
                (
                    "no positions",
                    "0.01",
                    "no positions",
                    SECOND,
                    false,
                    (150.0, 2.45),
                ),
                (
                    "no QK-norm",
                    "0.01",
                    "no QK-norm",
                    THIRD,
                    true,
                    (205.0, 0.9),
                ),
                ("whole", "0.01", "whole", ACCENT, false, (90.0, 0.35)),
            ],
        )?,
        panel(
            "rule with 256 cases",
            "rule",
            &[
                (
                    "256 cases relu",
                    "0.01",
                    "relu",
                    SECOND,
                    false,
                    (150.0, 2.45),
                ),
                ("256 cases gelu", "0.01", "gelu", PLAIN, true, (205.0, 2.45)),
                (
                    "256 cases no nonlinearity",
                    "0.01",
                    "none",
                    THIRD,
                    true,
                    (205.0, 0.9),
                ),
                ("256 cases", "0.01", "relu²", ACCENT, false, (90.0, 0.35)),
            ],
        )?,
        panel(
            "recall, steps three times as large",
            "recall",
            &[
                (
                    "no QK-norm",
                    "0.03",
                    "no QK-norm",
                    THIRD,
                    true,
                    (110.0, 2.05),
                ),
                (
                    "no embedding norm",
                    "0.03",
                    "no embedding norm",
                    SECOND,
                    false,
                    (110.0, 2.35),
                ),
                (
                    "random projections",
                    "0.03",
                    "random projections",
                    PLAIN,
                    true,
                    (110.0, 2.65),
                ),
                ("whole", "0.03", "whole", ACCENT, false, (60.0, 0.2)),
            ],
        )?,
    ];
    Ok(row(&panels, 270.0))
}

/// How large scores and logits get, with what bounds them and without.
pub fn largest_score(table: &Table) -> Result<Panel> {
    Ok(Panel {
        title: "largest score while training",
        x: steps(),
        y: Axis::log(
            "",
            &[(1.0, "1"), (10.0, "10"), (100.0, "100"), (1000.0, "1,000")],
        ),
        lines: lines(
            table,
            "largest_score",
            &[
                ("whole", "0.03", "with QK-norm", ACCENT, false, (190.0, 2.3)),
                (
                    "no QK-norm",
                    "0.01",
                    "without, rate 0.01",
                    SECOND,
                    false,
                    (150.0, 30.0),
                ),
                (
                    "no QK-norm",
                    "0.03",
                    "without, rate 0.03",
                    THIRD,
                    true,
                    (60.0, 640.0),
                ),
            ],
        )?,
    })
}

pub fn largest_logit(table: &Table) -> Result<Panel> {
    Ok(Panel {
        title: "largest logit, cap not applied",
        x: steps(),
        y: Axis::linear("", &[(0.0, "0"), (15.0, "15"), (30.0, "30"), (45.0, "45")]),
        lines: lines(
            table,
            "largest_logit",
            &[
                (
                    "whole",
                    "0.03",
                    "with, rate 0.03",
                    ACCENT,
                    false,
                    (150.0, 26.0),
                ),
                (
                    "no softcap",
                    "0.03",
                    "without, rate 0.03",
                    SECOND,
                    true,
                    (60.0, 33.0),
                ),
                (
                    "no softcap",
                    "0.01",
                    "without, rate 0.01",
                    THIRD,
                    false,
                    (160.0, 8.0),
                ),
            ],
        )?,
    })
}

/// The ends of all runs.
pub fn table(table: &Table) -> Result<String> {
    let mut text = "| model | rate | recall | rule | largest score | largest logit |\n|---|--:|--:|--:|--:|--:|\n".to_string();
    let mut seen: Vec<(String, String)> = Vec::new();
    for (variant, rate) in table
        .texts("variant")?
        .into_iter()
        .zip(table.texts("rate")?)
    {
        let run = (variant.to_string(), rate.to_string());
        if seen.contains(&run) {
            continue;
        }
        let rows = table.with(&[("variant", variant), ("rate", rate)])?;
        let last = rows.numbers("step")?.into_iter().fold(0.0, f64::max);
        let end = rows.with(&[("step", &last.to_string())])?;
        let spread = |column| -> Result<String> {
            let values = end.numbers(column)?;
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let (least, most) = ends(&values);
            Ok(format!("{mean:.2} ({least:.2} to {most:.2})"))
        };
        let largest = |column| -> Result<f64> { Ok(ends(&end.numbers(column)?).1) };
        writeln!(
            text,
            "| {variant} | {rate} | {} | {} | {:.1} | {:.1} |",
            spread("recall")?,
            spread("rule")?,
            largest("largest_score")?,
            largest("largest_logit")?
        )?;
        seen.push(run);
    }
    Ok(text)
}

fn ends(values: &[f64]) -> (f64, f64) {
    let least = values.iter().copied().fold(f64::MAX, f64::min);
    (least, values.iter().copied().fold(f64::MIN, f64::max))
}

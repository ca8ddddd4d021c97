//! Megabytes per second of processor time: training, and encoding on one thread, each by everybody.

use std::fmt::Write;

use anyhow::Result;

use crate::table::Table;
use crate::{ACCENT, SECOND};

const LEFT: f64 = 190.0;
const BAR: f64 = 20.0;
const WIDTH: f64 = 440.0;

pub fn speed(train: &Table, encode: &Table) -> Result<String> {
    let groups = [
        ("training", medians(train)?),
        (
            "encoding, one thread",
            medians(&encode.with(&[("threads", "1")])?)?,
        ),
    ];
    let most = groups
        .iter()
        .flat_map(|(_, bars)| bars.iter().map(|(_, speed)| *speed))
        .fold(0.0, f64::max);
    let mut svg = String::new();
    let mut y = 4.0;
    for (title, bars) in &groups {
        writeln!(
            svg,
            "<text x=\"{LEFT}\" y=\"{:.1}\" font-size=\"13\" font-weight=\"600\" fill=\"currentColor\">{title}</text>",
            y + 14.0
        )?;
        y += 24.0;
        for (who, speed) in bars {
            let colour = if who == "this crate" { ACCENT } else { SECOND };
            let width = WIDTH * speed / most;
            writeln!(
                svg,
                "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"currentColor\">{who}</text>\n\
                 <rect x=\"{LEFT}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{}\" fill=\"{colour}\"/>\n\
                 <text x=\"{:.1}\" y=\"{:.1}\" fill=\"currentColor\">{speed:.1}</text>",
                LEFT - 10.0,
                y + 13.0,
                y + 1.0,
                BAR - 4.0,
                LEFT + width + 6.0,
                y + 13.0
            )?;
            y += BAR;
        }
        y += 12.0;
    }
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 {:.0}\" font-size=\"13\">\n{svg}\
         <text x=\"{LEFT}\" y=\"{:.1}\" fill=\"currentColor\">MB per second of processor time</text>\n</svg>\n",
        y + 16.0,
        y + 6.0
    ))
}

/// Everybody in the order of the table, with the median over the rounds.
fn medians(table: &Table) -> Result<Vec<(String, f64)>> {
    let mut names: Vec<String> = Vec::new();
    for who in table.texts("who")? {
        if !names.iter().any(|name| name == who) {
            names.push(who.to_string());
        }
    }
    names
        .into_iter()
        .map(|who| {
            let rows = table.with(&[("who", &who)])?;
            let bytes = rows.numbers("bytes")?;
            let mut speeds: Vec<f64> = rows.numbers("cpu_seconds")?;
            speeds.sort_by(f64::total_cmp);
            let speed = bytes[0] / 1e6 / speeds[speeds.len() / 2];
            Ok((who, speed))
        })
        .collect()
}

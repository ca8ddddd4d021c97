//! `cargo run --example waterfall -- CSV SVG`: draws a training step taken apart.
//!
//! CSV is what `nanocrab bench train --waterfall` wrote: a caption, then `kernels,label,milliseconds`. Parts go down the page; each bar
//! begins where the one above it ended, so the last one ends where the step does. Two kinds of kernels share the rows.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use plotters::prelude::*;

/// Stand-ins, which become the page's own colours below: plotters knows no style sheets.
const FIRST: RGBColor = RGBColor(1, 1, 1);
const SECOND: RGBColor = RGBColor(2, 2, 2);
const PAGE_COLOURS: [(&str, &str); 3] = [
    ("\"#010101\"", "\"var(--figure-accent)\""),
    ("\"#020202\"", "\"var(--figure-second)\""),
    ("\"#000000\"", "\"currentColor\""),
];

const WIDTH: i32 = 760;
const LEFT: i32 = 190;
const RIGHT: i32 = 60;
const TOP: i32 = 52;
const BAR: i32 = 9;
const ROW: i32 = 34;

struct Step {
    kernels: String,
    /// (label, milliseconds)
    parts: Vec<(String, f64)>,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [csv, svg] = arguments.as_slice() else {
        anyhow::bail!("say which CSV to read and which SVG to write");
    };
    let text = std::fs::read_to_string(csv).with_context(|| format!("cannot read {csv}"))?;
    let steps = parse(&text).with_context(|| format!("{csv} is no waterfall"))?;
    let part = Path::new(svg).with_extension("part");
    std::fs::write(&part, draw(&steps)?)
        .and_then(|()| std::fs::rename(&part, svg))
        .with_context(|| format!("cannot write {svg}"))
}

/// One step for each name in the first column.
fn parse(text: &str) -> Result<Vec<Step>> {
    let mut lines = text.lines().filter(|line| !line.starts_with('#')); // the caption
    ensure!(
        lines.next() == Some("kernels,label,milliseconds"),
        "its first line should be `kernels,label,milliseconds`"
    );
    let mut steps: Vec<Step> = Vec::new();
    for line in lines {
        let cells = || {
            let (kernels, rest) = line.split_once(",\"")?;
            let (label, milliseconds) = rest.split_once("\",")?;
            Some((kernels, label, milliseconds.parse::<f64>().ok()?))
        };
        let (kernels, label, milliseconds) =
            cells().with_context(|| format!("`{line}` is no part of a step"))?;
        if steps.last().is_none_or(|step| step.kernels != kernels) {
            steps.push(Step {
                kernels: kernels.to_string(),
                parts: Vec::new(),
            });
        }
        if let Some(step) = steps.last_mut() {
            step.parts.push((label.to_string(), milliseconds));
        }
    }
    ensure!(
        (1..=2).contains(&steps.len()),
        "it has {} steps; one or two can be drawn",
        steps.len()
    );
    // The longer one on top.
    let whole = |step: &Step| step.parts.iter().map(|(_, length)| length).sum::<f64>();
    steps.sort_by(|a, b| whole(b).total_cmp(&whole(a)));
    Ok(steps)
}

fn draw(steps: &[Step]) -> Result<String> {
    let mut labels: Vec<&str> = Vec::new();
    for (label, _) in steps.iter().flat_map(|step| &step.parts) {
        if !labels.contains(&label.as_str()) {
            labels.push(label);
        }
    }
    // A part that only the second step has comes last; the order in time is the first step's.
    let bottom = TOP + ROW * labels.len() as i32;
    let longest = steps
        .iter()
        .map(|step| step.parts.iter().map(|(_, length)| length).sum::<f64>())
        .fold(1e-9, f64::max);
    let x = |milliseconds: f64| {
        LEFT + ((WIDTH - LEFT - RIGHT) as f64 * milliseconds / longest).round() as i32
    };

    let mut text = String::new();
    {
        let page = SVGBackend::with_string(&mut text, (WIDTH as u32, (bottom + 46) as u32))
            .into_drawing_area();
        let name = ("sans-serif", 15).into_font();
        let small = ("sans-serif", 13).into_font();
        for (tick, at) in ticks(longest) {
            let line = [(x(at), TOP - 6), (x(at), bottom)];
            page.draw(&PathElement::new(line, BLACK.mix(0.2)))?;
            page.draw(&Text::new(tick, (x(at) - 8, bottom + 6), small.clone()))?;
        }
        page.draw(&Text::new(
            "milliseconds, one part after another",
            (x(longest / 2.0) - 120, bottom + 24),
            name.clone(),
        ))?;
        for (row, label) in labels.iter().enumerate() {
            let y = TOP + ROW * row as i32;
            page.draw(&Text::new(label.to_string(), (8, y + 6), name.clone()))?;
        }
        for (index, (step, colour)) in steps.iter().zip([FIRST, SECOND]).enumerate() {
            let whole: f64 = step.parts.iter().map(|(_, length)| length).sum();
            let legend = LEFT + 250 * index as i32;
            let swatch = [(legend, 12), (legend + 12, 24)];
            page.draw(&Rectangle::new(swatch, colour.filled()))?;
            let words = format!("{}, {whole:.0} ms", step.kernels);
            page.draw(&Text::new(words, (legend + 18, 11), name.clone()))?;
            let mut begin = 0.0;
            for (label, length) in &step.parts {
                let row = labels.iter().position(|known| known == label).unwrap_or(0);
                let y = TOP + ROW * row as i32 + (BAR + 5) * index as i32;
                let end = begin + length;
                // What takes no time still gets a line to be seen by.
                let bar = [(x(begin), y), (x(end).max(x(begin) + 1), y + BAR)];
                page.draw(&Rectangle::new(bar, colour.filled()))?;
                let place = (x(end).max(x(begin) + 1) + 4, y - 3);
                page.draw(&Text::new(format!("{length:.1}"), place, small.clone()))?;
                begin = end;
            }
        }
        page.present()?;
    }
    for (from, to) in PAGE_COLOURS {
        text = text.replace(from, to);
    }
    Ok(text)
}

/// Five or so round numbers from 0 to the end.
fn ticks(longest: f64) -> Vec<(String, f64)> {
    let rough = longest / 5.0;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|factor| factor * power)
        .into_iter()
        .find(|&step| step >= rough)
        .unwrap_or(10.0 * power);
    let count = (longest / step).floor() as usize;
    (0..=count)
        .map(|index| index as f64 * step)
        .map(|at| (format!("{at}"), at))
        .collect()
}

//! Merges as trees: the bytes of a line at the bottom, and above any two tokens the one that they become.
//!
//! A line for each merge that the text needs, the first learned at the bottom: read upwards, it is the encoder at work.

use std::fmt::Write;

use anyhow::Result;

use crate::table::Table;

const CELL: f64 = 27.0;
const LEFT: f64 = 72.0;
const TOP: f64 = 34.0;
const STEP: f64 = 22.0;

pub fn tree(table: &Table) -> Result<String> {
    let ids = table.numbers("id")?;
    let texts = table.texts("text")?;
    let firsts = table.numbers("first")?;
    let lasts = table.numbers("last")?;
    let parents = table.numbers("parent")?;
    let mut learned: Vec<f64> = ids.iter().copied().filter(|&id| id >= 256.0).collect();
    learned.sort_by(f64::total_cmp);
    learned.dedup();
    let bytes = TOP + STEP * (learned.len() as f64 + 1.2);
    let centre = |node: usize| LEFT + CELL * ((firsts[node] + lasts[node]) / 2.0 + 0.5);
    let level = |id: f64| {
        let later = learned.iter().filter(|&&other| other > id).count();
        TOP + STEP * (later as f64 + 0.5)
    };
    let height = |node: usize| match ids[node] {
        id if id < 256.0 => bytes,
        id => level(id),
    };
    let length = lasts.iter().fold(0.0, |most: f64, &last| most.max(last)) + 1.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" font-family=\"ui-monospace, Menlo, Consolas, monospace\" font-size=\"12\">\n",
        LEFT + CELL * length + 12.0,
        bytes + 18.0
    );
    for &id in &learned {
        let y = level(id);
        writeln!(
            svg,
            "<line x1=\"{LEFT}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"currentColor\" opacity=\"0.12\"/>\n\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"currentColor\">{}</text>",
            LEFT + CELL * length,
            LEFT - 8.0,
            y + 4.0,
            id - 255.0
        )?;
    }
    writeln!(
        svg,
        "<text x=\"{}\" y=\"14\" text-anchor=\"end\" fill=\"currentColor\">merge</text>\n\
         <text x=\"{}\" y=\"{}\" text-anchor=\"end\" fill=\"currentColor\">bytes</text>",
        LEFT - 8.0,
        LEFT - 8.0,
        bytes + 4.0
    )?;
    for (node, &parent) in parents.iter().enumerate() {
        if parent < 0.0 {
            continue;
        }
        let parent = parent as usize;
        let (x, up) = (centre(node), height(parent));
        writeln!(
            svg,
            "<path d=\"M{x:.1} {:.1} V{up:.1} H{:.1}\" fill=\"none\" stroke=\"currentColor\" opacity=\"0.6\"/>",
            height(node),
            centre(parent)
        )?;
    }
    for node in 0..ids.len() {
        let (x, y) = (centre(node), height(node));
        let shown = texts[node].replace(' ', "␣");
        let width = 8.0 + 7.4 * shown.chars().count() as f64;
        let root = parents[node] < 0.0;
        let (fill, stroke) = match root {
            true => ("var(--figure-fill)", "var(--figure-accent)"),
            false => ("var(--figure-fill)", "currentColor"),
        };
        writeln!(
            svg,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"18\" rx=\"4\" fill=\"{fill}\" stroke=\"{stroke}\" stroke-width=\"{}\"/>\n\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"currentColor\">{shown}</text>",
            x - width / 2.0,
            y - 9.0,
            if root { 2 } else { 1 },
            y + 4.0
        )?;
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}

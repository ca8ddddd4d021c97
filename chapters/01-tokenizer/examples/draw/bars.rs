//! Characters per token, a group of bars for each text.

use std::fmt::Write;

use anyhow::Result;

use crate::table::Table;
use crate::{ACCENT, SECOND, THIRD};

const LEFT: f64 = 190.0;
const BAR: f64 = 9.0;
const GROUP: f64 = 4.0 * BAR + 12.0;
const TOP: f64 = 34.0;
/// So many pixels for one character per token.
const UNIT: f64 = 105.0;

pub fn fertility(table: &Table) -> Result<String> {
    let mut texts = table.texts("text")?;
    texts.dedup();
    texts.retain(|text| !text.contains("without"));
    let tokenizers: Vec<(&str, &str)> = table
        .texts("tokenizer")?
        .into_iter()
        .zip([ACCENT, SECOND, THIRD, "currentColor"])
        .collect();
    let bottom = TOP + GROUP * texts.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 {}\" font-size=\"13\">\n",
        bottom + 36.0
    );
    for (index, (name, colour)) in tokenizers.iter().enumerate() {
        let x = LEFT + 132.0 * index as f64;
        writeln!(
            svg,
            "<rect x=\"{x}\" y=\"6\" width=\"12\" height=\"12\" fill=\"{colour}\"/>\n\
             <text x=\"{}\" y=\"17\" fill=\"currentColor\">{name}</text>",
            x + 18.0
        )?;
    }
    for mark in 0..=4 {
        let x = LEFT + UNIT * f64::from(mark);
        writeln!(
            svg,
            "<line x1=\"{x}\" x2=\"{x}\" y1=\"{TOP}\" y2=\"{bottom}\" stroke=\"currentColor\" opacity=\"0.25\"/>\n\
             <text x=\"{x}\" y=\"{}\" text-anchor=\"middle\" fill=\"currentColor\">{mark}</text>",
            bottom + 16.0
        )?;
    }
    writeln!(
        svg,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\" fill=\"currentColor\">characters per token</text>",
        LEFT + 2.0 * UNIT,
        bottom + 32.0
    )?;
    for (group, text) in texts.iter().enumerate() {
        let top = TOP + 6.0 + GROUP * group as f64;
        writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\" fill=\"currentColor\">{text}</text>",
            LEFT - 10.0,
            top + 2.0 * BAR + 4.5
        )?;
        for (index, (name, colour)) in tokenizers.iter().enumerate() {
            let row = table.with(&[("text", text), ("tokenizer", name)])?;
            let ratio = row.numbers("chars")?[0] / row.numbers("tokens")?[0];
            let y = top + BAR * index as f64;
            writeln!(
                svg,
                "<rect x=\"{LEFT}\" y=\"{y}\" width=\"{:.1}\" height=\"{}\" fill=\"{colour}\"/>\n\
                 <text x=\"{:.1}\" y=\"{}\" font-size=\"9.5\" fill=\"currentColor\">{ratio:.2}</text>",
                UNIT * ratio,
                BAR - 1.0,
                LEFT + UNIT * ratio + 4.0,
                y + 7.5
            )?;
        }
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}

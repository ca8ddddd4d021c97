//! The curves as SVG.

use crate::way::WAYS;
use crate::{Curve, STEPS};
use std::fmt::Write;

/// Two panels: the loss in the log, and the loss on held-out answers.
pub fn draw(curves: &[Curve]) -> anyhow::Result<String> {
    let (width, height, top) = (250.0, 220.0, 30.0);
    let mut svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 760 300\" font-family=\"ui-monospace, Menlo, Consolas, monospace\">\n".to_string();
    let most = 7.0;
    for (panel, title) in ["the loss in the log", "nats per held-out answer token"]
        .iter()
        .enumerate()
    {
        let left = 40.0 + panel as f64 * (width + 50.0);
        let x = |step: u64| left + width * step as f64 / STEPS as f64;
        let y = |loss: f64| top + height * (1.0 - loss / most);
        writeln!(
            svg,
            "<text x=\"{left}\" y=\"16\" font-size=\"12\" fill=\"currentColor\">{title}</text>"
        )?;
        for level in [0.0, 2.0, 4.0, 6.0] {
            writeln!(
                svg,
                "<line x1=\"{left}\" y1=\"{0:.1}\" x2=\"{1}\" y2=\"{0:.1}\" stroke=\"#7a8699\" stroke-width=\"0.5\"/>",
                y(level),
                left + width
            )?;
            writeln!(
                svg,
                "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\" font-size=\"11\" fill=\"currentColor\">{level}</text>",
                left - 6.0,
                y(level) + 4.0
            )?;
        }
        for step in [0, STEPS / 2, STEPS] {
            writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\" font-size=\"11\" fill=\"currentColor\">{step}</text>",
                x(step),
                top + height + 18.0
            )?;
        }
        for (way, curve) in WAYS.iter().zip(curves) {
            let points: Vec<String> = curve
                .iter()
                .map(|(step, logged, score)| {
                    let loss = if panel == 0 { *logged } else { score.answer };
                    format!("{:.1},{:.1}", x(*step), y(loss))
                })
                .collect();
            writeln!(
                svg,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>",
                points.join(" "),
                way.colour
            )?;
        }
    }
    for (index, way) in WAYS.iter().enumerate() {
        let y = 40.0 + 20.0 * index as f64;
        writeln!(
            svg,
            "<text x=\"632\" y=\"{y}\" font-size=\"12\" fill=\"{}\">{}</text>",
            way.colour, way.name
        )?;
    }
    writeln!(
        svg,
        "<text x=\"316\" y=\"290\" text-anchor=\"middle\" font-size=\"11\" fill=\"currentColor\">step</text>\n</svg>"
    )?;
    Ok(svg)
}

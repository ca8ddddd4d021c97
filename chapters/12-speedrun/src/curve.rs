// ANCHOR: head
//! A curve as SVG that reads well on white and on black.

use anyhow::{Context, Result, anyhow};
use plotters::prelude::*;
use std::path::Path;
// ANCHOR_END: head

// ANCHOR: curve
/// One line of a figure.
pub struct Series {
    pub label: String,
    pub points: Vec<(f64, f64)>,
}

/// A grey that stands out from white and from black alike.
const INK: RGBColor = RGBColor(128, 128, 128);
const COLOURS: [RGBColor; 4] = [
    RGBColor(46, 134, 193),
    RGBColor(214, 90, 49),
    RGBColor(39, 160, 110),
    RGBColor(150, 100, 190),
];

/// Draws the lines into an SVG file on a transparent ground.
pub fn draw(path: &Path, x_label: &str, y_label: &str, series: &[Series]) -> Result<()> {
    let points = || series.iter().flat_map(|line| line.points.iter().copied());
    let bounds = |values: &mut dyn Iterator<Item = f64>| {
        values.fold((f64::MAX, f64::MIN), |(low, high), v| {
            (low.min(v), high.max(v))
        })
    };
    let (left, right) = bounds(&mut points().map(|(x, _)| x));
    let (bottom, top) = bounds(&mut points().map(|(_, y)| y));
    if left >= right {
        return Err(anyhow!(
            "there are fewer than two points to draw in {}",
            path.display()
        ));
    }
    let pad = 0.05 * (top - bottom).max(1e-9);

    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (720, 360)).into_drawing_area();
        let mut chart = ChartBuilder::on(&root)
            .margin(12)
            .x_label_area_size(42)
            .y_label_area_size(56)
            .build_cartesian_2d(left..right, (bottom - pad)..(top + pad))?;
        let text = ("sans-serif", 14).into_font().color(&INK);
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(INK.mix(0.25))
            .axis_style(INK)
            .label_style(text.clone())
            .axis_desc_style(text.clone())
            .x_desc(x_label)
            .y_desc(y_label)
            .x_label_formatter(&|x| format!("{x:.0}"))
            .y_label_formatter(&|y| format!("{y:.2}"))
            .draw()?;
        for (index, line) in series.iter().enumerate() {
            let colour = COLOURS[index % COLOURS.len()];
            chart
                .draw_series(LineSeries::new(
                    line.points.iter().copied(),
                    colour.stroke_width(2),
                ))?
                .label(line.label.clone())
                .legend(move |(x, y)| {
                    PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2))
                });
        }
        chart
            .configure_series_labels()
            .border_style(TRANSPARENT)
            .background_style(TRANSPARENT)
            .label_font(text)
            .draw()?;
        root.present()?;
    }
    let folder = path.parent().context("a figure has a folder")?;
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    crate::run_folder::write_whole(path, &svg)
}
// ANCHOR_END: curve

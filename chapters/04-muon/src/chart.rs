// ANCHOR: head
//! Loss curves as a picture, for light and dark pages.

use crate::race::Curve;
use plotters::prelude::*;
use std::error::Error;
// ANCHOR_END: head

// ANCHOR: chart
const SIZE: (u32, u32) = (720, 420);
/// Told apart by most colour-blind eyes too, on white and on black.
const COLOURS: [RGBColor; 3] = [
    RGBColor(213, 94, 0),
    RGBColor(0, 142, 204),
    RGBColor(0, 158, 115),
];

/// Draws losses over steps, logarithmically, as SVG. Axes and text take the colour of the page's own text.
///
/// # Errors
/// What the drawing library says (nothing, for finite losses).
pub fn svg(curves: &[Curve], title: &str) -> Result<String, Box<dyn Error>> {
    let steps = curves
        .iter()
        .map(|curve| curve.losses.len())
        .max()
        .unwrap_or(1)
        - 1;
    // A logarithmic axis has no place for zero; a loss below this is rounding.
    let losses = || {
        curves
            .iter()
            .flat_map(|curve| &curve.losses)
            .map(|loss| loss.max(1e-12))
    };
    let (low, high) = (
        losses().fold(f64::INFINITY, f64::min),
        losses().fold(0.0, f64::max),
    );

    let mut text = String::new();
    {
        let page = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
        let mut chart = ChartBuilder::on(&page)
            .caption(title, ("sans-serif", 18))
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(64)
            .build_cartesian_2d(0..steps, (low / 1.5..high * 1.5).log_scale())?;
        chart
            .configure_mesh()
            .disable_mesh()
            .x_desc("step")
            .y_desc("loss")
            .y_label_formatter(&|loss| format!("{loss:.0e}"))
            .label_style(("sans-serif", 13))
            .draw()?;
        for (curve, colour) in curves.iter().zip(COLOURS.iter().cycle()) {
            let points = curve
                .losses
                .iter()
                .enumerate()
                .map(|(step, loss)| (step, loss.max(1e-12)));
            let name = format!("{}, rate {}", curve.contestant.name(), curve.rate);
            chart
                .draw_series(LineSeries::new(points, colour.stroke_width(2)))?
                .label(name)
                .legend(move |(x, y)| {
                    PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2))
                });
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::LowerLeft)
            .margin(12)
            .label_font(("sans-serif", 13))
            .draw()?;
        page.present()?;
    }
    Ok(text.replace("\"#000000\"", "\"currentColor\""))
}
// ANCHOR_END: chart

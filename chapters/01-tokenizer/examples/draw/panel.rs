//! Line charts beside one another.

use std::fmt::Write;

#[derive(Clone)]
pub struct Axis {
    pub name: &'static str,
    /// Where a line of the grid is drawn, and what stands at it; the first and the last are the ends of the axis.
    ticks: Vec<(f64, &'static str)>,
    log: bool,
}

impl Axis {
    pub fn log(name: &'static str, ticks: &[(f64, &'static str)]) -> Axis {
        let ticks = ticks.to_vec();
        let log = true;
        Axis { name, ticks, log }
    }

    pub fn linear(name: &'static str, ticks: &[(f64, &'static str)]) -> Axis {
        let ticks = ticks.to_vec();
        let log = false;
        Axis { name, ticks, log }
    }

    /// Where a value lies between the ends, 0 to 1.
    fn share(&self, value: f64) -> f64 {
        let scale = |value: f64| if self.log { value.ln() } else { value };
        let (first, last) = (self.ticks[0].0, self.ticks[self.ticks.len() - 1].0);
        (scale(value) - scale(first)) / (scale(last) - scale(first))
    }
}

pub struct Series {
    pub name: String,
    pub colour: &'static str,
    pub points: Vec<(f64, f64)>,
    /// Where the name begins, in the units of the axes.
    pub label_at: (f64, f64),
}

pub struct Panel {
    pub title: &'static str,
    pub x: Axis,
    pub y: Axis,
    pub series: Vec<Series>,
}

const LEFT: f64 = 52.0;
const TOP: f64 = 34.0;
const HEIGHT: f64 = 190.0;

/// The panels from left to right, each `width` wide.
pub fn row(panels: &[Panel], width: f64) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} 268\" font-size=\"12\">\n",
        width * panels.len() as f64
    );
    for (index, panel) in panels.iter().enumerate() {
        svg.push_str(&draw(panel, index as f64 * width, width - LEFT - 16.0));
    }
    svg.push_str("</svg>\n");
    svg
}

fn draw(panel: &Panel, left: f64, width: f64) -> String {
    let x = |value: f64| left + LEFT + width * panel.x.share(value);
    let y = |value: f64| TOP + HEIGHT * (1.0 - panel.y.share(value));
    let (start, end, bottom) = (left + LEFT, left + LEFT + width, TOP + HEIGHT);
    let mut svg = String::new();
    let mut line = |text: String| {
        svg.push_str(&text);
        svg.push('\n');
    };
    line(format!(
        "<text x=\"{start:.1}\" y=\"18\" font-size=\"13\" font-weight=\"600\" fill=\"currentColor\">{}</text>",
        panel.title
    ));
    for &(value, label) in &panel.y.ticks {
        let at = y(value);
        line(format!(
            "<line x1=\"{start:.1}\" x2=\"{end:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"currentColor\" opacity=\"0.18\"/>"
        ));
        line(format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"currentColor\">{label}</text>",
            start - 6.0,
            at + 4.0
        ));
    }
    for &(value, label) in &panel.x.ticks {
        let at = x(value);
        line(format!(
            "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{bottom}\" y2=\"{}\" stroke=\"currentColor\"/>",
            bottom + 5.0
        ));
        line(format!(
            "<text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\" fill=\"currentColor\">{label}</text>",
            bottom + 19.0
        ));
    }
    line(format!(
        "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\" fill=\"currentColor\">{}</text>",
        (start + end) / 2.0,
        bottom + 37.0,
        panel.x.name
    ));
    for series in &panel.series {
        let mut points = String::new();
        for &(a, b) in &series.points {
            let _ = write!(points, "{:.1},{:.1} ", x(a), y(b));
        }
        let colour = series.colour;
        line(format!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            points.trim_end()
        ));
        for &(a, b) in &series.points {
            line(format!(
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{colour}\"/>",
                x(a),
                y(b)
            ));
        }
        line(format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\" font-weight=\"600\">{}</text>",
            x(series.label_at.0),
            y(series.label_at.1),
            series.name
        ));
    }
    svg
}

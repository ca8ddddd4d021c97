//! Line charts beside one another.

use std::fmt::Write;

#[derive(Clone)]
pub struct Axis {
    pub name: &'static str,
    /// Where a line of the grid is drawn, and what stands at it; the first and the last are the ends of the axis.
    pub ticks: Vec<(f64, &'static str)>,
    pub log: bool,
}

impl Axis {
    pub fn linear(name: &'static str, ticks: &[(f64, &'static str)]) -> Axis {
        let ticks = ticks.to_vec();
        Axis {
            name,
            ticks,
            log: false,
        }
    }

    pub fn log(name: &'static str, ticks: &[(f64, &'static str)]) -> Axis {
        Axis {
            log: true,
            ..Axis::linear(name, ticks)
        }
    }

    fn ends(&self) -> (f64, f64) {
        (self.ticks[0].0, self.ticks[self.ticks.len() - 1].0)
    }

    /// Where a value lies between the ends, 0 to 1; what is outside is drawn at the end.
    fn share(&self, value: f64) -> f64 {
        let scale = |value: f64| if self.log { value.ln() } else { value };
        let (first, last) = self.ends();
        let value = value.clamp(first, last);
        (scale(value) - scale(first)) / (scale(last) - scale(first))
    }
}

pub struct Line {
    pub name: &'static str,
    pub colour: &'static str,
    pub dashed: bool,
    pub dots: bool,
    pub points: Vec<(f64, f64)>,
    /// Where the name begins, in the units of the axes.
    pub label_at: (f64, f64),
}

pub struct Panel {
    pub title: &'static str,
    pub x: Axis,
    pub y: Axis,
    pub lines: Vec<Line>,
}

const LEFT: f64 = 50.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 34.0;
const HEIGHT: f64 = 190.0;
pub const TOTAL_HEIGHT: f64 = 270.0;

/// The panels from left to right, each `width` wide.
pub fn row(panels: &[Panel], width: f64) -> String {
    let drawn: String = (0..)
        .zip(panels)
        .map(|(index, panel)| panel.draw(f64::from(index) * width, width))
        .collect();
    page(width * panels.len() as f64, TOTAL_HEIGHT, &drawn)
}

pub fn page(width: f64, height: f64, content: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-size=\"12\">\n{content}</svg>\n"
    )
}

impl Panel {
    pub fn draw(&self, left: f64, width: f64) -> String {
        let (start, end, bottom) = (left + LEFT, left + width - RIGHT, TOP + HEIGHT);
        let x = |value: f64| start + (end - start) * self.x.share(value);
        let y = |value: f64| TOP + HEIGHT * (1.0 - self.y.share(value));
        let mut svg = String::new();
        let _ = writeln!(
            svg,
            "<text x=\"{start:.1}\" y=\"18\" font-size=\"13\" font-weight=\"600\" fill=\"currentColor\">{}</text>",
            self.title
        );
        for &(value, label) in &self.y.ticks {
            let at = y(value);
            let _ = writeln!(
                svg,
                "<line x1=\"{start:.1}\" x2=\"{end:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"currentColor\" opacity=\"0.18\"/>\n\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"currentColor\">{label}</text>",
                start - 6.0,
                at + 4.0
            );
        }
        for &(value, label) in &self.x.ticks {
            let at = x(value);
            let _ = writeln!(
                svg,
                "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{bottom}\" y2=\"{}\" stroke=\"currentColor\"/>\n\
                 <text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\" fill=\"currentColor\">{label}</text>",
                bottom + 5.0,
                bottom + 19.0
            );
        }
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\" fill=\"currentColor\">{}</text>",
            (start + end) / 2.0,
            bottom + 37.0,
            self.x.name
        );
        for line in &self.lines {
            let mut points = String::new();
            for &(a, b) in &line.points {
                let _ = write!(points, "{:.1},{:.1} ", x(a), y(b));
            }
            let dashes = if line.dashed {
                " stroke-dasharray=\"5 4\""
            } else {
                ""
            };
            let _ = writeln!(
                svg,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"{dashes}/>",
                points.trim_end(),
                line.colour
            );
            for &(a, b) in line.points.iter().filter(|_| line.dots) {
                let _ = writeln!(
                    svg,
                    "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{}\"/>",
                    x(a),
                    y(b),
                    line.colour
                );
            }
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{}\" font-weight=\"600\">{}</text>",
                x(line.label_at.0),
                y(line.label_at.1),
                line.colour,
                line.name
            );
        }
        svg
    }
}

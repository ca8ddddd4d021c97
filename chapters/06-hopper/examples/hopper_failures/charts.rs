//! What was measured, as text, as CSV and as a figure.

use std::fmt::Write;

use crate::{Curve, LATER_STEPS, STEPS};

pub fn print(curve: &Curve) {
    print!("{:<9} {:<22}", curve.chart, curve.name);
    for (_, y) in &curve.points {
        print!(" {y:.3}");
    }
    println!();
}

pub fn csv(curves: &[Curve]) -> String {
    let mut text = "chart,curve,x,y\n".to_string();
    for curve in curves {
        for (x, y) in &curve.points {
            let _ = writeln!(text, "{},{},{x},{y:.4}", curve.chart, curve.name);
        }
    }
    text
}

pub const COLOURS: [&str; 4] = [
    "var(--figure-third)",
    "var(--figure-second)",
    "#a06cd5",
    "var(--figure-accent)",
];

/// Where a chart stands, and from where to where its axes go.
pub struct Chart {
    id: &'static str,
    title: &'static str,
    below: &'static str,
    left: f64,
    x: (f64, f64),
    y: (f64, f64),
    ticks_x: &'static [f64],
    ticks_y: &'static [f64],
    /// Chunks double from one to the next.
    logarithmic: bool,
}

pub fn figure(curves: &[Curve], entropy: f64) -> String {
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 960 320\" font-family=\"ui-monospace, Menlo, Consolas, monospace\" font-size=\"12\">\n",
    );
    let charts = [
        Chart {
            id: "backward",
            title: "loss: wrong backward passes",
            below: "step",
            left: 40.0,
            x: (0.0, STEPS as f64),
            y: (1.6, 3.0),
            ticks_x: &[0.0, 80.0, 160.0, 240.0],
            ticks_y: &[2.0, 2.5, 3.0],
            logarithmic: false,
        },
        Chart {
            id: "bf16",
            title: "loss: training on, small steps",
            below: "step",
            left: 365.0,
            x: (0.0, LATER_STEPS as f64),
            y: (1.6, 3.0),
            ticks_x: &[0.0, 100.0, 200.0, 300.0],
            ticks_y: &[2.0, 2.5, 3.0],
            logarithmic: false,
        },
        Chart {
            id: "chunks",
            title: "gradient off: means of chunks",
            below: "positions in a chunk",
            left: 690.0,
            x: (16.0, 512.0),
            y: (0.0, 1.0),
            ticks_x: &[16.0, 64.0, 256.0],
            ticks_y: &[0.0, 0.25, 0.5, 0.75, 1.0],
            logarithmic: true,
        },
    ];
    for chart in &charts {
        draw(&mut svg, chart, curves, entropy);
    }
    svg + "</svg>\n"
}

pub fn draw(svg: &mut String, chart: &Chart, curves: &[Curve], entropy: f64) {
    const WIDTH: f64 = 240.0;
    const TOP: f64 = 40.0;
    const HEIGHT: f64 = 190.0;
    let along = |x: f64| if chart.logarithmic { x.log2() } else { x };
    let x = |at: f64| {
        let (from, to) = (along(chart.x.0), along(chart.x.1));
        chart.left + WIDTH * (along(at) - from) / (to - from)
    };
    let y = |at: f64| TOP + HEIGHT * (chart.y.1 - at) / (chart.y.1 - chart.y.0);
    let _ = writeln!(
        svg,
        "<text x=\"{}\" y=\"20\" fill=\"currentColor\">{}</text>",
        chart.left, chart.title
    );
    for &tick in chart.ticks_y {
        let at = y(tick);
        let _ = writeln!(
            svg,
            "<line x1=\"{0}\" y1=\"{at:.1}\" x2=\"{1}\" y2=\"{at:.1}\" stroke=\"#7a8699\" stroke-width=\"0.5\"/>\n<text x=\"{2}\" y=\"{3:.1}\" text-anchor=\"end\" fill=\"currentColor\">{tick}</text>",
            chart.left,
            chart.left + WIDTH,
            chart.left - 6.0,
            at + 4.0
        );
    }
    for &tick in chart.ticks_x {
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\" fill=\"currentColor\">{tick}</text>",
            x(tick),
            TOP + HEIGHT + 18.0
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\" fill=\"currentColor\">{}</text>",
        chart.left + WIDTH / 2.0,
        TOP + HEIGHT + 34.0,
        chart.below
    );
    if chart.id == "backward" {
        let at = y(entropy);
        let _ = writeln!(
            svg,
            "<line x1=\"{0}\" y1=\"{at:.1}\" x2=\"{1}\" y2=\"{at:.1}\" stroke=\"currentColor\" stroke-dasharray=\"4 4\"/>",
            chart.left,
            chart.left + WIDTH
        );
    }
    let own = curves.iter().filter(|curve| curve.chart == chart.id);
    for (index, (curve, colour)) in own.zip(COLOURS).enumerate() {
        let points: Vec<String> = curve
            .points
            .iter()
            .map(|&(at, value)| format!("{:.1},{:.1}", x(at), y(value.clamp(chart.y.0, chart.y.1))))
            .collect();
        // Lines that cover one another are told apart by their width.
        let width = if index == 0 { 4.0 } else { 1.8 };
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"/>",
            points.join(" ")
        );
        // The key, below the chart, two entries to a line.
        let (column, line) = ((index % 2) as f64, (index / 2) as f64);
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" font-size=\"11\" fill=\"{colour}\">— {}</text>",
            chart.left - 20.0 + 150.0 * column,
            TOP + HEIGHT + 56.0 + 16.0 * line,
            curve.name
        );
    }
}

//! Panels with lines, side by side, as SVG that reads on light and dark pages.

#[derive(Clone)]
pub struct Series {
    pub name: String,
    /// y is per cent.
    pub points: Vec<(f64, f64)>,
}

pub struct Panel {
    pub title: &'static str,
    pub x: &'static str,
    pub x_log: bool,
    pub y_top: f64,
    pub series: Vec<Series>,
}

const COLOURS: [&str; 3] = [
    "var(--figure-accent, #b8440c)",
    "var(--figure-second, #1f6feb)",
    "var(--figure-third, #2b8a3e)",
];
const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 190.0;
const LEFT: f64 = 40.0;
const TOP: f64 = 40.0;
const GAP: f64 = 62.0;

/// All panels in one drawing.
pub fn chart(panels: &[Panel]) -> String {
    let width = LEFT + panels.len() as f64 * (WIDTH + GAP);
    let height = TOP + HEIGHT + 46.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"system-ui, sans-serif\">\n"
    );
    for (number, panel) in panels.iter().enumerate() {
        draw(&mut svg, panel, LEFT + number as f64 * (WIDTH + GAP));
    }
    svg + "</svg>\n"
}

fn draw(svg: &mut String, panel: &Panel, left: f64) {
    let xs = || {
        panel
            .series
            .iter()
            .flat_map(|series| &series.points)
            .map(|point| point.0)
    };
    let scale = |x: f64| if panel.x_log { x.max(1e-9).ln() } else { x };
    let (low, high) = (
        scale(xs().fold(f64::INFINITY, f64::min)),
        scale(xs().fold(f64::NEG_INFINITY, f64::max)),
    );
    let at_x = |x: f64| left + WIDTH * (scale(x) - low) / (high - low);
    let at_y = |y: f64| TOP + HEIGHT * (1.0 - y.min(panel.y_top) / panel.y_top);
    text(svg, left, 20.0, "start", 13.0, panel.title);
    text(
        svg,
        left + WIDTH / 2.0,
        TOP + HEIGHT + 36.0,
        "middle",
        12.0,
        panel.x,
    );
    for step in 0..=5 {
        let y = panel.y_top * f64::from(step) / 5.0;
        *svg += &format!(
            "<line x1=\"{left}\" x2=\"{}\" y1=\"{1}\" y2=\"{1}\" stroke=\"currentColor\" stroke-opacity=\"0.15\"/>\n",
            left + WIDTH,
            at_y(y)
        );
        text(
            svg,
            left - 6.0,
            at_y(y) + 4.0,
            "end",
            11.0,
            &format!("{y:.0}%"),
        );
    }
    let ticks: Vec<f64> = if panel.x_log {
        vec![1.0, 10.0, 100.0, 1000.0]
    } else {
        (0..=8)
            .map(|step| (high / 8.0 * f64::from(step)).round())
            .filter(|x| *x >= low)
            .collect()
    };
    for x in ticks {
        text(
            svg,
            at_x(x),
            TOP + HEIGHT + 18.0,
            "middle",
            11.0,
            &format!("{x:.0}"),
        );
    }
    for (series, colour) in panel.series.iter().zip(COLOURS) {
        let points: Vec<String> = series
            .points
            .iter()
            .map(|(x, y)| format!("{:.1},{:.1}", at_x(*x), at_y(*y)))
            .collect();
        *svg += &format!(
            "<polyline points=\"{}\" fill=\"none\" style=\"stroke: {colour}\" stroke-width=\"2\"/>\n",
            points.join(" ")
        );
    }
    // The legend stands in the upper right corner, where falling curves leave room.
    for (number, (series, colour)) in panel.series.iter().zip(COLOURS).enumerate() {
        let y = TOP + 12.0 + 16.0 * number as f64;
        *svg += &format!(
            "<line x1=\"{}\" x2=\"{}\" y1=\"{2}\" y2=\"{2}\" style=\"stroke: {colour}\" stroke-width=\"2\"/>\n",
            left + WIDTH - 110.0,
            left + WIDTH - 92.0,
            y - 4.0
        );
        text(svg, left + WIDTH - 86.0, y, "start", 12.0, &series.name);
    }
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, size: f64, text: &str) {
    *svg += &format!(
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" font-size=\"{size}\" fill=\"currentColor\">{text}</text>\n"
    );
}

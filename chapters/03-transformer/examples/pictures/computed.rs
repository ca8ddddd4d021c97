//! Curves that are computed, not measured: the rotation's clocks, the nonlinearity, the cap.

use std::f64::consts::PI;
use std::fmt::Write;

use anyhow::Result;
use tch::Tensor;
use transformer::{Kernels, Plain};

use crate::chart::{Axis, Line, Panel, TOTAL_HEIGHT, page, row};
use crate::{ACCENT, PLAIN, SECOND, THIRD};

/// `count` + 1 numbers from `first` to `last`.
fn steps(first: f64, last: f64, count: usize) -> Vec<f64> {
    (0..=count)
        .map(|step| first + (last - first) * step as f64 / count as f64)
        .collect()
}

/// Three clocks at two places of the row, and what each pair adds over the distance.
pub fn rope() -> String {
    // As in the page's dial.
    const WIDTH: f64 = 24.0;
    let speed = |pair: f64| 10_000f64.powf(-2.0 * pair / WIDTH);
    let mut svg = String::new();
    let places = [(5.0, 3.0), (9.0, 7.0)];
    for (row, &(query, key)) in (0..).zip(&places) {
        let y = 82.0 + 104.0 * f64::from(row);
        let _ = writeln!(
            svg,
            "<text x=\"0\" y=\"{:.1}\" fill=\"{ACCENT}\" font-weight=\"600\">query at {query}</text>\n\
             <text x=\"0\" y=\"{:.1}\" fill=\"{SECOND}\" font-weight=\"600\">key at {key}</text>",
            y - 4.0,
            y + 14.0
        );
        for pair in 0..3 {
            let x = 130.0 + 100.0 * f64::from(pair);
            let _ = writeln!(
                svg,
                "<circle cx=\"{x}\" cy=\"{y}\" r=\"42\" fill=\"none\" stroke=\"currentColor\" opacity=\"0.35\"/>"
            );
            // Both arrows would point upwards at position 0; −tθ turns with the clock.
            for (position, colour) in [(key, SECOND), (query, ACCENT)] {
                let angle = PI / 2.0 - position * speed(f64::from(pair));
                let _ = writeln!(
                    svg,
                    "<line x1=\"{x}\" y1=\"{y}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{colour}\" stroke-width=\"3\" stroke-linecap=\"round\"/>",
                    x + 38.0 * angle.cos(),
                    y - 38.0 * angle.sin()
                );
            }
        }
    }
    for pair in 0..3 {
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"250\" text-anchor=\"middle\" fill=\"currentColor\">pair {pair}</text>",
            130 + 100 * pair
        );
    }
    svg.push_str("<text x=\"82\" y=\"18\" font-size=\"13\" font-weight=\"600\" fill=\"currentColor\">two places, one distance</text>\n");
    let cosine = |pair: f64, name, colour, dashed, label_at| Line {
        name,
        colour,
        dashed,
        dots: false,
        points: steps(0.0, 24.0, 192)
            .into_iter()
            .map(|distance| (distance, (distance * speed(pair)).cos()))
            .collect(),
        label_at,
    };
    let over_distance = Panel {
        title: "what a pair adds, over the distance",
        x: Axis::linear(
            "positions between query and key",
            &[
                (0.0, "0"),
                (6.0, "6"),
                (12.0, "12"),
                (18.0, "18"),
                (24.0, "24"),
            ],
        ),
        y: Axis::linear("", &[(-1.0, "−1"), (0.0, "0"), (1.0, "+1"), (1.3, "")]),
        lines: vec![
            cosine(0.0, "pair 0", ACCENT, false, (1.5, 1.1)),
            cosine(1.0, "pair 1", SECOND, false, (7.0, 1.1)),
            cosine(2.0, "pair 2", THIRD, false, (12.5, 1.1)),
            cosine(4.0, "pair 4", PLAIN, true, (18.0, 1.1)),
        ],
    };
    svg += &over_distance.draw(400.0, 360.0);
    page(760.0, TOTAL_HEIGHT, &svg)
}

/// relu² beside relu and gelu: the values and the slopes, by the crate's and the library's own functions.
pub fn relu_squared() -> Result<String> {
    type Function = fn(&Tensor) -> Tensor;
    let functions: [(&'static str, &'static str, bool, Function); 3] = [
        ("relu²", ACCENT, false, |x| Plain.relu_squared(x)),
        ("relu", SECOND, false, Tensor::relu),
        ("gelu", THIRD, true, |x| x.gelu("none")),
    ];
    let inputs: Vec<f32> = steps(-2.0, 2.0, 200)
        .into_iter()
        .map(|x| x as f32)
        .collect();
    let (mut values, mut slopes) = (Vec::new(), Vec::new());
    for (index, (name, colour, dashed, function)) in functions.into_iter().enumerate() {
        let x = Tensor::from_slice(&inputs).set_requires_grad(true);
        let y = function(&x);
        y.sum(tch::Kind::Float).backward();
        let line = |y: &Tensor, label_at| -> Result<Line> {
            let y: Vec<f32> = y.detach().try_into()?;
            let points = inputs
                .iter()
                .zip(y)
                .map(|(&x, y)| (f64::from(x), f64::from(y)));
            Ok(Line {
                name,
                colour,
                dashed,
                dots: false,
                points: points.collect(),
                label_at,
            })
        };
        values.push(line(&y, [(0.95, 2.6), (1.62, 1.28), (-1.4, -0.36)][index])?);
        slopes.push(line(
            &x.grad(),
            [(0.85, 2.6), (1.5, 0.72), (0.2, 1.28)][index],
        )?);
    }
    let x = Axis::linear(
        "input",
        &[
            (-2.0, "−2"),
            (-1.0, "−1"),
            (0.0, "0"),
            (1.0, "1"),
            (2.0, "2"),
        ],
    );
    let y = Axis::linear(
        "",
        &[
            (-0.5, ""),
            (0.0, "0"),
            (1.0, "1"),
            (2.0, "2"),
            (3.0, "3"),
            (4.0, "4"),
        ],
    );
    let panels = [
        Panel {
            title: "value",
            x: x.clone(),
            y: y.clone(),
            lines: values,
        },
        Panel {
            title: "slope",
            x,
            y,
            lines: slopes,
        },
    ];
    Ok(row(&panels, 360.0))
}

/// The score of a query with a key over the angle between them, for keys of three lengths, D = 16.
pub fn scores() -> Panel {
    let curve = |length: f64, name, colour, dashed, label_at| Line {
        name,
        colour,
        dashed,
        dots: false,
        points: steps(0.0, 180.0, 90)
            .into_iter()
            .map(|angle| (angle, 4.0 * length * (angle * PI / 180.0).cos()))
            .collect(),
        label_at,
    };
    Panel {
        title: "score over the angle of query and key",
        x: Axis::linear(
            "degrees",
            &[
                (0.0, "0"),
                (45.0, "45"),
                (90.0, "90"),
                (135.0, "135"),
                (180.0, "180"),
            ],
        ),
        y: Axis::linear(
            "",
            &[
                (-12.0, "−12"),
                (-8.0, ""),
                (-4.0, "−4"),
                (0.0, "0"),
                (4.0, "+4"),
                (8.0, ""),
                (12.0, "+12"),
            ],
        ),
        lines: vec![
            curve(3.0, "a key three times as long", SECOND, true, (38.0, 9.0)),
            curve(0.5, "half as long", THIRD, true, (6.0, 0.5)),
            curve(1.0, "normalised: all of them", ACCENT, false, (112.0, -0.6)),
        ],
    }
}

/// The cap and its slope.
pub fn softcap() -> [Panel; 2] {
    let curve = |of: &dyn Fn(f64) -> f64| -> Vec<(f64, f64)> {
        steps(-45.0, 45.0, 180)
            .into_iter()
            .map(|x| (x, of(x)))
            .collect()
    };
    let line = |name, colour, dashed, points, label_at| Line {
        name,
        colour,
        dashed,
        dots: false,
        points,
        label_at,
    };
    let x = Axis::linear(
        "logit before the cap",
        &[
            (-45.0, "−45"),
            (-15.0, "−15"),
            (0.0, "0"),
            (15.0, "15"),
            (45.0, "45"),
        ],
    );
    let value = Panel {
        title: "logit after the cap",
        x: x.clone(),
        y: Axis::linear(
            "",
            &[
                (-20.0, ""),
                (-15.0, "−15"),
                (0.0, "0"),
                (15.0, "15"),
                (20.0, ""),
            ],
        ),
        lines: vec![
            line(
                "no cap",
                PLAIN,
                true,
                vec![(-20.0, -20.0), (20.0, 20.0)],
                (18.5, 17.0),
            ),
            line(
                "15 · tanh(ℓ / 15)",
                ACCENT,
                false,
                curve(&|x| 15.0 * (x / 15.0).tanh()),
                (12.0, 6.5),
            ),
        ],
    };
    let slope = Panel {
        title: "slope of the cap",
        x,
        y: Axis::linear("", &[(0.0, "0"), (0.5, "0.5"), (1.0, "1")]),
        lines: vec![line(
            "",
            ACCENT,
            false,
            curve(&|x| 1.0 - (x / 15.0).tanh().powi(2)),
            (0.0, 0.0),
        )],
    };
    [value, slope]
}

//! What five rounds of Newton–Schulz and of Polar Express do to a singular value: a table, and a figure.
//!
//! `cargo run --example singular_values`, or with `-- --svg PATH` for the figure too. The polynomials are not written
//! out again here: the crate's own functions get diagonal matrices, whose singular values stand on the diagonal.
//! diag(x, √(1 − x²)) has a Frobenius norm of 1, so the first division leaves Newton–Schulz's x alone.

use anyhow::{Context, Result, bail};
use std::fmt::Write;
use tch::{Device, Kind, Tensor};

const ROUNDS: usize = 5;
const WHITE: &str = "#7a8699";
/// Round 1 to round 5.
const COLOURS: [&str; ROUNDS] = [
    "#b8860b",
    "#a06cd5",
    "var(--figure-second)",
    "var(--figure-third)",
    "var(--figure-accent)",
];

type Iteration = fn(&Tensor, usize, Kind) -> Tensor;
const ITERATIONS: [(&str, Iteration); 2] = [
    ("Newton–Schulz", muon::orthogonalise),
    ("Polar Express", muon::polar_express),
];

fn main() -> Result<()> {
    tensors::start(&tensors::Choice {
        device: Some("cpu".to_string()),
        ..Default::default()
    })?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    for (name, iteration) in ITERATIONS {
        println!("{name}: a singular value after so many rounds");
        println!("     in       1       2       3       4       5");
        let inputs = [0.0001, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 0.7, 1.0];
        let rounds: Vec<Vec<f64>> = (1..=ROUNDS)
            .map(|n| outputs(iteration, &inputs, n))
            .collect();
        for (index, input) in inputs.iter().enumerate() {
            print!("{input:>7}");
            rounds
                .iter()
                .for_each(|round| print!("{:>8.4}", round[index]));
            println!();
        }
    }
    println!(
        "\n256 × 256 normal numbers: singular values, divided by the Frobenius norm, and after five rounds"
    );
    println!("                    smallest   median  largest");
    tensors::seed_everything(1);
    let matrix = Tensor::randn([1, 256, 256], (Kind::Float, Device::Cpu));
    row("before", &(&matrix / matrix.norm()));
    for (name, iteration) in ITERATIONS {
        row(name, &iteration(&matrix, ROUNDS, Kind::Float));
        row(
            &format!("{name}, bf16"),
            &iteration(&matrix, ROUNDS, Kind::BFloat16),
        );
    }
    match arguments.as_slice() {
        [] => Ok(()),
        [flag, path] if flag == "--svg" => {
            std::fs::write(path, figure()).with_context(|| format!("cannot write {path}"))
        }
        _ => bail!("usage: singular_values [--svg PATH]"),
    }
}

/// Inputs in [0, 1] -> each after `rounds` rounds.
fn outputs(iteration: Iteration, inputs: &[f64], rounds: usize) -> Vec<f64> {
    let diagonal: Vec<f64> = inputs
        .iter()
        .flat_map(|x| [*x, 0.0, 0.0, (1.0 - x * x).sqrt()])
        .collect();
    let stack = Tensor::from_slice(&diagonal).view([-1, 2, 2]); // (N, 2, 2)
    let result = iteration(&stack, rounds, Kind::Double);
    (0..inputs.len() as i64)
        .map(|n| result.double_value(&[n, 0, 0]))
        .collect()
}

fn row(name: &str, matrix: &Tensor) {
    let (_, values, _) = matrix.to_kind(Kind::Double).svd(true, false);
    let value = |at: Tensor| at.double_value(&[]);
    println!(
        "{name:<20}{:>8.4} {:>8.4} {:>8.4}",
        value(values.min()),
        value(values.median()),
        value(values.max())
    );
}

/// Two panels below each other: the value that goes in, logarithmically, and what comes out.
fn figure() -> String {
    let inputs: Vec<f64> = (0..=480)
        .map(|i| 10f64.powf(-3.0 + i as f64 / 160.0))
        .collect();
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 640\" font-family=\"ui-monospace, Menlo, Consolas, monospace\" font-size=\"13\">\n",
    );
    for (panel, (name, iteration)) in ITERATIONS.into_iter().enumerate() {
        let top = 30.0 + 310.0 * panel as f64;
        let x = |input: f64| 50.0 + 500.0 * (input.log10() + 3.0) / 3.0;
        let y = |output: f64| top + 230.0 - 230.0 * output / 2.1;
        let _ = writeln!(
            svg,
            "<text x=\"50\" y=\"{}\" fill=\"currentColor\" font-size=\"15\">{name}</text>",
            top - 10.0
        );
        for output in [0.0, 0.5, 1.0, 1.5, 2.0] {
            let _ = writeln!(
                svg,
                "<line x1=\"50\" y1=\"{0:.1}\" x2=\"550\" y2=\"{0:.1}\" stroke=\"{WHITE}\" stroke-width=\"0.6\"/>\n<text x=\"42\" y=\"{1:.1}\" text-anchor=\"end\" fill=\"currentColor\">{output}</text>",
                y(output),
                y(output) + 4.0
            );
        }
        for input in [0.001, 0.01, 0.1, 1.0] {
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"currentColor\">{input}</text>",
                x(input),
                y(0.0) + 18.0
            );
        }
        let line = |values: &[f64]| {
            let points = inputs.iter().zip(values);
            let points =
                points.map(|(input, output)| format!("{:.1},{:.1}", x(*input), y(*output)));
            points.collect::<Vec<_>>().join(" ")
        };
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"currentColor\" stroke-dasharray=\"4 4\"/>",
            line(&inputs)
        );
        for (round, colour) in (1..=ROUNDS).zip(COLOURS) {
            let values = outputs(iteration, &inputs, round);
            let (width, opacity) = if round == ROUNDS {
                (2.5, 1.0)
            } else {
                (1.2, 0.6)
            };
            let _ = writeln!(
                svg,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\" stroke-opacity=\"{opacity}\"/>",
                line(&values)
            );
            let _ = writeln!(
                svg,
                "<text x=\"562\" y=\"{:.1}\" fill=\"{colour}\">round {round}</text>",
                y(2.1) + 20.0 * round as f64
            );
        }
        let _ = writeln!(
            svg,
            "<text x=\"562\" y=\"{:.1}\" fill=\"currentColor\">before</text>",
            y(2.1) + 120.0
        );
        let _ = writeln!(
            svg,
            "<text x=\"300\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"currentColor\">singular value in</text>",
            y(0.0) + 38.0
        );
    }
    svg + "</svg>\n"
}

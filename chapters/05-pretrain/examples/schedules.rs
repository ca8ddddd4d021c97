//! The two schedules over a run: rate, Muon's momentum and Muon's weight decay, as a table and a figure.
//!
//! `cargo run --example schedules`, or with `-- --svg PATH` for the figure too. Nothing is computed here that
//! [`pretrain::Schedule`] does not compute.

use anyhow::{Context, Result, bail};
use pretrain::Schedule;
use std::fmt::Write;

/// The steps of nanochat's depth 12 in July 2026.
const STEPS: u64 = 2_520;
const COLOURS: [&str; 2] = ["var(--figure-second)", "var(--figure-accent)"];

type Value = fn(&Schedule, u64) -> f64;
/// (title, lowest and highest value drawn, the value)
const PANELS: [(&str, f64, f64, Value); 3] = [
    ("learning rate, multiplier", 0.0, 1.0, Schedule::multiplier),
    ("Muon's momentum", 0.84, 0.98, Schedule::momentum),
    (
        "Muon's weight decay, multiplier",
        0.0,
        1.0,
        Schedule::weight_decay,
    ),
];

fn main() -> Result<()> {
    let schedules = [
        ("October 2025", Schedule::october_2025(STEPS, 0.0, 0.2, 0.0)),
        ("July 2026", Schedule::july_2026(STEPS, 40, 0.65, 0.05)),
    ];
    for (name, schedule) in &schedules {
        println!("{name}, {STEPS} steps");
        println!("   step    rate  momentum   decay");
        for step in [0, 39, 300, 400, 882, 1260, 2016, 2268, 2519] {
            let at = schedule.at(step);
            println!(
                "{step:>7} {:>7.4} {:>9.4} {:>7.4}",
                at.lr, at.momentum, at.weight_decay
            );
        }
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [] => Ok(()),
        [flag, path] if flag == "--svg" => {
            std::fs::write(path, figure(&schedules)).with_context(|| format!("cannot write {path}"))
        }
        _ => bail!("usage: schedules [--svg PATH]"),
    }
}

fn figure(schedules: &[(&str, Schedule)]) -> String {
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 560\" font-family=\"ui-monospace, Menlo, Consolas, monospace\" font-size=\"13\">\n",
    );
    for (panel, (title, low, high, value)) in PANELS.into_iter().enumerate() {
        let top = 34.0 + 172.0 * panel as f64;
        let x = |step: u64| 56.0 + 560.0 * step as f64 / STEPS as f64;
        let y = |value: f64| top + 110.0 - 110.0 * (value - low) / (high - low);
        let _ = writeln!(
            svg,
            "<text x=\"56\" y=\"{}\" fill=\"currentColor\" font-size=\"14\">{title}</text>",
            top - 14.0
        );
        for tick in [low, (low + high) / 2.0, high] {
            let _ = writeln!(
                svg,
                "<line x1=\"56\" y1=\"{0:.1}\" x2=\"616\" y2=\"{0:.1}\" stroke=\"#7a8699\" stroke-width=\"0.5\"/>\n<text x=\"48\" y=\"{1:.1}\" text-anchor=\"end\" fill=\"currentColor\">{2}</text>",
                y(tick),
                y(tick) + 4.0,
                (tick * 100.0).round() / 100.0
            );
        }
        for ((name, schedule), (colour, at)) in
            schedules.iter().zip(COLOURS.into_iter().zip([370, 500]))
        {
            let points: Vec<String> = (0..=STEPS)
                .filter(|step| step % 10 == 0 || *step == 39)
                .map(|step| format!("{:.1},{:.1}", x(step), y(value(schedule, step))))
                .collect();
            let _ = writeln!(
                svg,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
                points.join(" ")
            );
            if panel == 0 {
                let _ = writeln!(
                    svg,
                    "<text x=\"{at}\" y=\"{}\" fill=\"{colour}\">{name}</text>",
                    top - 14.0
                );
            }
        }
        for step in (0..=STEPS).step_by(504) {
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"currentColor\">{step}</text>",
                x(step),
                y(low) + 18.0
            );
        }
    }
    svg + "<text x=\"336\" y=\"552\" text-anchor=\"middle\" fill=\"currentColor\">step</text>\n</svg>\n"
}

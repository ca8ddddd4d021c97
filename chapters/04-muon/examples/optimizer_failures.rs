//! Three ways to get Muon wrong that nothing complains of: orthogonalised before the mean is taken, one matrix's gradient added to
//! another's, tables trained as matrices. `cargo run --example optimizer_failures [-- FOLDER]`; with a folder the
//! numbers go there as `04-failures.csv` and the figure as `04-failures.svg`.
//!
//! The problem is the race's, with what a language model has besides: gradients of a few inputs, with noise. Two hidden matrices are to
//! be found by two ranks, which see half of the inputs each. They take turns here, in one thread; what is added to what is all
//! that an order of operations decides.

use anyhow::{Context, Result, bail};
use muon::{AdamWStep, PlainUpdates, Updates, orthogonalise};
use std::fmt::Write;
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// R = C of both matrices.
const SIZE: i64 = 32;
/// How much louder the inputs' loudest direction is than their quietest.
const SPREAD: f64 = 100.0;
/// Inputs of one rank in one step.
const ROWS: i64 = 16;
/// Standard deviation of what the targets have added to them.
const NOISE: f64 = 0.5;
const STEPS: usize = 300;
const EVERY: usize = 10;
const MOMENTUM: f64 = 0.95;
const RATES: [f64; 6] = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5];
const CPU: (Kind, Device) = (Kind::Float, Device::Cpu);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    Right,
    /// Each step's gradient is orthogonalised, and the momentum is the mean of that.
    NoiseMadeLoud,
    /// Rank 1 sends the gradients of the two matrices in the other order.
    Exchanged,
}

fn main() -> Result<()> {
    tensors::start(&tensors::Choice {
        device: Some("cpu".to_string()),
        ..Default::default()
    })?;
    let world = World::new(11);
    println!(
        "loss after a step, each at the best of {} rates",
        RATES.len()
    );
    println!("                                     0      100      200      300    rate");
    let mut losses = Vec::new();
    for (name, fault) in [
        ("right", Fault::Right),
        ("orthogonalised, then averaged", Fault::NoiseMadeLoud),
        ("two matrices exchanged on rank 1", Fault::Exchanged),
    ] {
        let (rate, curve) = best(&world, fault);
        print!("{name:<33}");
        for step in [0, 100, 200, 300] {
            print!("{:>9.5}", curve[step / EVERY]);
        }
        println!("{rate:>8}");
        losses.push((name, curve));
    }
    println!(
        "\nhow far the rows of tokens that never occur have moved, root mean square, after so many steps"
    );
    println!("                                     0      100      200      300");
    let mut rows = Vec::new();
    for (name, muon) in [("table by AdamW", false), ("table by Muon", true)] {
        let curve = rows_that_never_occur(muon);
        print!("{name:<33}");
        for step in [0, 100, 200, 300] {
            print!("{:>9.5}", curve[step / EVERY]);
        }
        println!();
        rows.push((name, curve));
    }
    match std::env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => Ok(()),
        [folder] => write(Path::new(folder), &losses, &rows),
        _ => bail!("usage: optimizer_failures [FOLDER]"),
    }
}

/// What is to be found, and the inputs' directions.
struct World {
    /// Two of (R, C).
    hidden: [Tensor; 2],
    /// (C, C): an input is a row of normal numbers times this.
    spread: Tensor,
}

impl World {
    fn new(seed: i64) -> World {
        tch::manual_seed(seed);
        let normal = || Tensor::randn([SIZE, SIZE], CPU);
        let (rotation, _) = Tensor::linalg_qr(&normal(), "reduced"); // (C, C)
        let sizes = Tensor::linspace(0.0, -SPREAD.ln(), SIZE, CPU).exp(); // (C)
        World {
            hidden: [normal(), normal()],
            spread: sizes.unsqueeze(1) * rotation,
        }
    }

    /// A rank's gradient (R, C) for one of the matrices, from inputs of its own.
    fn gradient(&self, of: usize, weights: &Tensor) -> Tensor {
        let inputs = Tensor::randn([ROWS, SIZE], CPU).matmul(&self.spread); // (B, C)
        let wrong = weights - &self.hidden[of]; // (R, C)
        let noise = Tensor::randn([ROWS, SIZE], CPU) * NOISE; // (B, R)
        let errors = inputs.matmul(&wrong.tr()) + noise; // (B, R)
        errors.tr().matmul(&inputs) / ROWS as f64 // (R, B) · (B, C) -> (R, C)
    }

    /// What the loss would be on all inputs there are, without the noise, over both matrices.
    fn loss(&self, weights: &[Tensor; 2]) -> f64 {
        let of = |(hidden, weights): (&Tensor, &Tensor)| {
            let outputs = (weights - hidden).matmul(&self.spread.tr()); // (R, C)
            0.5 * outputs.square().sum(Kind::Double).double_value(&[])
        };
        self.hidden.iter().zip(weights).map(of).sum::<f64>() / (2 * SIZE) as f64
    }
}

/// Of a fault, the best rate and its losses.
fn best(world: &World, fault: Fault) -> (f64, Vec<f64>) {
    let runs = RATES.map(|rate| (rate, train(world, fault, rate)));
    let last = |curve: &[f64]| *curve.last().expect("a loss at step 0 at least");
    let mut runs = runs.to_vec();
    runs.sort_by(|a, b| last(&a.1).total_cmp(&last(&b.1)));
    runs.swap_remove(0)
}

fn train(world: &World, fault: Fault, rate: f64) -> Vec<f64> {
    tch::manual_seed(5);
    let mut weights = [0, 1].map(|_| Tensor::zeros([SIZE, SIZE], CPU));
    let mut momentum = Tensor::zeros([2, SIZE, SIZE], CPU); // (N, R, C)
    let mut losses = Vec::new();
    for step in 0..=STEPS {
        if step % EVERY == 0 {
            losses.push(world.loss(&weights));
        }
        let [first, second] = [0, 1].map(|rank| {
            let own = [0, 1].map(|of| world.gradient(of, &weights[of]));
            let [one, other] = &own;
            match fault == Fault::Exchanged && rank == 1 {
                true => Tensor::stack(&[other, one], 0),
                false => Tensor::stack(&[one, other], 0),
            }
        });
        let gradient = (first + second) / 2.0; // the all-reduce: (N, R, C)
        let given = match fault {
            Fault::NoiseMadeLoud => orthogonalise(&gradient, 5, Kind::Float),
            _ => gradient,
        };
        let direction = PlainUpdates.muon_momentum(&mut momentum, &given, MOMENTUM, true);
        let updates = match fault {
            Fault::NoiseMadeLoud => direction,
            _ => orthogonalise(&direction, 5, Kind::Float),
        };
        let lr = rate * (1.0 - step as f64 / STEPS as f64);
        let [one, other] = &mut weights;
        PlainUpdates.muon_apply(&mut [one, other], &updates, lr, 0.0);
    }
    losses
}

/// A table (V, C) of which the second half of the rows never has a gradient, because their tokens do not occur.
fn rows_that_never_occur(muon: bool) -> Vec<f64> {
    tch::manual_seed(7);
    let (vocab, width) = (128, 16);
    let mut table = Tensor::zeros([vocab, width], CPU); // (V, C)
    let hidden = Tensor::randn([vocab / 2, width], CPU);
    let (mut first, mut second) = (table.zeros_like(), table.zeros_like());
    let mut momentum = Tensor::zeros([1, vocab, width], CPU);
    let mut moved = Vec::new();
    for step in 0..=STEPS {
        let rare = table.narrow(0, vocab / 2, vocab / 2);
        if step % EVERY == 0 {
            moved.push(rare.square().mean(Kind::Double).sqrt().double_value(&[]));
        }
        // A few of the tokens that occur, each with the way to where its row should be.
        let occur = Tensor::rand([vocab / 2, 1], CPU)
            .lt(0.1)
            .to_kind(Kind::Float);
        let noise = Tensor::randn([vocab / 2, width], CPU) * NOISE;
        let errors = (table.narrow(0, 0, vocab / 2) - &hidden + noise) * occur;
        let gradient = Tensor::cat(&[errors, rare.zeros_like()], 0); // (V, C)
        let lr = 0.02 * (1.0 - step as f64 / STEPS as f64);
        if muon {
            let stack = gradient.unsqueeze(0); // (1, V, C)
            let direction = PlainUpdates.muon_momentum(&mut momentum, &stack, MOMENTUM, true);
            let updates = orthogonalise(&direction, 5, Kind::Float);
            let scale = (vocab as f64 / width as f64).sqrt();
            PlainUpdates.muon_apply(&mut [&mut table], &updates, lr * scale, 0.0);
        } else {
            let numbers = AdamWStep {
                lr,
                betas: (0.8, 0.95),
                eps: 1e-10,
                weight_decay: 0.0,
                step: step as i64 + 1,
            };
            PlainUpdates.adamw(&mut table, &gradient, &mut first, &mut second, &numbers);
        }
    }
    moved
}

type Curve = (&'static str, Vec<f64>);

fn write(folder: &Path, losses: &[Curve], rows: &[Curve]) -> Result<()> {
    let mut csv = String::from("chart,curve,step,value\n");
    for (chart, curves) in [("loss", losses), ("rows", rows)] {
        for (name, curve) in curves {
            for (at, value) in curve.iter().enumerate() {
                writeln!(csv, "{chart},\"{name}\",{},{value:.6}", at * EVERY)?;
            }
        }
    }
    for (name, text) in [
        ("04-failures.csv", csv),
        ("04-failures.svg", figure(losses, rows)),
    ] {
        let path = folder.join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

const COLOURS: [&str; 3] = [
    "var(--figure-third)",
    "var(--figure-accent)",
    "var(--figure-second)",
];

/// Two panels below each other: the losses, logarithmically, and how far rows have moved.
fn figure(losses: &[Curve], rows: &[Curve]) -> String {
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 780 520\" font-family=\"ui-monospace, Menlo, Consolas, monospace\" font-size=\"13\">\n",
    );
    let all = losses.iter().flat_map(|(_, curve)| curve.iter().copied());
    let (low, high) = all.fold((f64::INFINITY, 0.0), |(low, high): (f64, f64), x| {
        (low.min(x), high.max(x))
    });
    let (low, high) = (low.log10().floor(), high.log10().ceil());
    let marks: Vec<(f64, String)> = (low as i32..=high as i32)
        .map(|power| (f64::from(power), format!("1e{power}")))
        .collect();
    let share = |value: f64| (value.log10() - low) / (high - low);
    panel(
        &mut svg,
        30.0,
        "loss, without the noise",
        losses,
        &marks,
        &|value| share(value),
        &|mark| (mark - low) / (high - low),
    );
    let most = rows.iter().flat_map(|(_, curve)| curve.iter().copied());
    let most = most.fold(0.0, f64::max).max(1e-9) * 1.1;
    let marks: Vec<(f64, String)> = (0..5)
        .map(|mark| f64::from(mark) * 0.25)
        .filter(|mark| *mark <= most)
        .map(|mark| (mark, mark.to_string()))
        .collect();
    let title = "rows of tokens that never occur: how far they have moved";
    panel(
        &mut svg,
        295.0,
        title,
        rows,
        &marks,
        &|value| value / most,
        &|mark| mark / most,
    );
    svg + "<text x=\"260\" y=\"512\" text-anchor=\"middle\" fill=\"currentColor\">step</text>\n</svg>\n"
}

/// `share` and `place` give the height of a value and of a mark, 0 at the bottom and 1 at the top.
fn panel(
    svg: &mut String,
    top: f64,
    title: &str,
    curves: &[Curve],
    marks: &[(f64, String)],
    share: &dyn Fn(f64) -> f64,
    place: &dyn Fn(f64) -> f64,
) {
    const HEIGHT: f64 = 180.0;
    let x = |step: f64| 60.0 + 400.0 * step / STEPS as f64;
    let y = |share: f64| top + HEIGHT * (1.0 - share);
    let mut line = |text: String| {
        svg.push_str(&text);
        svg.push('\n');
    };
    line(format!(
        "<text x=\"60\" y=\"{:.1}\" fill=\"currentColor\">{title}</text>",
        top - 12.0
    ));
    for (mark, name) in marks {
        let at = y(place(*mark));
        line(format!(
            "<line x1=\"60\" y1=\"{at:.1}\" x2=\"460\" y2=\"{at:.1}\" stroke=\"#7a8699\" stroke-width=\"0.5\"/>\n<text x=\"52\" y=\"{:.1}\" text-anchor=\"end\" fill=\"currentColor\">{name}</text>",
            at + 4.0
        ));
    }
    for step in (0..=STEPS).step_by(100) {
        line(format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"currentColor\">{step}</text>",
            x(step as f64),
            y(0.0) + 18.0
        ));
    }
    // Labels at the curves' ends, pushed apart where two ends are close.
    let end = |curve: &[f64]| y(share(*curve.last().expect("a curve has points")));
    let mut ends: Vec<(f64, &str, &str)> = curves
        .iter()
        .zip(COLOURS)
        .map(|((name, curve), colour)| (end(curve), *name, colour))
        .collect();
    ends.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut lowest = f64::INFINITY;
    for (end, name, colour) in ends {
        let at = end.min(lowest - 18.0);
        lowest = at;
        line(format!(
            "<text x=\"470\" y=\"{:.1}\" fill=\"{colour}\">{name}</text>",
            at + 4.0
        ));
    }
    for ((_, curve), colour) in curves.iter().zip(COLOURS) {
        let point = |(at, value): (usize, &f64)| {
            format!("{:.1},{:.1}", x((at * EVERY) as f64), y(share(*value)))
        };
        let points: Vec<String> = curve.iter().enumerate().map(point).collect();
        line(format!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            points.join(" ")
        ));
    }
}

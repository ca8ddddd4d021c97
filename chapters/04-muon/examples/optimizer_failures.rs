//! Three ways to get Muon wrong: orthogonalised before the mean is taken, one matrix's gradient added to another's, and no norm before
//! the iteration. And one that is said to be wrong, a table trained as a matrix. `cargo run --example optimizer_failures [-- FOLDER]`;
//! with a folder the numbers go there as `04-failures.csv` and the figure as `04-failures.svg`.
//!
//! The problem is the race's, with what a language model has besides: gradients of a few inputs, with noise. Two hidden matrices are to
//! be found by two ranks, which see half of the inputs each. They take turns here, in one thread; what is added to what is all
//! that an order of operations decides.

use anyhow::{Context, Result, bail};
use muon::{AdamWStep, PlainUpdates, Refinements, Updates, orthogonalise};
use std::fmt::Write;
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// R = C of both matrices.
const SIZE: i64 = 32;
/// How much louder the inputs' loudest direction is than their quietest.
const SPREAD: f64 = 100.0;
/// Inputs of one rank in one step.
const ROWS: i64 = 8;
/// Standard deviation of what the targets have added to them.
const NOISE: f64 = 2.0;
const STEPS: usize = 300;
const EVERY: usize = 10;
const MOMENTUM: f64 = 0.95;
const RATES: [f64; 8] = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0];
const CPU: (Kind, Device) = (Kind::Float, Device::Cpu);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    Right,
    /// Each step's gradient is orthogonalised, and the momentum is the mean of that.
    NoiseMadeLoud,
    /// Rank 1 sends the gradients of the two matrices in the other order.
    Exchanged,
    /// The iteration gets the momentum as it is.
    NoNorm,
}

fn main() -> Result<()> {
    tensors::start(&tensors::Choice {
        device: Some("cpu".to_string()),
        ..Default::default()
    })?;
    let world = World::new(11);
    println!("each at the best of {} rates", RATES.len());
    let losses = table(
        "loss after a step",
        vec![
            ("right", best(|rate| train(&world, Fault::Right, rate))),
            (
                "orthogonalised, then averaged",
                best(|rate| train(&world, Fault::NoiseMadeLoud, rate)),
            ),
            (
                "two matrices exchanged on rank 1",
                best(|rate| train(&world, Fault::Exchanged, rate)),
            ),
            (
                "no norm before the iteration",
                best(|rate| train(&world, Fault::NoNorm, rate)),
            ),
        ],
    );
    let rows = table(
        "share of the way left, rare rows",
        vec![
            ("table by AdamW", best(|rate| rare_rows(false, rate))),
            ("table by Muon", best(|rate| rare_rows(true, rate))),
        ],
    );
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

/// The rate that ends lowest, and its curve.
type Best = (f64, Vec<f64>);

fn best(run: impl Fn(f64) -> Vec<f64>) -> Best {
    let mut runs = RATES.map(|rate| (rate, run(rate))).to_vec();
    let last = |curve: &[f64]| {
        let last = *curve.last().expect("a number at step 0 at least");
        if last.is_nan() { f64::INFINITY } else { last }
    };
    runs.sort_by(|a, b| last(&a.1).total_cmp(&last(&b.1)));
    runs.swap_remove(0)
}

/// Prints the curves at some steps.
fn table(title: &str, curves: Vec<(&'static str, Best)>) -> Vec<Curve> {
    println!("\n{title:<33}       0     100     200     300    rate");
    let row = |(name, (rate, curve)): (&'static str, Best)| {
        print!("{name:<33}");
        for step in [0, 100, 200, 300] {
            print!("{:>8.4}", curve[step / EVERY]);
        }
        println!("{rate:>8}");
        (name, curve)
    };
    curves.into_iter().map(row).collect()
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
            Fault::NoNorm => without_norm(direction),
            _ => orthogonalise(&direction, 5, Kind::Float),
        };
        let lr = rate * (1.0 - step as f64 / STEPS as f64);
        let [one, other] = &mut weights;
        PlainUpdates.muon_apply(&mut [one, other], &updates, lr, 0.0);
    }
    losses
}

/// The rounds alone, (N, R, C) with R = C.
fn without_norm(mut x: Tensor) -> Tensor {
    for (a, b, c) in Refinements::NONE.rounds(5) {
        let gram = x.matmul(&x.transpose(-2, -1)); // (N, R, R)
        let polynomial = &gram * b + gram.matmul(&gram) * c;
        x = &x * a + polynomial.matmul(&x);
    }
    x
}

/// A table (V, C) that is to be found row by row. Token v occurs in a step with probability 1 / (1 + v / 4): the first always, the
/// last three times in a hundred steps. What is left to go for the rarest quarter of the rows, as a share of the whole way.
fn rare_rows(muon: bool, rate: f64) -> Vec<f64> {
    tch::manual_seed(7);
    let (vocab, width) = (128, 16);
    let mut table = Tensor::zeros([vocab, width], CPU); // (V, C)
    let hidden = Tensor::randn([vocab, width], CPU);
    let often = (Tensor::arange(vocab, CPU) / 4.0 + 1.0).reciprocal();
    let often = often.unsqueeze(1); // (V, 1)
    let (mut first, mut second) = (table.zeros_like(), table.zeros_like());
    let mut momentum = Tensor::zeros([1, vocab, width], CPU);
    let mut left = Vec::new();
    for step in 0..=STEPS {
        let wrong = &table - &hidden; // (V, C)
        if step % EVERY == 0 {
            let rare = |table: &Tensor| table.narrow(0, 3 * vocab / 4, vocab / 4).norm();
            left.push((rare(&wrong) / rare(&hidden)).double_value(&[]));
        }
        let occurs = Tensor::rand([vocab, 1], CPU).less_tensor(&often);
        let noise = Tensor::randn([vocab, width], CPU) * 0.1;
        let gradient = (wrong + noise) * occurs.to_kind(Kind::Float); // (V, C)
        let lr = rate * (1.0 - step as f64 / STEPS as f64);
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
    left
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

const COLOURS: [&str; 4] = [
    "var(--figure-third)",
    "var(--figure-accent)",
    "var(--figure-second)",
    "#a06cd5",
];

/// Two panels below each other: the losses, logarithmically, and what rare rows have left to go.
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
    let title = "the rarest quarter of a table's rows: share of the way left";
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
    // One that has become NaN has no place on a chart.
    let finite = |(curve, _): &(&Curve, &str)| curve.1.iter().all(|value| value.is_finite());
    let curves: Vec<(&Curve, &str)> = curves.iter().zip(COLOURS).filter(finite).collect();
    // Labels at the curves' ends, pushed apart where two ends are close.
    let end = |curve: &[f64]| y(share(*curve.last().expect("a curve has points")));
    let mut ends: Vec<(f64, &str, &str)> = curves
        .iter()
        .map(|((name, curve), colour)| (end(curve), *name, *colour))
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
    for ((_, curve), colour) in curves {
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

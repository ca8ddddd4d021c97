//! Four ways to get the loop wrong, beside the right one: bits per byte on held-out text.
//!
//! `cargo run --example training_failures`, or with `-- --svg PATH` for the figure too. The loop is written out, because
//! the crate's own cannot be got wrong from outside. Each line trains the chapter's small model from the same weights on the same rows.

use anyhow::{Context, Result, bail};
use dataset::tidepool::{CorpusSettings, World, write_corpus};
use dataset::{Batch, PackingSettings, PretrainBatches, corpus::OpenSettings, open_corpus};
use muon::{Optimizer, PlainUpdates, Rates2025, Solo, groups_2025};
use pretrain::{Schedule, batch_tensors, bits_per_byte, take_batches, token_bytes_table};
use std::fmt::Write;
use tensors::Machine;
use tokenizer::TrainSettings;
use transformer::{Config, Gpt, Plain};

const ROWS: usize = 4;
const TIME: usize = 64;
const ACCUMULATION: usize = 4;
const STEPS: u64 = 240;
const EVERY: u64 = 20;

#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// Gradients are not cleared between steps.
    Kept,
    /// The schedule is asked at the number of micro-batches.
    Hurried,
    /// Weights come back half-way, the optimizer's buffers do not.
    Forgotten,
    /// The rate stays flat to the end.
    Flat,
}

const RUNS: [(Fault, &str, &str); 5] = [
    (Fault::None, "right", "var(--figure-third)"),
    (Fault::Kept, "gradients kept", "var(--figure-accent)"),
    (Fault::Hurried, "schedule hurried", "var(--figure-second)"),
    (Fault::Forgotten, "buffers forgotten", "#a06cd5"),
    (Fault::Flat, "no warm-down", "#b8860b"),
];

struct Data {
    training: Vec<Batch>,
    validation: Vec<Batch>,
    token_bytes: Vec<usize>,
}

fn main() -> Result<()> {
    let machine = tensors::start(&tensors::Choice::default())?;
    let data = data()?;
    print!("{:<18}", "step");
    (0..=STEPS)
        .step_by(EVERY as usize)
        .for_each(|step| print!("{step:>7}"));
    println!();
    let mut curves = Vec::new();
    for (fault, name, colour) in RUNS {
        let curve = train(fault, &data, &machine)?;
        print!("{name:<18}");
        curve.iter().for_each(|bits| print!("{bits:>7.3}"));
        println!();
        curves.push((name, colour, curve));
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [] => Ok(()),
        [flag, path] if flag == "--svg" => {
            std::fs::write(path, figure(&curves)).with_context(|| format!("cannot write {path}"))
        }
        _ => bail!("usage: training_failures [--svg PATH]"),
    }
}

fn data() -> Result<Data> {
    let scratch = tempfile::tempdir()?;
    let settings = CorpusSettings {
        bytes: 2_000_000,
        ..CorpusSettings::smoke()
    };
    write_corpus(&World::new(1, 40)?, scratch.path(), &settings)?;
    let open = || open_corpus(&scratch.path().join("pretrain"), &OpenSettings::default());
    let mut texts = open()?.train;
    let texts: Vec<String> = (0..2_000)
        .map(|_| Ok(texts.next_document()?.text))
        .collect::<Result<_>>()?;
    let tokenizer = tokenizer::train(texts.into_iter(), &TrainSettings::new(512), &mut |_| ())?;
    let batches =
        |source| PretrainBatches::new(source, &tokenizer, PackingSettings::new(ROWS, TIME));
    Ok(Data {
        training: take_batches(&mut batches(open()?.train)?, STEPS as usize * ACCUMULATION)?,
        validation: take_batches(&mut batches(open()?.validation)?, 64)?,
        token_bytes: tokenizer.token_bytes(),
    })
}

fn train(fault: Fault, data: &Data, machine: &Machine) -> Result<Vec<f64>> {
    let config = Config {
        layers: 3,
        width: 96,
        heads: 2,
        kv_heads: 2,
        ..Config::d(2, 512, TIME as i64)?
    };
    let gpt = Gpt::new(&config, machine.device, 1)?;
    let fresh = || -> Result<Optimizer> {
        let rates = Rates2025::default();
        let groups = groups_2025(gpt.parameters(), config.width, &rates, gpt.compute())?;
        Ok(Optimizer::new(
            groups,
            Box::new(PlainUpdates),
            Box::new(Solo),
        )?)
    };
    let mut optimizer = fresh()?;
    let warmdown = if fault == Fault::Flat { 0.0 } else { 0.4 };
    let schedule = Schedule::october_2025(STEPS, 0.0, warmdown, 0.0);
    let lengths = token_bytes_table(&data.token_bytes, machine.device);
    let mut curve = Vec::new();
    for step in 0..=STEPS {
        if step % EVERY == 0 {
            curve.push(bits_per_byte(&gpt, &Plain, &data.validation, &lengths)?);
        }
        if step == STEPS {
            break;
        }
        if fault == Fault::Forgotten && step == STEPS / 2 {
            optimizer = fresh()?;
        }
        if fault != Fault::Kept {
            optimizer.zero_grad();
        }
        let first = step as usize * ACCUMULATION;
        let batches = &data.training[first..first + ACCUMULATION];
        let count: usize = batches.iter().map(|batch| batch.supervised).sum();
        for batch in batches {
            let (inputs, targets) = batch_tensors(batch, gpt.device()); // (B, T) each
            let loss = gpt.loss(&Plain, &inputs, &targets)?;
            (loss.sum / count as f64).backward();
        }
        // No clipping: it scales what is in `.grad`, and would soften the first fault.
        let at = if fault == Fault::Hurried {
            step * ACCUMULATION as u64
        } else {
            step
        };
        optimizer.step(&schedule.at(at))?;
    }
    Ok(curve)
}

fn figure(curves: &[(&str, &str, Vec<f64>)]) -> String {
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 340\" font-family=\"ui-monospace, Menlo, Consolas, monospace\" font-size=\"13\">\n",
    );
    let x = |step: f64| 50.0 + 430.0 * step / STEPS as f64;
    let y = |bits: f64| 280.0 - 118.0 * (bits - 0.5);
    for bits in [0.5, 1.0, 1.5, 2.0, 2.5] {
        let at = y(bits);
        let _ = writeln!(
            svg,
            "<line x1=\"50\" y1=\"{at:.1}\" x2=\"480\" y2=\"{at:.1}\" stroke=\"#7a8699\" stroke-width=\"0.5\"/>\n<text x=\"42\" y=\"{:.1}\" text-anchor=\"end\" fill=\"currentColor\">{bits}</text>",
            at + 4.0
        );
    }
    for step in (0..=STEPS).step_by(60) {
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"300\" text-anchor=\"middle\" fill=\"currentColor\">{step}</text>",
            x(step as f64)
        );
    }
    // Labels at the curves' ends, pushed apart where two ends are close.
    let mut ends: Vec<(f64, &str, &str)> = curves
        .iter()
        .map(|(name, colour, curve)| {
            (
                y(*curve.last().expect("a curve has points")),
                *name,
                *colour,
            )
        })
        .collect();
    ends.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut lowest = f64::INFINITY;
    for (end, name, colour) in ends {
        let at = end.min(lowest - 17.0);
        lowest = at;
        let _ = writeln!(
            svg,
            "<text x=\"490\" y=\"{:.1}\" fill=\"{colour}\">{name}</text>",
            at + 4.0
        );
    }
    for (_, colour, curve) in curves {
        let points = curve.iter().enumerate().skip(1); // the first, above 4, would flatten the rest
        let points: Vec<String> = points
            .map(|(i, bits)| format!("{:.1},{:.1}", x((i as u64 * EVERY) as f64), y(*bits)))
            .collect();
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            points.join(" ")
        );
    }
    svg + "<text x=\"265\" y=\"322\" text-anchor=\"middle\" fill=\"currentColor\">step</text>\n<text x=\"50\" y=\"14\" fill=\"currentColor\">bits per byte, held-out text</text>\n</svg>\n"
}

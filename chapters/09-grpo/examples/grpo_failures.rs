//! Ways to fail, each one switch away from the run that works, on the demonstration's sums, three seeds each:
//! `cargo run --example grpo_failures -- FOLDER` writes `09-failures.csv` and `09-failures.svg` into FOLDER.

use anyhow::{Context, Result};
use grpo::{
    Advantage, Evaluation, GrpoRun, GrpoSettings, TogetherSampler, lessons, reinforce,
    scaled_optimizer, sums,
};
use muon::{Rates2025, Solo};
use plotters::prelude::*;
use pretrain::{Interrupt, Metrics};
use std::fmt::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;
use tch::Device;
use transformer::{Added, Causal, Error, Gpt, Plain, Prompt, Sample, Sampler, Tool};

const STEPS: u64 = 80;
const SEEDS: [u64; 3] = [1, 2, 3];

/// A sampler that forgets who chose which token: the mask is missing.
struct Unmasked<'a>(TogetherSampler<'a>);

impl Sampler for Unmasked<'_> {
    fn sample(
        &mut self,
        prompts: &[Prompt],
        tool: Option<&mut dyn Tool>,
        on_token: &mut dyn FnMut(&Added<'_>) -> ControlFlow<()>,
    ) -> std::result::Result<Vec<Sample>, Error> {
        let mut samples = self.0.sample(prompts, tool, on_token)?;
        for sample in &mut samples {
            sample.mask.fill(1);
        }
        Ok(samples)
    }
}

#[derive(Clone)]
struct Variant {
    name: &'static str,
    settings: GrpoSettings,
    /// The advantage is the reward and this, in place of the objective's.
    added: Option<f64>,
    masked: bool,
}

fn variants() -> Vec<Variant> {
    let right = GrpoSettings {
        evaluate_every: 0,
        ..sums::settings(STEPS)
    };
    let plain = Variant {
        name: "right",
        settings: right,
        added: None,
        masked: true,
    };
    let with = |name, change: &dyn Fn(&mut Variant)| {
        let mut variant = plain.clone();
        variant.name = name;
        change(&mut variant);
        variant
    };
    vec![
        with("right", &|_| ()),
        with("divided by std", &|v| {
            v.settings.objective.divide_by_std = true;
        }),
        with("not centred, 0/1", &|v| v.added = Some(0.0)),
        with("not centred, 10/11", &|v| v.added = Some(10.0)),
        with("mask missing", &|v| v.masked = false),
        with("rate × 20", &|v| v.settings.rate_scale *= 20.0),
    ]
}

/// A step of a run: reward, tool share, length, entropy.
type Line = [f64; 4];

fn run(variant: &Variant, seed: u64, taught: &Gpt) -> Result<Vec<Line>> {
    let tokenizer = sums::tokenizer();
    let weights = taught.parameters().iter();
    let weights = weights.map(|p| (p.name.clone(), p.tensor.shallow_clone()));
    let gpt = Gpt::from_tensors(taught.config(), Device::Cpu, weights.collect())?; // a copy
    let scratch = tempfile::tempdir()?;
    let mut metrics = Metrics::open(&scratch.path().join("metrics.jsonl"))?;
    let masked = variant.masked;
    let make_sampler = |gpt| {
        let sampler = TogetherSampler::new(gpt, &Plain);
        match masked {
            true => Box::new(sampler) as Box<dyn Sampler>,
            false => Box::new(Unmasked(sampler)),
        }
    };
    let make_tool = || Box::new(sums::Adder::new(&tokenizer)) as Box<dyn Tool>;
    let added = variant.added.unwrap_or(0.0);
    let not_centred = |rewards: &[f64]| rewards.iter().map(|reward| reward + added).collect();
    let not_centred: &Advantage<'_> = &not_centred;
    let mut lines = Vec::new();
    let settings = GrpoSettings {
        seed,
        ..variant.settings.clone()
    };
    let rates = Rates2025::default();
    let optimizer = scaled_optimizer(&gpt, &rates, settings.rate_scale, Box::new(Solo))?;
    reinforce(GrpoRun {
        gpt: &gpt,
        kernels: &Plain,
        context: Box::new(Causal),
        make_sampler: &make_sampler,
        make_tool: Some(&make_tool),
        task: &sums::Sums,
        tokenizer: &tokenizer,
        optimizer,
        advantage: variant.added.is_some().then_some(not_centred),
        evaluate: Box::new(|_, _| Ok(Some(Evaluation::default()))),
        on_step: &mut |report| {
            let entropy = report.entropy.unwrap_or(f64::NAN);
            lines.push([report.reward, report.tool, report.length, entropy]);
        },
        metrics: &mut metrics,
        interrupt: Interrupt::never(),
        settings,
        folder: &scratch.path().join("rl"),
        state: None,
    })?;
    Ok(lines)
}

fn main() -> Result<()> {
    let folder = std::env::args().nth(1);
    let folder = PathBuf::from(folder.context("name the folder that the curves go to")?);
    tensors::start(&tensors::Choice {
        device: Some("cpu".to_string()),
        threads: Some(1),
        ..tensors::Choice::default()
    })?;
    let mut csv = "variant,seed,step,reward,tool,length,entropy\n".to_string();
    let mut curves = Vec::new();
    let teach = |&seed: &u64| lessons::taught(&sums::tokenizer(), seed, 300, 64);
    let taught: Vec<Gpt> = SEEDS.iter().map(teach).collect::<Result<_, _>>()?;
    println!(
        "variant             reward, first and last ten steps, per seed      calculator  length  entropy"
    );
    for variant in variants() {
        let runs: Vec<Vec<Line>> = SEEDS
            .iter()
            .zip(&taught)
            .map(|(&seed, taught)| run(&variant, seed, taught))
            .collect::<Result<_>>()?;
        let mean = |lines: &[Line], column: usize| {
            let known = lines
                .iter()
                .map(|line| line[column])
                .filter(|n| !n.is_nan());
            known.clone().sum::<f64>() / known.count() as f64 // NaN: no step was updated
        };
        let mut row = format!("{:<18}", variant.name);
        for (lines, seed) in runs.iter().zip(SEEDS) {
            write!(
                row,
                "  {:.2} -> {:.2}",
                mean(&lines[..10], 0),
                mean(&lines[lines.len() - 10..], 0)
            )?;
            for (step, [reward, tool, length, entropy]) in lines.iter().enumerate() {
                let step = step + 1;
                writeln!(
                    csv,
                    "\"{}\",{seed},{step},{reward:.4},{tool:.4},{length:.3},{entropy:.4}",
                    variant.name
                )?;
            }
        }
        let last: Vec<Line> = runs
            .iter()
            .flat_map(|lines| &lines[lines.len() - 10..])
            .copied()
            .collect();
        println!(
            "{row}      {:.2}        {:.2}    {:.3}",
            mean(&last, 1),
            mean(&last, 2),
            mean(&last, 3)
        );
        curves.push((variant.name, runs));
    }
    std::fs::write(folder.join("09-failures.csv"), csv)?;
    let svg = drawn(&curves).map_err(|error| anyhow::anyhow!("drawing: {error}"))?;
    std::fs::write(folder.join("09-failures.svg"), svg)?;
    Ok(())
}

/// Told apart by most colour-blind eyes, on white and on black.
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 158, 115),
    RGBColor(213, 94, 0),
    RGBColor(0, 142, 204),
    RGBColor(204, 121, 167),
    RGBColor(150, 150, 150),
    RGBColor(178, 140, 0),
];

/// Mean reward over the seeds, each point the mean of five steps.
fn drawn(curves: &[(&str, Vec<Vec<Line>>)]) -> Result<String, Box<dyn std::error::Error>> {
    let mut text = String::new();
    {
        let page = SVGBackend::with_string(&mut text, (720, 400)).into_drawing_area();
        let mut chart = ChartBuilder::on(&page)
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(56)
            .build_cartesian_2d(0u64..STEPS, 0.0..1.0)?;
        chart
            .configure_mesh()
            .disable_mesh()
            .x_desc("step")
            .y_desc("mean reward")
            .label_style(("sans-serif", 16))
            .draw()?;
        for ((name, runs), colour) in curves.iter().zip(COLOURS) {
            let at = |step: usize| {
                let window = step.saturating_sub(4)..=step;
                let rewards = runs.iter().flat_map(|run| &run[window.clone()]);
                let (sum, count) = rewards.fold((0.0, 0), |(s, n), line| (s + line[0], n + 1));
                sum / f64::from(count)
            };
            let points = (0..runs[0].len()).map(|step| (step as u64 + 1, at(step)));
            chart
                .draw_series(LineSeries::new(points, colour.stroke_width(2)))?
                .label(*name)
                .legend(move |(x, y)| {
                    PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2))
                });
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::Coordinate(440, 160))
            .margin(12)
            .label_font(("sans-serif", 16))
            .draw()?;
        page.present()?;
    }
    Ok(text.replace("\"#000000\"", "\"currentColor\""))
}

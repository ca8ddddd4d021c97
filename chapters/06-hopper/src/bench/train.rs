// ANCHOR: head
//! A whole training step: plain against fused in turns, beside its own matrix products; where its time goes; and what each
//! fusion brings.
//!
//! Order matters for memory: the process's peak only grows, so the fused step, which should need less, runs first.

use std::cell::RefCell;
use std::time::Instant;

use serde_json::{Value, json};
use tch::{Device, Kind};
use tensors::Machine;

use super::ceilings::{Ceilings, Product, Products, products};
use super::log::{Breakdown, Span};
use super::peaks::peak_of;
use super::resources::{attention_in_words, device_in_words, gpu_name, minor_faults, peak_bytes};
use super::step_cost::{Part, step_parts};
use super::turns::{Spread, Turn, Turns, Work, wait};
use super::workload::{Size, Workload};
use super::{Error, Fusions, Operation};
// ANCHOR_END: head

// ANCHOR: settings
/// Whose arithmetic the step uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arithmetic {
    Plain,
    Fused,
}

impl Arithmetic {
    pub fn name(self) -> &'static str {
        match self {
            Arithmetic::Plain => "plain",
            Arithmetic::Fused => "fused",
        }
    }

    pub fn fusions(self) -> Fusions {
        match self {
            Arithmetic::Plain => Fusions::NONE,
            Arithmetic::Fused => Fusions::all(),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct TrainSettings {
    pub size: Size,
    pub rounds: usize,
    /// One or both; with both, fused comes first.
    pub arithmetics: Vec<Arithmetic>,
    /// Also measure each fusion added to those before it, and left out of all.
    pub each_fusion: bool,
    /// Steps that are taken apart.
    pub logged_steps: usize,
    /// The fused step's products in fp8.
    pub fp8: bool,
}
// ANCHOR_END: settings

// ANCHOR: report
/// What the share of the machine is a share of.
#[derive(Debug, Clone, PartialEq)]
pub struct PeakFlops {
    pub flops: f64,
    pub source: String,
}

/// One way of computing the step.
#[derive(Debug, Clone, PartialEq)]
pub struct StepReport {
    pub arithmetic: Arithmetic,
    pub seconds: Spread,
    pub tokens_per_second: f64,
    pub flops: f64,
    pub mfu: f64,
    /// Its speed over that of its own matrix products alone.
    pub share_of_products: f64,
    pub faults_per_step: f64,
    /// See [`peak_bytes`]; of the process up to the end of this step's first runs.
    pub peak_bytes: Option<u64>,
    pub breakdown: Option<Breakdown>,
    /// Of the last logged step.
    pub spans: Vec<Span>,
}

/// What one fusion saves, in seconds per step.
#[derive(Debug, Clone, PartialEq)]
pub struct FusionGain {
    pub operation: Operation,
    /// When it is added to the ones before it; these add up to the whole gain.
    pub added: Spread,
    /// When it alone is missing from all of them.
    pub missing: Spread,
}

#[derive(Debug, Clone, PartialEq)]
pub struct TrainReport {
    pub device: String,
    pub compute: Kind,
    /// See [`Workload::numbers`].
    pub numbers: String,
    /// See [`attention_in_words`].
    pub attention: Option<String>,
    pub size: Size,
    pub rounds: usize,
    pub ceilings: Ceilings,
    /// What a step must do at the least, operation by operation.
    pub parts: Vec<Part>,
    /// Each with the median seconds of one matrix.
    pub products: Vec<(Product, f64)>,
    /// Of all products of a step.
    pub products_seconds: f64,
    pub products_flops: f64,
    pub peak: PeakFlops,
    pub steps: Vec<StepReport>,
    /// How many times as fast the fused step is.
    pub ratio: Option<Spread>,
    pub fusions: Vec<FusionGain>,
    /// Everything that had a turn in the rounds, with all its turns.
    pub turns: Vec<(String, Vec<Turn>)>,
}
// ANCHOR_END: report

// ANCHOR: measure
/// # Errors
/// Sizes that cannot be, no rounds, and whatever libtorch says.
pub fn measure(
    settings: &TrainSettings,
    machine: &Machine,
    say: &mut dyn FnMut(&str),
) -> Result<TrainReport, Error> {
    let (size, device, compute) = (&settings.size, machine.device, machine.compute);
    size.check()?;
    say("first steps");
    let mut workload = Workload::new(size.clone(), machine, settings.fp8)?;
    let mut peaks = Vec::new();
    for arithmetic in &settings.arithmetics {
        for _ in 0..2 {
            workload.step(arithmetic.fusions())?;
        }
        wait(device);
        peaks.push(peak_bytes(device));
    }

    say("ceilings");
    let ceilings = Ceilings::measure(device, compute);
    let pass = products(&size.config, size.rows * size.config.context);
    let mut products = Products::new(pass, device, compute);
    products.round();
    products.forget();

    say("rounds");
    let stages = stages(settings);
    let (shared, alone) = (RefCell::new(workload), RefCell::new(products));
    let mut contestants: Vec<Work> = vec![Box::new(|| {
        alone.borrow_mut().round();
        Ok(())
    })];
    for &(_, fusions) in &stages {
        let shared = &shared;
        contestants.push(Box::new(move || {
            shared.borrow_mut().step(fusions)?;
            Ok(())
        }));
    }
    let turns = Turns::take(device, settings.rounds, &mut contestants)?;
    drop(contestants);
    let (mut workload, products) = (shared.into_inner(), alone.into_inner());

    let passes = size.accumulation as f64;
    let peak = peak_flops(device, &ceilings);
    let mut steps = Vec::new();
    for (index, (&arithmetic, peak_bytes)) in settings.arithmetics.iter().zip(peaks).enumerate() {
        say("taking a step apart");
        let seconds = turns.seconds(1 + index);
        let flops = size.flops() / seconds.median;
        let (breakdown, spans) = logged(&mut workload, arithmetic, settings.logged_steps)?;
        steps.push(StepReport {
            arithmetic,
            seconds,
            tokens_per_second: size.tokens() as f64 / seconds.median,
            flops,
            mfu: flops / peak.flops,
            share_of_products: flops / products.flops(),
            faults_per_step: turns.faults(1 + index),
            peak_bytes,
            breakdown,
            spans,
        });
    }
    let place = |wanted| {
        let found = settings.arithmetics.iter().position(|&this| this == wanted);
        found.map(|found| 1 + found)
    };
    let both = place(Arithmetic::Plain).zip(place(Arithmetic::Fused));
    Ok(TrainReport {
        device: device_in_words(machine),
        compute,
        numbers: workload.numbers,
        attention: attention_in_words(&size.config, compute, device)?,
        size: size.clone(),
        rounds: settings.rounds,
        ceilings,
        parts: step_parts(size, compute),
        products: products.each(),
        products_seconds: products.seconds() * passes,
        products_flops: products.flops(),
        peak,
        steps,
        ratio: both.map(|(plain, fused)| turns.ratio(plain, fused)),
        fusions: both.map_or_else(Vec::new, |(plain, fused)| {
            gains(settings, &turns, plain, fused)
        }),
        turns: std::iter::once("products, each shape once".to_string())
            .chain(stages.into_iter().map(|(name, _)| name))
            .enumerate()
            .map(|(who, name)| (name, turns.rounds(who).to_vec()))
            .collect(),
    })
}

/// A GPU's promise if it is known, else what this machine was seen to do.
fn peak_flops(device: Device, ceilings: &Ceilings) -> PeakFlops {
    let promised = gpu_name(device).and_then(|name| peak_of(&name));
    match promised {
        Some(peak) => PeakFlops {
            flops: peak.bf16_flops,
            source: format!("{}: {}", peak.name, peak.source),
        },
        None => PeakFlops {
            flops: ceilings.gemm_flops,
            source: "the square product measured here".to_string(),
        },
    }
}

/// Takes a few steps apart.
fn logged(
    workload: &mut Workload,
    arithmetic: Arithmetic,
    steps: usize,
) -> Result<(Option<Breakdown>, Vec<Span>), Error> {
    let log = workload.log.clone();
    let mut all = Vec::new();
    let mut last = Vec::new();
    log.switch(true);
    for _ in 0..steps {
        // The log must not stay on if a step fails.
        let step = workload.step(arithmetic.fusions());
        if step.is_err() {
            log.switch(false);
        }
        step?;
        last = log.take();
        all.extend(last.iter().cloned());
    }
    log.switch(false);
    Ok((Breakdown::of(&all), last))
}
// ANCHOR_END: measure

// ANCHOR: fusions
/// The fusions that this model's step can make use of, in the order in which they are added.
pub fn fusions_of(size: &Size) -> Vec<Operation> {
    let switches = &size.config.switches;
    Operation::FUSED
        .into_iter()
        .filter(|operation| match operation {
            Operation::Mix | Operation::MixNorm => switches.residual_scalars,
            Operation::AddGated => switches.value_embeddings,
            _ => true,
        })
        .collect()
}

/// What has a turn in each round, the step's own products aside: the chosen arithmetics; then one fusion more each time;
/// then all fusions but one.
fn stages(settings: &TrainSettings) -> Vec<(String, Fusions)> {
    let mut stages: Vec<(String, Fusions)> = settings
        .arithmetics
        .iter()
        .map(|arithmetic| (arithmetic.name().to_string(), arithmetic.fusions()))
        .collect();
    if settings.each_fusion {
        let fusions = fusions_of(&settings.size);
        let mut so_far = Fusions::NONE;
        for &operation in &fusions {
            so_far = so_far.with(operation);
            stages.push((format!("+ {operation}"), so_far));
        }
        for &operation in &fusions {
            let others = Fusions::all().without(operation);
            stages.push((format!("all but {operation}"), others));
        }
    }
    stages
}

fn gains(settings: &TrainSettings, turns: &Turns, plain: usize, fused: usize) -> Vec<FusionGain> {
    if !settings.each_fusion {
        return Vec::new();
    }
    let fusions = fusions_of(&settings.size);
    let first_added = 1 + settings.arithmetics.len();
    let gain = |(index, &operation): (usize, &Operation)| {
        let added = first_added + index;
        let before = if index == 0 { plain } else { added - 1 };
        FusionGain {
            operation,
            added: turns.saved(before, added),
            missing: turns.saved(added + fusions.len(), fused),
        }
    };
    fusions.iter().enumerate().map(gain).collect()
}
// ANCHOR_END: fusions

// ANCHOR: brief
/// Only the steps of one arithmetic, and their products: what `benches/torch_step.py` measures, under the same names.
///
/// # Errors
/// As `measure`.
pub fn brief(
    size: &Size,
    machine: &Machine,
    arithmetic: Arithmetic,
    fp8: bool,
    steps: usize,
) -> Result<Value, Error> {
    if steps == 0 {
        return Err(Error::TooFew {
            what: "the number of steps",
            given: 0,
            least: 1,
        });
    }
    let device = machine.device;
    let mut workload = Workload::new(size.clone(), machine, fp8)?;
    let (mut seconds, mut losses, mut faults) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..steps {
        wait(device);
        let (faults_before, begin) = (minor_faults(), Instant::now());
        losses.push(workload.step(arithmetic.fusions())?);
        wait(device);
        seconds.push(begin.elapsed().as_secs_f64());
        faults.push((minor_faults() - faults_before) as f64);
    }
    let peak = peak_bytes(device);
    let numbers = std::mem::take(&mut workload.numbers);
    drop(workload);
    let pass = products(&size.config, size.rows * size.config.context);
    let mut products = Products::new(pass, device, machine.compute);
    (0..5).for_each(|_| products.round());
    // The first steps load kernels and touch memory for the first time.
    let warm = (steps / 4).max(3).min(steps - 1);
    let median = |numbers: &[f64]| Spread::of(numbers[warm..].iter().copied()).median;
    let step = median(&seconds);
    Ok(json!({
        "device": tensors::doctor::device_name(device),
        "mode": arithmetic.name(),
        "numbers": numbers,
        "tokens_per_second": size.tokens() as f64 / step,
        "step_ms": 1e3 * step,
        "gflops": size.flops() / step / 1e9,
        "products_gflops": products.flops() / 1e9,
        "faults_per_step": median(&faults),
        "peak_mib": peak.map(|bytes| bytes as f64 / (1u64 << 20) as f64),
        "first_loss": losses[0],
        "last_loss": losses[losses.len() - 1],
    }))
}
// ANCHOR_END: brief

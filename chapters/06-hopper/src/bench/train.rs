// ANCHOR: head
//! A whole training step: plain against fused in turns, beside its own matrix products; where its time goes; and what each
//! fusion brings.
//!
//! Order matters for memory: the process's peak only grows, so the fused step, which should need less, runs first.

use std::cell::RefCell;
use std::collections::BTreeSet;

use tch::{Device, Kind};
use tensors::Machine;

use super::ceilings::{Ceilings, Product, Products, products};
use super::handing_over::HandingOver;
use super::log::{Breakdown, Span};
use super::peaks::peak_of;
use super::resources::{attention_in_words, device_in_words, gpu_name, peak_bytes};
use super::step_cost::{Part, bytes, step_parts};
use super::turns::{Spread, Turn, Turns, Work, wait};
use super::workload::{Size, Workload};
use super::{Error, Fusions, Operation};
use crate::cuda::graph::{self, Decision};
// ANCHOR_END: head

// ANCHOR: settings
/// Whose arithmetic the step uses. What has to be measured first is less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Arithmetic {
    /// This chapter's.
    Fused,
    /// That of chapters 03 and 04.
    Plain,
}

impl Arithmetic {
    /// `fused` or `plain`.
    pub fn name(self) -> &'static str {
        match self {
            Arithmetic::Plain => "plain",
            Arithmetic::Fused => "fused",
        }
    }

    /// Each of those that are asked for once, in the order in which they have to be measured.
    pub fn sorted(asked: impl IntoIterator<Item = Arithmetic>) -> Vec<Arithmetic> {
        let asked: BTreeSet<Arithmetic> = asked.into_iter().collect();
        asked.into_iter().collect()
    }

    /// All of them, or none.
    pub fn fusions(self) -> Fusions {
        match self {
            Arithmetic::Plain => Fusions::NONE,
            Arithmetic::Fused => Fusions::all(),
        }
    }
}

/// What is to be measured.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainSettings {
    /// What a step works on.
    pub size: Size,
    /// Turns of everything that is compared.
    pub rounds: usize,
    /// One or both, in any order.
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
    /// Floating-point operations per second.
    pub flops: f64,
    /// Who promises or has measured them.
    pub source: String,
}

/// One way of computing the step.
#[derive(Debug, Clone, PartialEq)]
pub struct StepReport {
    /// Whose.
    pub arithmetic: Arithmetic,
    /// Of a step that is not logged.
    pub seconds: Spread,
    /// B · T · passes, over the median of the seconds.
    pub tokens_per_second: f64,
    /// By the model's formula, per second.
    pub flops: f64,
    /// `flops` over the peak.
    pub mfu: f64,
    /// Its speed over that of its own matrix products alone.
    pub share_of_products: f64,
    /// The time in which the bytes of its operations could be copied, over the time that it takes.
    pub share_of_copying: f64,
    /// Its optimizer without anything else; on a GPU, where it says what launches cost.
    pub optimizer_alone: Option<HandingOver>,
    /// Page faults, the median.
    pub faults_per_step: f64,
    /// See [`peak_bytes`]; of the process up to the end of this step's first runs.
    pub peak_bytes: Option<u64>,
    /// Of the logged steps; `None` if there were none.
    pub breakdown: Option<Breakdown>,
    /// Of the last logged step.
    pub spans: Vec<Span>,
}

/// What one fusion saves, in seconds per step.
#[derive(Debug, Clone, PartialEq)]
pub struct FusionGain {
    /// The one that is fused.
    pub operation: Operation,
    /// When it is added to the ones before it; these add up to the whole gain.
    pub added: Spread,
    /// When it alone is missing from all of them.
    pub missing: Spread,
}

/// Everything that was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainReport {
    /// See [`device_in_words`].
    pub device: String,
    /// Of activations.
    pub compute: Kind,
    /// See [`Workload::numbers`].
    pub numbers: String,
    /// See [`attention_in_words`].
    pub attention: Option<String>,
    /// What a step works on.
    pub size: Size,
    /// Turns of everything that is compared.
    pub rounds: usize,
    /// The machine's, in the same minutes.
    pub ceilings: Ceilings,
    /// What a step must do at the least, operation by operation.
    pub parts: Vec<Part>,
    /// Each with the median seconds of one matrix.
    pub products: Vec<(Product, f64)>,
    /// Of all products of a step.
    pub products_seconds: f64,
    /// Their floating-point operations per second.
    pub products_flops: f64,
    /// What MFU is a share of.
    pub peak: PeakFlops,
    /// One for each arithmetic; with both, fused comes first.
    pub steps: Vec<StepReport>,
    /// How many times as fast the fused step is.
    pub ratio: Option<Spread>,
    /// Empty unless they were asked for.
    pub fusions: Vec<FusionGain>,
    /// On a GPU, for which stacks of the fused step's optimizer a graph pays.
    pub graphs: Vec<Decision>,
    /// Everything that had a turn in the rounds, with all its turns.
    pub turns: Vec<(String, Vec<Turn>)>,
}
// ANCHOR_END: report

// ANCHOR: measure
/// How often the optimizer is asked for its step alone.
const ALONE: usize = 5;

/// Measures a step; `say` hears what comes next.
///
/// # Errors
/// Sizes that cannot be, no rounds, and whatever libtorch says.
pub fn measure(
    settings: &TrainSettings,
    machine: &Machine,
    say: &mut dyn FnMut(&str),
) -> Result<TrainReport, Error> {
    let settings = &TrainSettings {
        arithmetics: Arithmetic::sorted(settings.arithmetics.iter().copied()),
        ..settings.clone()
    };
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
    let parts = step_parts(size, compute);
    let copying = bytes(&parts) / ceilings.copy_bytes; // seconds
    let mut steps = Vec::new();
    for (index, (&arithmetic, peak_bytes)) in settings.arithmetics.iter().zip(peaks).enumerate() {
        say("taking a step apart");
        let seconds = turns.seconds(1 + index);
        let flops = size.flops() / seconds.median;
        let optimizer_alone = device
            .is_cuda()
            .then(|| workload.optimizer_alone(arithmetic.fusions(), ALONE))
            .transpose()?;
        let (breakdown, spans) = logged(&mut workload, arithmetic, settings.logged_steps)?;
        steps.push(StepReport {
            arithmetic,
            seconds,
            tokens_per_second: size.tokens() as f64 / seconds.median,
            flops,
            mfu: flops / peak.flops,
            share_of_products: flops / products.flops(),
            share_of_copying: copying / seconds.median,
            optimizer_alone,
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
        parts,
        products: products.each(),
        products_seconds: products.seconds() * passes,
        products_flops: products.flops(),
        peak,
        steps,
        ratio: both.map(|(plain, fused)| turns.ratio(plain, fused)),
        fusions: both.map_or_else(Vec::new, |(plain, fused)| {
            gains(settings, &turns, plain, fused)
        }),
        graphs: graph::decisions(),
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

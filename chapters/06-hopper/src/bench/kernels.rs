// ANCHOR: head
//! Operation by operation: plain against fused in turns, forward and forward with backward, beside the limit.
//!
//! Every case has the shapes that a training step of the given model has. Forward runs as in training, recorded, so that
//! what a fused operation saves for later is paid for. Backward starts from ready-made random gradients.

use muon::{PlainUpdates, Updates};
use tch::{Device, Kind, Tensor};
use tensors::Machine;
use tensors::differentiable::{Forward, differentiable};
use transformer::{Kernels, Plain};

use super::cases::{Apply, Case, OfModel, cases};
use super::ceilings::{Bound, Ceilings};
use super::cost::Cost;
use super::resources::{attention_in_words, peak_of};
use super::turns::{Spread, Turns, Work, wait};
use super::workload::Size;
use super::{Error, Operation};
use crate::{Fused, FusedUpdates};
// ANCHOR_END: head

// ANCHOR: row
/// What of an operation is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    Forward,
    /// Forward and backward.
    Both,
}

impl Pass {
    /// In words, for a table.
    pub fn name(self) -> &'static str {
        match self {
            Pass::Forward => "forward",
            Pass::Both => "forward + backward",
        }
    }
}

/// One measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The operation's name, and of which size where there are several.
    pub label: String,
    /// What was measured.
    pub operation: Operation,
    /// Which of its passes.
    pub pass: Pass,
    /// Of those passes together.
    pub cost: Cost,
    /// Seconds in which the ceilings would let it happen, and which ceiling that is.
    pub limit: f64,
    pub bound: Bound,
    /// Seconds, round by round.
    pub plain: Vec<f64>,
    /// Empty where there is no fused twin.
    pub fused: Vec<f64>,
    /// The most bytes alive at once, beside inputs: see [`peak_of`].
    pub plain_peak: Option<i64>,
    pub fused_peak: Option<i64>,
}

impl Row {
    /// The median.
    pub fn plain_seconds(&self) -> f64 {
        Spread::of(self.plain.iter().copied()).median
    }

    /// The median, where there is a fused twin.
    pub fn fused_seconds(&self) -> Option<f64> {
        (!self.fused.is_empty()).then(|| Spread::of(self.fused.iter().copied()).median)
    }

    /// How many times as fast the fused one is.
    pub fn ratio(&self) -> Option<Spread> {
        let pairs = self.plain.iter().zip(&self.fused);
        (!self.fused.is_empty()).then(|| Spread::of(pairs.map(|(plain, fused)| plain / fused)))
    }

    /// The limit's share of the time that the better-placed one takes: 1 is the ceiling.
    pub fn share(&self) -> f64 {
        self.limit / self.fused_seconds().unwrap_or(self.plain_seconds())
    }
}

/// All of them, and the ceilings they stand beside.
#[derive(Debug, Clone, PartialEq)]
pub struct KernelReport {
    /// See [`device_in_words`](super::resources::device_in_words).
    pub device: String,
    /// Of activations.
    pub compute: Kind,
    /// Whose shapes the operations have.
    pub size: Size,
    /// Turns of each side.
    pub rounds: usize,
    /// The machine's, measured just before.
    pub ceilings: Ceilings,
    /// See [`attention_in_words`].
    pub attention: Option<String>,
    /// In the order of the cases.
    pub rows: Vec<Row>,
}
// ANCHOR_END: row

// ANCHOR: measure
/// Measures everything; `say` hears a label before each operation.
///
/// # Errors
/// Sizes that cannot be, no rounds, and whatever libtorch says.
pub fn measure(
    size: &Size,
    machine: &Machine,
    rounds: usize,
    say: &mut dyn FnMut(&str),
) -> Result<KernelReport, Error> {
    size.check()?;
    tensors::seed_everything(1);
    say("ceilings");
    let (device, compute) = (machine.device, machine.compute);
    let ceilings = Ceilings::measure(device, compute);
    let mut rows = Vec::new();
    for case in cases(size, device, compute)? {
        say(&case.label);
        rows.extend(measured(&case, device, rounds, &ceilings)?);
    }
    Ok(KernelReport {
        device: super::resources::device_in_words(machine),
        compute,
        size: size.clone(),
        rounds,
        ceilings,
        attention: attention_in_words(&size.config, compute, device)?,
        rows,
    })
}

/// A turn of a short operation repeats it until the clock's grain and the first touch of the caches do not matter.
const TURN_SECONDS: f64 = 0.02;

fn measured(
    case: &Case,
    device: Device,
    rounds: usize,
    ceilings: &Ceilings,
) -> Result<Vec<Row>, Error> {
    let mut works = works(case, device)?;
    // Once to be warm and to count memory, once to see how long it takes.
    let mut probe = 0.0;
    let mut peaks = Vec::new();
    for work in &mut works {
        let (done, peak) = peak_of(device, &mut work.1);
        done?;
        peaks.push(peak);
        let begin = std::time::Instant::now();
        (work.1)()?;
        wait(device);
        probe = begin.elapsed().as_secs_f64().max(probe);
    }
    let repeats = (TURN_SECONDS / probe.max(1e-7)).ceil().clamp(1.0, 1000.0) as usize;

    let passes: Vec<(Pass, bool)> = works.iter().map(|work| work.0).collect();
    let mut contestants: Vec<Work> = works
        .into_iter()
        .map(|(_, mut once)| Box::new(move || (0..repeats).try_for_each(|_| once())) as Work)
        .collect();
    let turns = Turns::take(device, rounds, &mut contestants)?;
    let seconds = |pass: Pass, fused: bool| -> Vec<f64> {
        let who = passes.iter().position(|&this| this == (pass, fused));
        let rounds = who.map(|who| turns.rounds(who)).unwrap_or_default();
        rounds
            .iter()
            .map(|turn| turn.seconds / repeats as f64)
            .collect()
    };
    let peak = |pass: Pass, fused: bool| -> Option<i64> {
        let who = passes.iter().position(|&this| this == (pass, fused));
        who.and_then(|who| peaks[who])
    };
    let row = |pass: Pass, parts: &[Cost]| {
        let limits = parts.iter().map(|&part| ceilings.limit(part));
        // Two passes wait for each other, so their limits add up; the longer one says what stands in the way.
        let (limit, longest) = limits.fold((0.0, (0.0, Bound::Memory)), |(sum, longest), part| {
            (
                sum + part.0,
                if part.0 > longest.0 { part } else { longest },
            )
        });
        Row {
            label: case.label.clone(),
            operation: case.operation,
            pass,
            cost: Cost {
                flops: parts.iter().map(|part| part.flops).sum(),
                bytes: parts.iter().map(|part| part.bytes).sum(),
            },
            limit,
            bound: longest.1,
            plain: seconds(pass, false),
            fused: seconds(pass, true),
            plain_peak: peak(pass, false),
            fused_peak: peak(pass, true),
        }
    };
    let mut rows = vec![row(Pass::Forward, &[case.costs.forward])];
    if let Some(backward) = case.costs.backward {
        rows.push(row(Pass::Both, &[case.costs.forward, backward]));
    }
    Ok(rows)
}
// ANCHOR_END: measure

// ANCHOR: works
/// A contestant: which pass, whether fused, and the work.
type Entry<'a> = ((Pass, bool), Work<'a>);

/// The contestants of a case.
fn works<'a>(case: &'a Case, device: Device) -> Result<Vec<Entry<'a>>, Error> {
    let mut works: Vec<Entry> = Vec::new();
    match &case.apply {
        Apply::Optimizer(apply) => {
            for (fused, updates) in [
                (false, &PlainUpdates as &dyn Updates),
                (true, &FusedUpdates),
            ] {
                let work = move || {
                    let _unrecorded = tch::no_grad_guard();
                    apply(updates);
                    Ok(())
                };
                works.push(((Pass::Forward, fused), Box::new(work)));
            }
        }
        Apply::Model(apply, leaves) => {
            let sides = [
                (false, &Plain as &dyn Kernels, apply),
                (true, &Fused, apply),
            ];
            add_model(&mut works, case, device, sides, leaves);
        }
        Apply::Context {
            plain,
            fused,
            leaves,
        } => {
            let sides = [
                (false, &Plain as &dyn Kernels, plain),
                (true, &Fused, fused),
            ];
            add_model(&mut works, case, device, sides, leaves);
        }
    }
    Ok(works)
}

/// Forward, and forward with backward, of both sides of an operation of the model.
fn add_model<'a>(
    works: &mut Vec<Entry<'a>>,
    case: &Case,
    device: Device,
    sides: [(bool, &'a dyn Kernels, &'a OfModel); 2],
    leaves: &'a [Tensor],
) {
    let gradients: Vec<Tensor> = {
        let _unrecorded = tch::no_grad_guard();
        let outputs = (sides[0].2)(&Plain, leaves);
        outputs.iter().map(Tensor::randn_like).collect()
    };
    for (fused, kernels, apply) in sides {
        let work = move || {
            apply(kernels, leaves);
            Ok(())
        };
        works.push(((Pass::Forward, fused), Box::new(work)));
    }
    if case.costs.backward.is_none() {
        return;
    }
    for (fused, kernels, apply) in sides {
        let gradients: Vec<Tensor> = gradients.iter().map(Tensor::shallow_clone).collect();
        let work = move || backward(&apply(kernels, leaves), &gradients, leaves, device);
        works.push(((Pass::Both, fused), Box::new(work)));
    }
}

/// Sends given gradients back from the outputs to the leaves. (libtorch's own call, as tch binds it, would first fill a
/// tensor of each output's size with ones: one more pass over memory, and not the operation's.)
fn backward(
    outputs: &[Tensor],
    gradients: &[Tensor],
    leaves: &[Tensor],
    device: Device,
) -> Result<(), Error> {
    let outputs: Vec<&Tensor> = outputs.iter().collect();
    let gradients: Vec<Tensor> = gradients.iter().map(Tensor::shallow_clone).collect();
    let source = differentiable(
        &outputs,
        |_| Forward {
            outputs: vec![Tensor::zeros([], (Kind::Float, device))],
            saved: Vec::new(),
        },
        move |_, _| {
            let gradients = gradients.iter();
            gradients
                .map(|gradient| Some(gradient.shallow_clone()))
                .collect()
        },
    )?;
    Tensor::f_run_backward(&source, leaves, false, false)?;
    Ok(())
}
// ANCHOR_END: works

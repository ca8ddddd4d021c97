// ANCHOR: head
//! The step that is measured: a model, its optimizer and one batch, as chapter 05's loop would drive them.
//!
//! Random tokens, the same ones in every step: what they are does not change what a step costs. Without clipping, as in
//! nanochat of 2026, unless it is asked for. The loss of each pass and the norm are read where that loop reads them, after which
//! a GPU's queue is empty, as it is in training.
//!
//! In bf16 it is the step that training takes: the fused side has working copies, or fp8, behind its products, and the tables are
//! bf16. They are so for the plain side too, since both drive one model.

use muon::{Optimizer, PlainUpdates, Rates2025, Rates2026, Solo, StepScale};
use muon::{groups_2025, groups_2026};
use tch::{Device, Kind, Tensor};
use tensors::Machine;
use transformer::dial::flops_per_token;
use transformer::{Config, Gpt, Plain};

use super::handing_over::HandingOver;
use super::log::{BACKWARD, CLIP, FORWARD, Log, OPTIMIZER, What};
use super::switchboard::{Switchboard, SwitchedContext, SwitchedKernels, SwitchedUpdates};
use super::timed::{Timed, TimedContext, TimedUpdates};
use super::{Error, Fusions};
use crate::precision::Products;
use crate::precision::bf16::tables_in_bf16;
use crate::{Fused, FusedUpdates, InTraining};
// ANCHOR_END: head

// ANCHOR: size
/// What a step works on.
#[derive(Debug, Clone, PartialEq)]
pub struct Size {
    /// Rows have the model's whole context.
    pub config: Config,
    /// B: rows of one forward and backward pass.
    pub rows: i64,
    /// Passes before each optimizer step.
    pub accumulation: usize,
    /// Gradients are scaled down to this norm.
    pub clip: Option<f64>,
}

impl Size {
    /// Of one optimizer step.
    pub fn tokens(&self) -> i64 {
        self.rows * self.config.context * self.accumulation as i64
    }

    /// By the model's formula, for a whole step.
    pub fn flops(&self) -> f64 {
        flops_per_token(&self.config) as f64 * self.tokens() as f64
    }

    /// `seed architecture, d4, C 256, H 4, V 4096; B 8, T 512`
    pub fn in_words(&self) -> String {
        let config = &self.config;
        let architecture = match config.switches.all_off() {
            true => "seed architecture",
            false => "architecture of 2026",
        };
        let passes = match self.accumulation {
            1 => String::new(),
            passes => format!(", {passes} passes per step"),
        };
        format!(
            "{architecture}, d{}, C {}, H {}, V {}; B {}, T {}{passes}",
            config.layers, config.width, config.heads, config.vocab_size, self.rows, config.context
        )
    }

    /// # Errors
    /// A model that cannot be built, or a step without rows or passes.
    pub fn check(&self) -> Result<(), Error> {
        for (what, given) in [
            ("the number of rows", self.rows.max(0) as usize),
            ("the number of passes per step", self.accumulation),
        ] {
            if given == 0 {
                return Err(Error::TooFew {
                    what,
                    given,
                    least: 1,
                });
            }
        }
        Ok(self.config.check()?)
    }
}
// ANCHOR_END: size

// ANCHOR: workload
/// A model that takes the same step as often as it is asked to, each operation plain or fused.
pub struct Workload {
    /// What a step works on.
    pub size: Size,
    /// Switched off, until somebody switches it on.
    pub log: Log,
    /// `bf16 with working copies, tables in bf16`
    pub numbers: String,
    gpt: Gpt,
    optimizer: Optimizer,
    kernels: SwitchedKernels<Plain, InTraining<'static>>,
    /// (B, T)
    inputs: Tensor,
    targets: Tensor,
}

const SEED: u32 = 1;

/// Rates as they are in the middle of a run.
const SCALE: StepScale = StepScale {
    lr: 1.0,
    momentum: 0.95,
    weight_decay: 1.0,
};

impl Workload {
    /// `fp8`: the fused side multiplies in it where it fits.
    ///
    /// # Errors
    /// A size that cannot be; fp8 that was asked for beside fp32, or that fails its trial.
    pub fn new(size: Size, machine: &Machine, fp8: bool) -> Result<Workload, Error> {
        size.check()?;
        let (products, numbers) = products(machine.compute, fp8, machine.device)?;
        tensors::seed_everything(SEED.into());
        let config = &size.config;
        let gpt = Gpt::new(config, machine.device, SEED.into())?.with_compute(machine.compute);
        if machine.compute == Kind::BFloat16 {
            tables_in_bf16(gpt.parameters())?; // before the optimizer makes its moments
        }
        let seed_model = config.switches.all_off();
        let groups = match seed_model {
            true => groups_2025(
                gpt.parameters(),
                config.width,
                &Rates2025::default(),
                machine.compute,
            ),
            false => groups_2026(
                gpt.parameters(),
                config.width,
                &Rates2026::default(),
                machine.compute,
            ),
        }?;
        let (board, log) = (Switchboard::default(), Log::new(machine.device));
        let updates = TimedUpdates {
            updates: SwitchedUpdates {
                plain: PlainUpdates,
                fused: FusedUpdates,
                board: board.clone(),
            },
            log: log.clone(),
        };
        let ids = Tensor::randint(
            config.vocab_size,
            [size.rows, config.context + 1],
            (Kind::Int64, machine.device),
        ); // (B, T + 1)
        Ok(Workload {
            optimizer: Optimizer::new(groups, Box::new(updates), Box::new(Solo))?,
            kernels: SwitchedKernels {
                plain: Plain,
                fused: InTraining {
                    kernels: &Fused,
                    relu_squared: None,
                    products,
                },
                board,
            },
            numbers,
            inputs: ids.narrow(1, 0, config.context).contiguous(),
            targets: ids.narrow(1, 1, config.context).contiguous(),
            gpt,
            log,
            size,
        })
    }

    /// One optimizer step with these operations fused; the mean loss.
    ///
    /// # Errors
    /// Whatever libtorch says.
    pub fn step(&mut self, fusions: Fusions) -> Result<f64, Error> {
        self.kernels.board.set(fusions);
        let log = self.log.clone();
        log.during(What::Step, || {
            let loss = self.passes()?;
            if let Some(limit) = self.size.clip {
                log.during(What::Phase(CLIP), || {
                    let norm = self.optimizer.clip_gradients(limit)?;
                    Ok::<f64, Error>(norm.double_value(&[]))
                })?;
            }
            log.during(What::Phase(OPTIMIZER), || self.optimizer.step(&SCALE))?;
            Ok(loss)
        })
    }

    /// The optimizer by itself, so many times on the gradients of one step, beginning each time with an empty queue as in training.
    ///
    /// # Errors
    /// As `step`.
    pub fn optimizer_alone(
        &mut self,
        fusions: Fusions,
        times: usize,
    ) -> Result<HandingOver, Error> {
        self.kernels.board.set(fusions);
        self.passes()?;
        let device = self.inputs.device();
        HandingOver::of(device, times, || Ok(self.optimizer.step(&SCALE)?))
    }

    /// Forward and backward as often as a step does; the mean loss.
    fn passes(&mut self) -> Result<f64, Error> {
        let log = self.log.clone();
        self.optimizer.zero_grad();
        let mut loss = 0.0;
        for _ in 0..self.size.accumulation {
            let mean = log.during(What::Phase(FORWARD), || self.forward())?;
            let part = mean / self.size.accumulation as f64;
            log.during(What::Phase(BACKWARD), || part.f_backward())?;
            loss += part.detach().double_value(&[]); // waits for the device
        }
        Ok(loss)
    }

    /// Bytes of the copies that products have made of their weights so far.
    pub fn working_copies(&self) -> usize {
        let products = self.kernels.fused.products.as_ref();
        products.map_or(0, |products| products.copies().bytes())
    }

    fn forward(&self) -> Result<Tensor, Error> {
        let kernels = Timed {
            kernels: &self.kernels,
            log: self.log.clone(),
        };
        let mut context = TimedContext {
            context: &mut SwitchedContext {
                board: self.kernels.board.clone(),
            },
            log: self.log.clone(),
        };
        let loss = self
            .gpt
            .loss_in(&kernels, &mut context, &self.inputs, &self.targets)?;
        Ok(loss.mean())
    }
}
// ANCHOR_END: workload

// ANCHOR: products
/// What multiplies on the fused side, as training chooses it, and in words what the step computes with. In fp32 there is nothing to
/// choose. bf16's products that fail their trial are replaced by casts, which a run does as well; fp8 that was asked for is not.
fn products(compute: Kind, fp8: bool, device: Device) -> Result<(Option<Products>, String), Error> {
    let name = tensors::doctor::precision_name(compute);
    if fp8 {
        let products = Products::tried(compute, true, device)?;
        let numbers = format!("{name} with products in fp8, tables in bf16");
        return Ok((Some(products), numbers));
    }
    if compute != Kind::BFloat16 {
        return Ok((None, name.to_string()));
    }
    Ok(match Products::tried(compute, false, device) {
        Ok(products) => (
            Some(products),
            format!("{name} with working copies, tables in bf16"),
        ),
        Err(error) => (
            None,
            format!(
                "{name} with tables in bf16, each weight cast for each product, because {error}"
            ),
        ),
    })
}
// ANCHOR_END: products

// ANCHOR: head
//! What every stage is given: the recipe, the parts, the run's folder, the machine, and how to be interrupted.

use crate::parts::Parts;
use crate::recipe::Recipe;
use crate::run_folder::RunFolder;
use hopper::InTraining;
use hopper::precision::Products;
use pretrain::{Durability, Interrupt};
use std::path::PathBuf;
use tch::Kind;
use tensors::Machine;
use transformer::{CausalWith, Context, Kernels};
// ANCHOR_END: head

// ANCHOR: run
pub struct Run {
    pub recipe: Recipe,
    /// What it computes with where there is a choice.
    pub parts: Parts,
    pub folder: RunFolder,
    /// A folder of the user's own text instead of the recipe's documents.
    pub text: Option<PathBuf>,
    /// Stages that `speedrun` leaves out.
    pub skip: Vec<String>,
    pub machine: Machine,
    /// Which of several ranks this program is; 0 if it is alone.
    pub rank: usize,
    /// How many there are.
    pub world: usize,
    pub interrupt: Interrupt,
    /// What is done about full disks, losses that are no numbers, and the like.
    pub durability: Durability,
    /// The FLOP/s that 100 % MFU stands for.
    pub peak_flops: f64,
    /// Measured here, or named by the recipe.
    pub peak_is_measured: bool,
}

impl Run {
    /// The arithmetic of the model: chapter 06's, which is chapter 03's in fewer passes over memory.
    pub fn kernels(&self) -> &'static dyn Kernels {
        &hopper::Fused
    }

    /// The same for training, by the relu² that is plugged in if there is one. In bf16 the products keep copies of the weights and
    /// add gradients by themselves, if a trial on this machine finds that they are right; fp8 is for pretraining alone.
    pub fn training_kernels(&self, fp8: bool) -> InTraining<'static> {
        let (kind, device) = (self.machine.compute, self.machine.device);
        let products = (kind == Kind::BFloat16).then(|| {
            Products::tried(kind, fp8, device).inspect_err(|error| {
                let why = format!("each weight is cast for each product, because {error}");
                self.say("precision", &why);
            })
        });
        InTraining {
            kernels: self.kernels(),
            relu_squared: self.parts.relu_squared.function,
            products: products.and_then(Result::ok),
        }
    }

    /// What the positions of a training row see of each other: by chapter 03's attention, or by the one that is plugged in.
    ///
    /// What measures (validation, examinations, the engine) stays with the chapters' own code. An answer that is not quite
    /// right would otherwise mark its own paper.
    pub fn context(&self) -> Box<dyn Context> {
        Box::new(CausalWith(self.parts.attention.function))
    }

    /// Whether this is the rank that prints, and writes to the run's folder.
    pub fn speaks(&self) -> bool {
        self.rank == 0
    }

    /// Prints one line about a stage, once for all ranks.
    pub fn say(&self, stage: &str, line: &str) {
        if self.speaks() {
            say(stage, line);
        }
    }
}

/// Prints one line about a stage, or about what comes before the first.
pub fn say(stage: &str, line: &str) {
    println!("{stage:>10}  {line}");
}

/// The error and its causes in one line; a cause that a message quotes already is not said twice.
pub fn chain(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if !line.contains(&cause) {
            line += if line.is_empty() { "" } else { ": " };
            line += &cause;
        }
    }
    line
}

/// How a stage ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    Done,
    /// Ctrl-C or SIGTERM, with the work saved.
    Interrupted,
}
// ANCHOR_END: run

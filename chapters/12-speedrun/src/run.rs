// ANCHOR: head
//! What every stage is given: the recipe, the run's folder, the machine, and how to be interrupted.

use crate::recipe::Recipe;
use crate::run_folder::RunFolder;
use pretrain::Interrupt;
use std::path::PathBuf;
use tensors::Machine;
use transformer::{Kernels, Plain};
// ANCHOR_END: head

// ANCHOR: run
pub struct Run {
    pub recipe: Recipe,
    pub folder: RunFolder,
    /// A folder of the user's own text instead of the recipe's documents.
    pub text: Option<PathBuf>,
    pub machine: Machine,
    pub interrupt: Interrupt,
    /// The FLOP/s that 100 % MFU stands for.
    pub peak_flops: f64,
    /// Measured here, or named by the recipe.
    pub peak_is_measured: bool,
}

impl Run {
    /// The arithmetic of the model: the plain expressions of chapter 03.
    pub fn kernels(&self) -> &'static dyn Kernels {
        &Plain
    }

    /// Prints one line about a stage.
    pub fn say(&self, stage: &str, line: &str) {
        println!("{stage:>10}  {line}");
    }
}

/// How a stage ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    Done,
    /// Ctrl-C, with the work saved.
    Interrupted,
}
// ANCHOR_END: run

//! The model of chapter 03, computed by this chapter's kernels, gives nanochat's numbers of October 2025 and of July 2026:
//! logits, losses, every gradient. With chapter 03's attention, with this chapter's, and with its blocks alone.

mod golden_model;

use golden_model::{FOLDERS, holds};
use hopper::attention::Windowed;
use hopper::{Fused, cpu};
use tch::{Device, Tensor};
use transformer::{Causal, CausalWith, Context};

fn hold_with(mut context: impl Context) {
    for folder in FOLDERS {
        holds(folder, Device::Cpu, &Fused, &mut context);
    }
}

#[test]
fn parity_of_the_golden_models_under_causal_attention() {
    hold_with(Causal);
}

/// What training uses. Rows of one block and less it leaves to libtorch.
#[test]
fn parity_of_the_golden_models_under_windowed_attention() {
    hold_with(Windowed);
}

/// The blocks of attention on a CPU, also where rows are so short that `Windowed` would leave them to libtorch.
#[test]
fn parity_of_the_golden_models_under_attention_in_blocks() {
    let in_blocks = |q: &Tensor, k: &Tensor, v: &Tensor, window: Option<i64>| {
        cpu::causal_attention(q, k, v, window).unwrap()
    };
    hold_with(CausalWith(in_blocks));
}

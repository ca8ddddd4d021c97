//! Where a run starts: from the fine-tuned model, or from its own last checkpoint.

use hopper::FusedUpdates;
use muon::{Collective, Optimizer, Rates2025, groups_2025};
use pretrain::{TrainState, checkpoint};
use std::path::Path;
use std::rc::Rc;
use tensors::Machine;
use tokenizer::Tokenizer;
use transformer::Gpt;

use crate::Error;

// ANCHOR: open
/// A model, its optimizer, and how far they have come.
pub struct Start {
    pub gpt: Gpt,
    pub optimizer: Optimizer,
    /// `None`: the run has not begun.
    pub state: Option<TrainState>,
}

/// Loads the checkpoint in `folder`, or the model in `base` where there is none. The optimizer has chapter 04's groups, all
/// rates multiplied with `rate_scale`, and begins with empty buffers: those of fine-tuning describe another gradient. All
/// `ranks` come here together.
///
/// # Errors
/// A model that cannot be loaded, or that was trained with another tokenizer.
pub fn open(
    base: &Path,
    folder: &Path,
    machine: &Machine,
    tokenizer: &Tokenizer,
    rates: &Rates2025,
    rate_scale: f64,
    ranks: &Rc<dyn Collective>,
) -> Result<Start, Error> {
    if ranks.rank() == 0 {
        checkpoint::recover(folder)?;
    }
    ranks.barrier()?; // then all read the same
    let state = checkpoint::read_state(folder)?;
    let from = if state.is_some() { folder } else { base };
    let gpt = Gpt::load_folder(from, machine.device)?.with_compute(machine.compute);
    gpt.config().check_vocabulary(tokenizer.vocab_size())?;
    if let Some(trained) = checkpoint::read_state(from)? {
        let found = tokenizer.fingerprint();
        if found != trained.tokenizer {
            return Err(pretrain::Error::Tokenizer {
                path: from.join("tokenizer.json"),
                found,
                expected: trained.tokenizer,
            }
            .into());
        }
    }
    let mut optimizer = scaled_optimizer(&gpt, rates, rate_scale, Box::new(ranks.clone()))?;
    if state.is_some() {
        checkpoint::load_optimizer(folder, &mut optimizer)?;
    }
    Ok(Start {
        gpt,
        optimizer,
        state,
    })
}

/// AdamW for the tables and Muon for the matrices, at a fraction of pretraining's rates; shared by `ranks`.
pub fn scaled_optimizer(
    gpt: &Gpt,
    rates: &Rates2025,
    rate_scale: f64,
    ranks: Box<dyn Collective>,
) -> Result<Optimizer, Error> {
    let mut groups = groups_2025(gpt.parameters(), gpt.config().width, rates, gpt.compute())?;
    // All of them, also those of tables that only a switch brings.
    for group in &mut groups {
        group.lr *= rate_scale;
    }
    Ok(Optimizer::new(groups, Box::new(FusedUpdates), ranks)?)
}
// ANCHOR_END: open

// ANCHOR: head
//! Checkpoints that are complete or absent.
//!
//! A checkpoint folder is a Hugging Face model folder (`config.json`, `model.safetensors`, `tokenizer.json`) plus
//! what training needs to go on: `state.json` and `optimizer-0.safetensors`, and `manifest.json`, by which damage is
//! noticed. It is written beside its final name, synced to the disk and renamed; the one before steps aside. A power cut at
//! any moment leaves a whole one, the old or the new.
//!
//! Here is what a checkpoint says, and how it is loaded. [`crate::snapshot`] makes it, [`crate::shelf`] keeps it.

use crate::Error;
use crate::disk::RealDisk;
use crate::shelf::{self, Keep};
use crate::snapshot::Snapshot;
use dataset::Position;
use muon::Optimizer;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;
use transformer::{Gpt, safetensors_io};
// ANCHOR_END: head

// ANCHOR: state
/// Where a run stands: everything that is neither a weight nor an optimizer buffer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainState {
    pub stage: String,
    /// Optimizer steps done. Schedules are functions of it, so they need no state of their own.
    pub step: u64,
    /// Optimizer steps in the whole run.
    pub steps: u64,
    /// Tokens that went into the loss so far.
    pub tokens: u64,
    /// Seconds of training so far, evaluations and checkpoints not counted.
    pub seconds: f64,
    /// The running mean of the loss that the progress bar shows.
    pub smooth_loss: f64,
    /// The last evaluation's bits per byte.
    pub bits_per_byte: Option<f64>,
    /// The step that was evaluated last.
    pub evaluated: Option<u64>,
    /// Where the data loader goes on.
    pub position: Option<Position>,
    /// Where the loaders of all ranks go on, if they read different documents. Empty for one rank, and for ranks that take
    /// turns in one sequence ([`dataset::turns`]): those all stand at `position`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub positions: Vec<Position>,
    /// The length of `metrics.jsonl` when this checkpoint was made.
    pub metrics_bytes: u64,
    /// Steps that were skipped or gone back from (see [`crate::trouble`]).
    #[serde(default)]
    pub troubles: u64,
    /// Fingerprint of the tokenizer that the token ids come from.
    pub tokenizer: String,
    /// What must not change between two parts of one run (batch sizes, rates, data), in words.
    pub recipe: String,
}

impl TrainState {
    /// Whether the stage is done.
    pub fn finished(&self) -> bool {
        self.step >= self.steps
    }

    /// Where rank `rank` of `world` goes on, if documents are dealt to the ranks. When the run was saved by another number
    /// of ranks, what is left is dealt anew.
    pub fn position_of(&self, rank: usize, world: usize) -> Result<Option<Position>, Error> {
        let saved = match self.positions.as_slice() {
            [] => self.position.as_slice(),
            positions => positions,
        };
        Ok(match saved.len() {
            0 => None,
            ranks if ranks == world => Some(saved[rank].clone()),
            _ => Position::redeal(saved, world)?.into_iter().nth(rank),
        })
    }
}
// ANCHOR_END: state

// ANCHOR: save
/// Writes a checkpoint now: `folder` becomes the newest one when it is whole. All ranks of the optimizer must call it: they
/// help to put its buffers together, rank 0 writes, and all return when the checkpoint is there.
///
/// # Errors
/// Names the file that could not be written (a full disk, a missing right); the old checkpoint is untouched then.
pub fn save(
    folder: &Path,
    gpt: &Gpt,
    optimizer: Option<&Optimizer>,
    tokenizer: &tokenizer::Tokenizer,
    state: &TrainState,
) -> Result<(), Error> {
    let buffers = optimizer.map(Optimizer::state).transpose()?;
    let ranks = optimizer.map(Optimizer::collective);
    if ranks.is_none_or(|ranks| ranks.rank() == 0) {
        let snapshot = Snapshot::take(gpt, buffers, tokenizer, state);
        snapshot.write(&RealDisk, folder, &Keep::default())?;
    }
    ranks.map_or(Ok(()), |ranks| Ok(ranks.barrier()?))
}

/// Puts the newest whole checkpoint in its place (see [`shelf::recover`]), and says on the standard error what was not
/// whole. Call before asking whether a checkpoint exists.
pub fn recover(folder: &Path) -> Result<(), Error> {
    for said in shelf::recover(&RealDisk, folder)? {
        eprintln!("{said}");
    }
    Ok(())
}
// ANCHOR_END: save

// ANCHOR: load
/// The state of the checkpoint in `folder`, or `None` where there is none.
pub fn read_state(folder: &Path) -> Result<Option<TrainState>, Error> {
    let path = folder.join("state.json");
    if !path.exists() {
        return Ok(None);
    }
    let text = fs::read_to_string(&path).map_err(|e| Error::file(&path, e))?;
    let state = serde_json::from_str(&text).map_err(|e| Error::Checkpoint {
        path,
        what: format!("state.json cannot be read ({e})"),
    })?;
    Ok(Some(state))
}

/// Loads the optimizer's buffers from a checkpoint into an optimizer made with the same groups.
pub fn load_optimizer(folder: &Path, optimizer: &mut Optimizer) -> Result<(), Error> {
    let path = folder.join("optimizer-0.safetensors");
    let buffers = safetensors_io::read_tensors(&path)?;
    Ok(optimizer.load_state(buffers)?)
}

/// Puts the weights of a checkpoint into a model of the same shape.
pub fn load_weights(folder: &Path, gpt: &Gpt) -> Result<(), Error> {
    let path = folder.join("model.safetensors");
    let saved = safetensors_io::read_tensors(&path)?;
    let _no_graph = tch::no_grad_guard();
    for parameter in gpt.parameters() {
        let name = &parameter.name;
        let found = saved.iter().find(|(known, _)| known == name);
        let Some((_, tensor)) = found.filter(|(_, it)| it.size() == parameter.tensor.size()) else {
            let what = format!("{name} is missing, or has another shape");
            return Err(Error::Checkpoint { path, what });
        };
        parameter.tensor.shallow_clone().copy_(tensor);
    }
    Ok(())
}

/// The tokenizer of a model folder, checked against the model's vocabulary.
pub fn load_tokenizer(folder: &Path, gpt: &Gpt) -> Result<tokenizer::Tokenizer, Error> {
    let path = folder.join("tokenizer.json");
    let tokenizer = tokenizer::Tokenizer::load(&path)?;
    let (known, expected) = (tokenizer.vocab_size(), gpt.config().vocab_size as usize);
    if known != expected {
        let what = format!("the tokenizer has {known} tokens, the model expects {expected}");
        return Err(Error::Checkpoint { path, what });
    }
    if let Some(state) = read_state(folder)? {
        let found = tokenizer.fingerprint();
        if found != state.tokenizer {
            return Err(Error::Tokenizer {
                path,
                found,
                expected: state.tokenizer,
            });
        }
    }
    Ok(tokenizer)
}
// ANCHOR_END: load

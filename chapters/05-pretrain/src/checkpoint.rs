// ANCHOR: head
//! Checkpoints that are complete or absent.
//!
//! A checkpoint folder is a Hugging Face model folder (`config.json`, `model.safetensors`, `tokenizer.json`) plus
//! what training needs to go on: `state.json` and `optimizer-0.safetensors`. It is written beside its final name,
//! synced to the disk and renamed; the previous one steps aside until then. A power cut at any moment leaves one
//! of the two, whole.

use crate::Error;
use dataset::Position;
use muon::Optimizer;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use tokenizer::Special;
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
/// Writes a checkpoint under `folder`, replacing the one there only when the new one is whole. All ranks of the optimizer
/// must call it: they help to put its buffers together, rank 0 writes, and all return when the checkpoint is there.
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
        write(folder, gpt, buffers, tokenizer, state)?;
    }
    ranks.map_or(Ok(()), |ranks| Ok(ranks.barrier()?))
}

fn write(
    folder: &Path,
    gpt: &Gpt,
    buffers: Option<Vec<(String, tch::Tensor)>>,
    tokenizer: &tokenizer::Tokenizer,
    state: &TrainState,
) -> Result<(), Error> {
    let new = sibling(folder, "new");
    if new.exists() {
        fs::remove_dir_all(&new).map_err(|e| Error::file(&new, e))?;
    }
    fs::create_dir_all(&new).map_err(|e| Error::file(&new, e))?;
    transformer::save_folder(gpt, &new)?;
    tokenizer.save(&new.join("tokenizer.json"))?;
    // Where text begins and where an answer ends, for other programs that generate with this folder.
    let ends = serde_json::json!({
        "bos_token_id": tokenizer.special(Special::Bos),
        "eos_token_id": tokenizer.special(Special::AssistantEnd),
    });
    let path = new.join("generation_config.json");
    fs::write(&path, ends.to_string()).map_err(|e| Error::file(&path, e))?;
    if let Some(buffers) = buffers {
        let buffers: Vec<(String, &tch::Tensor)> = buffers
            .iter()
            .map(|(name, tensor)| (name.clone(), tensor))
            .collect();
        safetensors_io::write_tensors(&new.join("optimizer-0.safetensors"), &buffers)?;
    }
    let path = new.join("state.json");
    let text = serde_json::to_string(state).expect("a state is plain data");
    fs::write(&path, text).map_err(|e| Error::file(&path, e))?;
    sync(&new)?;

    let previous = sibling(folder, "previous");
    if folder.exists() {
        if previous.exists() {
            fs::remove_dir_all(&previous).map_err(|e| Error::file(&previous, e))?;
        }
        fs::rename(folder, &previous).map_err(|e| Error::file(folder, e))?;
    }
    fs::rename(&new, folder).map_err(|e| Error::file(folder, e))?;
    if let Some(parent) = folder.parent() {
        sync(parent)?;
    }
    if previous.exists() {
        fs::remove_dir_all(&previous).map_err(|e| Error::file(&previous, e))?;
    }
    Ok(())
}

// ANCHOR_END: save

// ANCHOR: sync
/// `base` → `base.new`: on the same disk, so that the rename is one step.
fn sibling(folder: &Path, suffix: &str) -> PathBuf {
    let mut name = folder.as_os_str().to_os_string();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

/// Waits until the files of a folder, and its list of names, are on the disk.
fn sync(folder: &Path) -> Result<(), Error> {
    for entry in fs::read_dir(folder).map_err(|e| Error::file(folder, e))? {
        let path = entry.map_err(|e| Error::file(folder, e))?.path();
        if path.is_file() {
            File::open(&path)
                .and_then(|file| file.sync_all())
                .map_err(|e| Error::file(&path, e))?;
        }
    }
    File::open(folder)
        .and_then(|file| file.sync_all())
        .map_err(|e| Error::file(folder, e))
}
// ANCHOR_END: sync

// ANCHOR: recover
/// Puts the previous checkpoint back if the program died between the two renames of [`save`], and clears what it
/// left behind. Call before asking whether a checkpoint exists.
pub fn recover(folder: &Path) -> Result<(), Error> {
    let (new, previous) = (sibling(folder, "new"), sibling(folder, "previous"));
    if !folder.exists() && previous.exists() {
        fs::rename(&previous, folder).map_err(|e| Error::file(&previous, e))?;
    }
    for left_over in [new, previous] {
        if left_over.exists() {
            fs::remove_dir_all(&left_over).map_err(|e| Error::file(&left_over, e))?;
        }
    }
    Ok(())
}

// ANCHOR_END: recover

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

// ANCHOR: head
//! A model and its tokenizer, loaded from a folder, and how a folder is found.

use crate::Error;
use crate::tool::{Python, machine};
use engine::ToolMachine;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use tch::Device;
use tokenizer::Tokenizer;
use transformer::Gpt;

/// The stages of a run, the last one first: what has learnt most is the best to talk to.
const STAGES: [&str; 4] = ["rl", "sft", "mid", "base"];
// ANCHOR_END: head

// ANCHOR: model
/// What it takes to talk.
pub struct Model {
    pub gpt: Gpt,
    pub tokenizer: Tokenizer,
    /// What runs the programs that the model writes; `None`: only its sums are answered.
    pub python: Option<Arc<Python>>,
}

impl Model {
    /// Loads a model folder; without a Python.
    ///
    /// # Errors
    /// A file that is missing or damaged, and a tokenizer that is not the one the model was trained with: such a pair
    /// would load, run, and talk nonsense.
    pub fn load(folder: &Path, device: Device) -> Result<Self, Error> {
        for missing in ["config.json", "model.safetensors", "tokenizer.json"] {
            if !folder.join(missing).is_file() {
                return Err(Error::Incomplete {
                    folder: folder.to_path_buf(),
                    missing,
                });
            }
        }
        let gpt = Gpt::load_folder(folder, device)?;
        let tokenizer = pretrain::checkpoint::load_tokenizer(folder, &gpt)?;
        Ok(Model {
            gpt,
            tokenizer,
            python: None,
        })
    }

    /// What answers its calls.
    pub fn tool(&self) -> ToolMachine {
        machine(&self.tokenizer, self.python.as_ref())
    }
}
// ANCHOR_END: model

// ANCHOR: find
/// The furthest stage of the run that was last worked on, under a folder of runs.
pub fn find_model(runs: &Path) -> Result<PathBuf, Error> {
    let changed = |folder: &Path| -> Option<SystemTime> {
        let weights = folder.join("model.safetensors");
        weights.metadata().and_then(|meta| meta.modified()).ok()
    };
    let newest = std::fs::read_dir(runs)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let run = entry.ok()?.path();
            let stage = STAGES
                .iter()
                .map(|stage| run.join(stage))
                .find(|folder| changed(folder).is_some())?;
            Some((changed(&stage)?, stage))
        })
        .max();
    newest.map(|(_, folder)| folder).ok_or(Error::NoModel {
        runs: runs.to_path_buf(),
    })
}
// ANCHOR_END: find

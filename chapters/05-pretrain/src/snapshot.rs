// ANCHOR: head
//! A checkpoint in memory: everything that training needs to go on, copied at one moment between two steps.
//!
//! Writing takes as long as the disk takes, copying as long as memory takes. So the step waits for the copy only, and
//! the copy is written while the next steps change what it was made from.

use crate::Error;
use crate::checkpoint::TrainState;
use crate::disk::Disk;
use crate::manifest::{MANIFEST, Manifest, Seal};
use crate::shelf::{self, Keep, sibling};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use tch::{Device, Tensor};
use tokenizer::{Special, Tokenizer};
use transformer::{Gpt, safetensors_io};
// ANCHOR_END: head

// ANCHOR: snapshot
pub struct Snapshot {
    step: u64,
    bits_per_byte: Option<f64>,
    files: Vec<(&'static str, Content)>,
    /// The log, which has to be on the disk before a checkpoint that says how long it is.
    log: Option<File>,
}

enum Content {
    Text(String),
    /// Tensors of their own, in the machine's memory.
    Tensors(Vec<(String, Tensor)>),
}

impl Snapshot {
    /// Copies the weights, and the optimizer's buffers as [`muon::Optimizer::state`] gives them; from a GPU, into the
    /// machine's memory.
    pub fn take(
        gpt: &Gpt,
        buffers: Option<Vec<(String, Tensor)>>,
        tokenizer: &Tokenizer,
        state: &TrainState,
    ) -> Snapshot {
        // Where text begins and where an answer ends, for other programs that generate with this folder.
        let ends = serde_json::json!({
            "bos_token_id": tokenizer.special(Special::Bos),
            "eos_token_id": tokenizer.special(Special::AssistantEnd),
        });
        let weights = gpt
            .parameters()
            .iter()
            .map(|parameter| (parameter.name.clone(), copied(&parameter.tensor)));
        let text = serde_json::to_string(state).expect("a state is plain data");
        let mut files = vec![
            (
                "config.json",
                Content::Text(transformer::config_text(gpt.config())),
            ),
            ("generation_config.json", Content::Text(ends.to_string())),
            ("tokenizer.json", Content::Text(tokenizer.to_json_text())),
            ("state.json", Content::Text(text)),
            ("model.safetensors", Content::Tensors(weights.collect())),
        ];
        if let Some(buffers) = buffers {
            let buffers = buffers.into_iter();
            let buffers = buffers.map(|(name, tensor)| (name, copied(&tensor)));
            files.push((
                "optimizer-0.safetensors",
                Content::Tensors(buffers.collect()),
            ));
        }
        Snapshot {
            step: state.step,
            bits_per_byte: state
                .bits_per_byte
                .filter(|_| state.evaluated == Some(state.step)),
            files,
            log: None,
        }
    }

    /// The log to be synced first.
    pub fn with_log(mut self, log: File) -> Snapshot {
        self.log = Some(log);
        self
    }

    /// About how many bytes it takes on the disk.
    pub fn size(&self) -> u64 {
        let of = |content: &Content| match content {
            Content::Text(text) => text.len(),
            // A name, a shape and a place for each in the header.
            Content::Tensors(tensors) => tensors
                .iter()
                .map(|(_, tensor)| tensor.numel() * tensor.kind().elt_size_in_bytes() + 256)
                .sum(),
        };
        self.files
            .iter()
            .map(|(_, content)| of(content) as u64)
            .sum::<u64>()
            + 4096
    }
    // ANCHOR_END: snapshot

    // ANCHOR: write
    /// Writes the checkpoint beside `folder` and puts it in its place when it is whole.
    ///
    /// # Errors
    /// Names the file that could not be written. The checkpoints that were there are untouched then.
    pub fn write(mut self, disk: &dyn Disk, folder: &Path, keep: &Keep) -> Result<(), Error> {
        let new = sibling(folder, "new");
        let log = self.log.take().map_or(Ok(()), |log| log.sync_all());
        let written = log
            .map_err(|e| Error::file(Path::new("metrics.jsonl"), e))
            .and_then(|()| self.write_files(disk, &new));
        if written.is_err() {
            // On a full disk, half a checkpoint would be in the way. The first error is the one to report.
            let _ = disk.remove_folder(&new);
        }
        written?;
        shelf::publish(disk, folder, keep)
    }

    fn write_files(self, disk: &dyn Disk, new: &Path) -> Result<(), Error> {
        shelf::remove(disk, new)?;
        disk.create_folder(new).map_err(|e| Error::file(new, e))?;
        let (needed, free) = (
            self.size(),
            disk.free(new).map_err(|e| Error::file(new, e))?,
        );
        if needed > free {
            return Err(Error::NoSpace {
                path: new.to_path_buf(),
                needed,
                free,
            });
        }
        let mut seals = BTreeMap::new();
        // One file after the other: what was written is given back before the next is laid out as bytes.
        for (name, content) in self.files {
            let path = new.join(name);
            let bytes = match content {
                Content::Text(text) => text.into_bytes(),
                Content::Tensors(tensors) => {
                    let list: Vec<_> = tensors.iter().map(|(name, t)| (name.clone(), t)).collect();
                    safetensors_io::to_bytes(&path, &list)?
                }
            };
            write_synced(disk, &path, &bytes)?;
            seals.insert(name.to_string(), Seal::of_bytes(&bytes));
        }
        let manifest = Manifest {
            step: self.step,
            bits_per_byte: self.bits_per_byte,
            files: seals,
        };
        write_synced(disk, &new.join(MANIFEST), manifest.text().as_bytes())?;
        disk.sync(new).map_err(|e| Error::file(new, e))
    }
}

fn write_synced(disk: &dyn Disk, path: &Path, content: &[u8]) -> Result<(), Error> {
    disk.write(path, content)
        .and_then(|()| disk.sync(path))
        .map_err(|e| Error::file(path, e))
}

/// `to_device` alone gives back the same tensor where it lies in the machine's memory already.
fn copied(tensor: &Tensor) -> Tensor {
    let tensor = tensor.detach();
    if tensor.device() == Device::Cpu {
        tensor.copy()
    } else {
        tensor.to_device(Device::Cpu)
    }
}
// ANCHOR_END: write

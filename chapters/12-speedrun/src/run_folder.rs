// ANCHOR: head
//! `runs/NAME/`: where a run keeps everything it makes.

use crate::lineage::command;
use crate::parts::Parts;
use crate::recipe::Recipe;
use anyhow::{Context, Result, bail};
use serde::{Serialize, de::DeserializeOwned};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
// ANCHOR_END: head

// ANCHOR: folder
/// The stages that leave notes, each made from those before it.
const ORDER: [&str; 11] = [
    "data",
    "tokenizer",
    "base",
    "eval-base",
    "mid",
    "eval-mid",
    "sft",
    "eval-sft",
    "rl",
    "eval-rl",
    "quiz",
];

/// The folder of one run. Every stage reads the folders of the stages before it and writes its own.
#[derive(Debug, Clone)]
pub struct RunFolder {
    root: PathBuf,
    /// Stages whose files this program has looked at.
    believed: Arc<Mutex<BTreeSet<String>>>,
}

impl RunFolder {
    /// Opens the folder, and creates it when it is missing.
    pub fn open(root: &Path) -> Result<Self> {
        fs::create_dir_all(root)
            .with_context(|| format!("cannot create the run's folder {}", root.display()))?;
        Ok(RunFolder {
            root: root.to_path_buf(),
            believed: Arc::default(),
        })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Documents and conversations.
    pub fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    pub fn tokenizer(&self) -> PathBuf {
        self.root.join("tokenizer").join("tokenizer.json")
    }

    /// The checkpoint of a stage: `base` or `sft`.
    pub fn model(&self, stage: &str) -> PathBuf {
        self.root.join(stage)
    }

    pub fn metrics(&self) -> PathBuf {
        self.root.join("metrics.jsonl")
    }

    pub fn report(&self) -> PathBuf {
        self.root.join("report.md")
    }

    // ANCHOR_END: folder

    // ANCHOR: identity
    /// Makes sure that the folder belongs to this recipe, this text and this code: the first stage writes them down, every
    /// later one compares. Otherwise a stage that is kept from before would be another run's.
    pub fn claim(&self, recipe: &Recipe, text: Option<&Path>, parts: &Parts) -> Result<()> {
        let path = self.root.join("recipe.json");
        let text = text.map(|text| text.canonicalize().unwrap_or_else(|_| text.to_path_buf()));
        let plugged = parts.identity();
        let asked = match plugged.is_empty() {
            true => serde_json::to_string_pretty(&(recipe, text)),
            false => serde_json::to_string_pretty(&(recipe, text, plugged)),
        };
        let asked = asked.context("a recipe is plain data")?;
        if !path.exists() {
            return write_whole(&path, &asked);
        }
        let found =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        if found != asked {
            bail!(
                "{} holds another run: its recipe, seed, text or plugged-in code differs (see {}); choose another --name, or remove the folder",
                self.root.display(),
                path.display()
            );
        }
        Ok(())
    }
    // ANCHOR_END: identity

    // ANCHOR: notes
    pub(crate) fn note_folder(&self) -> PathBuf {
        self.root.join("notes")
    }

    /// What a finished stage has to say in the report: `notes/STAGE.json`. Its presence marks the stage as done, and the
    /// manifest beside it says what the stage has left.
    pub fn write_note<T: Serialize>(&self, stage: &str, note: &T) -> Result<()> {
        let folder = self.note_folder();
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        self.seal(stage)?;
        let text = serde_json::to_string_pretty(note).expect("notes are plain data");
        write_whole(&folder.join(format!("{stage}.json")), &text)
    }

    /// Called before a stage does its work: what was noted about it no longer holds, nor about what was made from it. Otherwise
    /// a model that is trained again would be reported with the scores of the old one.
    pub fn begin(&self, stage: &str) -> Result<()> {
        let from = ORDER.iter().position(|known| *known == stage);
        let from = from.with_context(|| format!("`{stage}` is no stage that leaves a note"))?;
        // An examination and the quiz look at a model and change nothing.
        let looks_only = stage.starts_with("eval-") || stage == "quiz";
        let until = if looks_only { from + 1 } else { ORDER.len() };
        for stage in &ORDER[from..until] {
            self.doubt(stage);
            let path = self.root.join("notes").join(format!("{stage}.json"));
            if path.exists() {
                fs::remove_file(&path)
                    .with_context(|| format!("cannot remove {}", path.display()))?;
            }
        }
        Ok(())
    }

    /// The folder of a model whose training has finished.
    pub fn trained(&self, stage: &str) -> Result<PathBuf> {
        let folder = self.model(stage);
        let product = folder.join("config.json");
        if self
            .finished::<serde_json::Value>(stage, &product)?
            .is_none()
        {
            bail!(
                "{} holds no model that has finished training; run the stage `{}` first",
                folder.display(),
                command(stage)
            );
        }
        Ok(folder)
    }

    /// Adds the time since `started` to what the stage has taken before it was interrupted, and says the sum. The time of a
    /// sitting that was killed is lost.
    pub fn spent(&self, stage: &str, started: Instant) -> Result<f64> {
        let path = self.root.join("notes").join(format!("{stage}.seconds"));
        let before = fs::read_to_string(&path)
            .ok()
            .and_then(|text| text.trim().parse::<f64>().ok())
            .unwrap_or(0.0);
        let seconds = before + started.elapsed().as_secs_f64();
        fs::create_dir_all(self.root.join("notes"))
            .with_context(|| format!("cannot create {}", path.display()))?;
        write_whole(&path, &format!("{seconds:.3}\n"))?;
        Ok(seconds)
    }

    /// The note of a stage that has finished and whose product is still there.
    ///
    /// # Errors
    /// The product is there and is not what the stage left: that is for somebody to decide, and not for a program.
    pub fn finished<T: DeserializeOwned>(&self, stage: &str, product: &Path) -> Result<Option<T>> {
        if !product.exists() {
            return Ok(None);
        }
        let note = self.read_note(stage)?;
        if note.is_some() {
            self.verify(stage)?;
        }
        Ok(note)
    }

    pub(crate) fn believe(&self, stage: &str) {
        self.seen().insert(stage.to_owned());
    }

    pub(crate) fn is_believed(&self, stage: &str) -> bool {
        self.seen().contains(stage)
    }

    fn doubt(&self, stage: &str) {
        self.seen().remove(stage);
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        // A set of names is whole whatever happened to another thread.
        self.believed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The note of a stage, or `None` when the stage has not finished.
    pub fn read_note<T: DeserializeOwned>(&self, stage: &str) -> Result<Option<T>> {
        let path = self.root.join("notes").join(format!("{stage}.json"));
        if !path.exists() {
            return Ok(None);
        }
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let note = serde_json::from_str(&text).with_context(|| {
            format!(
                "{} is not the note of a finished stage; remove it to run the stage again",
                path.display()
            )
        })?;
        Ok(Some(note))
    }
}

/// Writes a file beside its final name, then renames it.
pub fn write_whole(path: &Path, text: &str) -> Result<()> {
    let part = path.with_extension("part");
    fs::write(&part, text).with_context(|| format!("cannot write {}", part.display()))?;
    fs::rename(&part, path)
        .with_context(|| format!("cannot rename {} to {}", part.display(), path.display()))
}
// ANCHOR_END: notes

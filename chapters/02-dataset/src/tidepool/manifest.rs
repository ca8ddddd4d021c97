//! The manifest: what a corpus consists of, written last, so that a manifest means a complete corpus.

use super::error::Error;
use super::settings::CorpusSettings;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

/// The file's name.
pub const MANIFEST: &str = "manifest.json";

/// Raised whenever the same settings give another text than before, so that an old corpus is not taken for a new one.
pub const GENERATOR: u32 = 1;

// ANCHOR: manifest
/// What was written, and from what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    pub generator: u32,
    pub world_seed: u64,
    pub entities: usize,
    pub settings: CorpusSettings,
    /// Different words (runs of letters, without regard to capitals) in the pretraining text.
    pub distinct_words: usize,
    pub files: Vec<FileEntry>,
}

/// A file of the corpus.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Relative to the corpus folder, with `/` on every system.
    pub path: String,
    /// Documents, rows or words in it.
    pub records: usize,
    /// Bytes of text in its records (shards) or of the file (all others).
    pub text_bytes: u64,
    /// Size on disk: what tells a whole file from a truncated one.
    pub file_bytes: u64,
}

impl Manifest {
    /// The manifest of a folder, if there is one that can be read.
    pub fn read(dir: &Path) -> Option<Manifest> {
        serde_json::from_str(&fs::read_to_string(dir.join(MANIFEST)).ok()?).ok()
    }

    /// Writes it into a folder.
    pub fn write(&self, dir: &Path) -> Result<(), Error> {
        let path = dir.join(MANIFEST);
        let text = serde_json::to_string_pretty(self).expect("a manifest is plain data");
        fs::write(&path, text + "\n").map_err(|source| Error::Io { path, source })
    }

    /// Whether every file is there with the size that was written.
    pub fn is_complete(&self, dir: &Path) -> bool {
        self.files.iter().all(|file| {
            fs::metadata(dir.join(&file.path)).is_ok_and(|found| found.len() == file.file_bytes)
        })
    }

    /// Whether both describe the same corpus, whatever came of it.
    pub fn is_of(&self, world_seed: u64, entities: usize, settings: &CorpusSettings) -> bool {
        (self.generator, self.world_seed, self.entities) == (GENERATOR, world_seed, entities)
            && self.settings == *settings
    }

    /// Bytes of pretraining text.
    pub fn pretraining_bytes(&self) -> u64 {
        self.files
            .iter()
            .filter(|file| file.path.starts_with("pretrain/"))
            .map(|file| file.text_bytes)
            .sum()
    }
}
// ANCHOR_END: manifest

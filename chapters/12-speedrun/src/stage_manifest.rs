// ANCHOR: head
//! What a stage has made, file by file: `notes/STAGE.manifest.json`.
//!
//! A note says that a stage is done. This says what it left, so that a later stage, or the same command next week, does
//! not build on a file that has changed since: damaged by the disk, half copied, or edited and forgotten.

use crate::lineage::MODELS;
use crate::run_folder::{RunFolder, write_whole};
use anyhow::{Context, Result};
use pretrain::disk::RealDisk;
use pretrain::manifest::Seal;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
// ANCHOR_END: head

// ANCHOR: manifest
/// Files by their path in the run's folder.
type Files = BTreeMap<String, Seal>;

/// Longer files are held to their length only: shards of a download are read by the gigabyte each time otherwise. What is in
/// them was compared with the publisher's checksum when it came.
const LONGEST: u64 = 256 << 20;

impl RunFolder {
    fn manifest(&self, stage: &str) -> PathBuf {
        self.note_folder().join(format!("{stage}.manifest.json"))
    }

    /// Seals what a stage has made. Called before its note is written.
    pub(crate) fn seal(&self, stage: &str) -> Result<()> {
        let mut files = Files::new();
        for path in self.products(stage)? {
            let length = fs::metadata(&path)
                .with_context(|| format!("cannot look at {}", path.display()))?
                .len();
            let seal = match length > LONGEST && stage == "data" {
                true => Seal {
                    bytes: length,
                    crc32: None,
                },
                false => Seal::of_file(&RealDisk, &path)?,
            };
            let name = path.strip_prefix(self.root()).unwrap_or(&path);
            files.insert(name.to_string_lossy().into_owned(), seal);
        }
        let text = serde_json::to_string_pretty(&files).expect("a manifest is plain data");
        write_whole(&self.manifest(stage), &text)?;
        self.believe(stage);
        Ok(())
    }

    /// Whether a stage's files are those that it left. Looked at once per program.
    ///
    /// # Errors
    /// Names the file that is another one, and what to do.
    pub fn verify(&self, stage: &str) -> Result<()> {
        if self.is_believed(stage) {
            return Ok(());
        }
        let path = self.manifest(stage);
        let remedy = || {
            let note = self.note_folder().join(format!("{stage}.json"));
            format!(
                "the stage `{stage}` is done, and what it made has changed since; put the file back, or remove {} to run \
                 the stage again",
                note.display()
            )
        };
        let text = fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))
            .with_context(remedy)?;
        let files: Files = serde_json::from_str(&text)
            .with_context(|| format!("{} is no manifest", path.display()))
            .with_context(remedy)?;
        for (name, seal) in &files {
            let path = self.root().join(name);
            let checked = match seal.crc32 {
                Some(_) => seal.check(&RealDisk, &path).map_err(Into::into),
                None => same_length(&path, seal.bytes),
            };
            checked.with_context(remedy)?;
        }
        self.believe(stage);
        Ok(())
    }

    /// Verifies what a later stage is about to read, if it was a stage that made it.
    pub fn trust(&self, stage: &str) -> Result<()> {
        match self.note_folder().join(format!("{stage}.json")).exists() {
            true => self.verify(stage),
            false => Ok(()),
        }
    }

    /// The files by which a stage is known. An examination makes nothing but its note; it is of a model, and no longer
    /// holds when that is another one.
    fn products(&self, stage: &str) -> Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        match stage {
            "data" => all_files(&self.data(), &mut found)?,
            "tokenizer" => found.push(self.tokenizer()),
            "quiz" => {
                let asked = MODELS.iter().rev().find(|stage| self.has_model(stage));
                found.extend(asked.map(|stage| self.model(stage).join("manifest.json")));
            }
            stage => match stage.strip_prefix("eval-") {
                Some(of) => found.push(self.model(of).join("manifest.json")),
                None => all_files(&self.model(stage), &mut found)?,
            },
        }
        Ok(found)
    }
}

fn same_length(path: &Path, expected: u64) -> Result<()> {
    let found = fs::metadata(path)
        .with_context(|| format!("cannot look at {}", path.display()))?
        .len();
    anyhow::ensure!(
        found == expected,
        "{} has {found} bytes instead of {expected}",
        path.display()
    );
    Ok(())
}

fn all_files(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let cannot = || format!("cannot read {}", folder.display());
    for entry in fs::read_dir(folder).with_context(cannot)? {
        let path = entry.with_context(cannot)?.path();
        match path.is_dir() {
            true => all_files(&path, found)?,
            false => found.push(path),
        }
    }
    found.sort();
    Ok(())
}
// ANCHOR_END: manifest

// ANCHOR: files
//! Where the numbers of `nanocrab bench` go besides the terminal.

use crate::run_folder::write_whole;
use anyhow::{Result, ensure};
use clap::Args;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub struct Files {
    /// Write everything measured into this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write every round into this file
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Write the tables for the book into this file
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
}

impl Files {
    /// That every file can be put where it is wanted: better now than after minutes of measuring.
    pub(crate) fn check(&self, more: &[&Option<PathBuf>]) -> Result<()> {
        let files = [&self.json, &self.csv, &self.markdown];
        for file in files.iter().chain(more).filter_map(|file| file.as_ref()) {
            let folder = file
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            ensure!(
                folder.is_none_or(Path::is_dir),
                "{}: there is no such folder to write into; make it first",
                file.display()
            );
        }
        Ok(())
    }

    pub(crate) fn write(
        &self,
        json: impl FnOnce() -> serde_json::Value,
        csv: impl FnOnce() -> String,
        markdown: impl FnOnce() -> String,
    ) -> Result<()> {
        if let Some(file) = &self.json {
            write_whole(file, &format!("{:#}\n", json()))?;
        }
        if let Some(file) = &self.csv {
            write_whole(file, &csv())?;
        }
        if let Some(file) = &self.markdown {
            write_whole(file, &markdown())?;
        }
        Ok(())
    }
}
// ANCHOR_END: files

// ANCHOR: files
//! Where the numbers of `nanocrab bench` go besides the terminal, each time with what they were measured with.

use crate::report::commit;
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

    /// `json` is an object and gets a member `measured`; above tables and CSV stands the caption.
    pub(crate) fn write(
        &self,
        caption: &Caption,
        json: impl FnOnce() -> serde_json::Value,
        csv: impl FnOnce() -> String,
        markdown: impl FnOnce() -> String,
    ) -> Result<()> {
        if let Some(file) = &self.json {
            let mut json = json();
            let Caption {
                commit,
                date,
                command,
                ..
            } = caption;
            json["measured"] =
                serde_json::json!({ "commit": commit, "date": date, "command": command });
            write_whole(file, &format!("{json:#}\n"))?;
        }
        if let Some(file) = &self.csv {
            write_whole(file, &caption.above_csv(&csv()))?;
        }
        if let Some(file) = &self.markdown {
            write_whole(file, &format!("{caption}\n\n{}", markdown()))?;
        }
        Ok(())
    }
}

/// What was measured, and by whom. Taken before any file is written: a file in the tree would be a change to the commit.
pub(crate) struct Caption {
    heading: String,
    commit: String,
    date: String,
    command: String,
}

impl Caption {
    pub(crate) fn of(heading: &str) -> Caption {
        Caption {
            heading: heading.replace('\n', " "),
            commit: commit(),
            date: chrono::Local::now().format("%Y-%m-%d").to_string(),
            command: command(),
        }
    }

    /// As a comment in the first line.
    pub(crate) fn above_csv(&self, csv: &str) -> String {
        format!("# {self}\n{csv}")
    }
}

impl std::fmt::Display for Caption {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let Caption {
            heading,
            commit,
            date,
            command,
        } = self;
        write!(f, "{heading} Commit {commit}, {date}, `{command}`.")
    }
}

/// How this program was called.
fn command() -> String {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    // Where somebody keeps a Python is nobody's business.
    if let Some(python) = words.iter().position(|word| word == "--python")
        && let Some(path) = words.get_mut(python + 1)
        && let Some(name) = Path::new(path.as_str()).file_name()
    {
        *path = name.to_string_lossy().into_owned();
    }
    format!("nanocrab {}", words.join(" "))
}
// ANCHOR_END: files

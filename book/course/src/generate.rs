//! `cargo course gen`: writes `exercises/NN-name` from `solutions/NN-name`.
//!
//! What was written is recorded with its hash in `exercises/NN-name/.generated`. A file whose hash is the recorded one is
//! the generator's own and is written anew; any other was changed by somebody and is left alone, unless they agree.

use crate::catalogue::{self, Chapter, names};
use crate::stub::stub;
use crate::{Error, Project};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

// ANCHOR: outputs
/// The record of what was written.
const RECORD: &str = ".generated";

/// The files of one chapter's exercises, by their path inside the folder.
pub type Outputs = BTreeMap<String, String>;

/// Everything that is made of a chapter's solutions, but for the record.
///
/// # Errors
/// A solution that cannot be read, or that no stub can be made of.
pub fn outputs(project: &Project, chapter: &Chapter) -> Result<Outputs, Error> {
    let solutions = project.root.join("solutions").join(&chapter.folder);
    let read = |file: &str| {
        let path = solutions.join(file);
        fs::read_to_string(&path).map_err(|e| Error::file(&path, e))
    };
    let mut outputs = Outputs::new();
    let number = chapter.number;
    outputs.insert("Cargo.toml".into(), manifest(&read("Cargo.toml")?, chapter));
    outputs.insert("src/lib.rs".into(), library(&read("src/lib.rs")?, number));
    outputs.insert("tests/yours.rs".into(), program(number));
    for exercise in &chapter.exercises {
        let file = exercise.file();
        let made = stub(&solutions.join(&file), &read(&file)?, &exercise.to_string())?;
        outputs.insert(file, made);
        let hints = exercise.sheet.hints.iter().zip(1..).map(|(hint, n)| {
            format!("\n<details>\n<summary>Hint {n}</summary>\n\n{hint}\n\n</details>\n")
        });
        let page = format!(
            "# {exercise} {}: hints\n{}",
            exercise.sheet.title,
            hints.collect::<String>()
        );
        outputs.insert(
            format!("hints/ex{}_{}.md", exercise.number, exercise.name),
            page,
        );
    }
    // What is no exercise is there to be used as it is.
    for name in names(&solutions.join("src"))? {
        let file = format!("src/{name}");
        if name.ends_with(".rs") && !outputs.contains_key(&file) {
            outputs.insert(file.clone(), read(&file)?);
        }
    }
    outputs.insert("tests/tables.rs".into(), read("tests/tables.rs")?);
    for name in names(&solutions.join("tests/properties"))? {
        let file = format!("tests/properties/{name}");
        outputs.insert(file.clone(), read(&file)?);
    }
    Ok(outputs)
}

/// The exercises' manifest: the solutions' own with other names, the solutions themselves behind a feature, and the
/// learner's test program.
fn manifest(solutions: &str, chapter: &Chapter) -> String {
    let number = chapter.number;
    let mut text = String::new();
    for line in solutions.lines().take_while(|line| *line != "[[test]]") {
        if line.starts_with(&format!("exercises-{number:02} ")) {
            continue;
        }
        let line = match line.split_once(" = ").map(|(key, _)| key) {
            Some("name") => format!("name = \"exercises-{number:02}\""),
            Some("description") => format!(
                "description = \"Chapter {number:02}'s exercises: your answers go into src/\""
            ),
            _ => line.to_string(),
        };
        if line == "[dev-dependencies]" {
            let folder = &chapter.folder;
            text = text.trim_end().to_string();
            text += &format!(
                "\nsolutions-{number:02} = {{ path = \"../../solutions/{folder}\", optional = true }}\n\n"
            );
            text += &format!(
                "[features]\n# The solutions in the place of your answers.\nreference = [\"dep:solutions-{number:02}\"]\n\n"
            );
        }
        text += &line;
        text.push('\n');
    }
    text + "[[test]]\nname = \"yours\"\nharness = false\n"
}

/// The library: its modules, or with the feature `reference` those of the solutions instead.
fn library(solutions: &str, number: u32) -> String {
    let mut text = String::new();
    for line in solutions.lines() {
        if line.starts_with("pub mod ") {
            text += "#[cfg(not(feature = \"reference\"))]\n";
        }
        text += line;
        text.push('\n');
    }
    text + &format!("\n#[cfg(feature = \"reference\")]\npub use solutions_{number:02}::*;\n")
}

fn program(number: u32) -> String {
    format!(
        "//! Judges your answers: `cargo course check {number:02}`, or `cargo test -p exercises-{number:02}`.\n\n\
         mod properties;\nmod tables;\n\n\
         use exercises_{number:02} as implementation;\nuse std::process::ExitCode;\n\n\
         fn main() -> ExitCode {{\n    judge::program::yours({number}, tables::exercises())\n}}\n"
    )
}
// ANCHOR_END: outputs

// ANCHOR: state
/// How a file on disk compares with what would be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The same.
    Same,
    /// Not there.
    Missing,
    /// As the generator wrote it, from another solution than today's.
    Stale,
    /// Changed by somebody.
    Edited,
}

/// What is in `exercises/NN-name` and what would be.
pub struct Comparison {
    pub folder: PathBuf,
    pub outputs: Outputs,
    /// Every file that would be written or was once, with its state.
    pub files: BTreeMap<String, State>,
}

/// Compares without writing.
///
/// # Errors
/// As [`outputs`], and files that cannot be read.
pub fn compare(project: &Project, chapter: &Chapter) -> Result<Comparison, Error> {
    let folder = project.root.join("exercises").join(&chapter.folder);
    let mut outputs = outputs(project, chapter)?;
    let recorded = recorded(&folder);
    let mut files = BTreeMap::new();
    for (file, text) in &outputs {
        let own = recorded.get(file).map(String::as_str);
        files.insert(file.clone(), state(&folder.join(file), Some(text), own));
    }
    // Written once, and not any more: the generator's own are in the way, the others are somebody's.
    for (file, hash) in &recorded {
        if !outputs.contains_key(file) && folder.join(file).exists() {
            files.insert(file.clone(), state(&folder.join(file), None, Some(hash)));
        }
    }
    let record: String = outputs
        .iter()
        .map(|(file, text)| format!("{}  {file}\n", fingerprint(text.as_bytes())))
        .collect();
    let kept = fs::read_to_string(folder.join(RECORD));
    let state = match kept {
        Ok(kept) if kept == record => State::Same,
        Ok(_) => State::Stale,
        Err(_) => State::Missing,
    };
    files.insert(RECORD.into(), state);
    outputs.insert(RECORD.into(), record);
    Ok(Comparison {
        folder,
        outputs,
        files,
    })
}

fn state(path: &Path, wanted: Option<&String>, own: Option<&str>) -> State {
    let Ok(found) = fs::read_to_string(path) else {
        return State::Missing;
    };
    if Some(&found) == wanted {
        State::Same
    } else if own == Some(fingerprint(found.as_bytes()).as_str()) {
        State::Stale
    } else {
        State::Edited
    }
}

/// The sha-256 by which a text is known again.
pub fn fingerprint(text: &[u8]) -> String {
    let digest = Sha256::digest(text);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn recorded(folder: &Path) -> BTreeMap<String, String> {
    let text = fs::read_to_string(folder.join(RECORD)).unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.split_once("  "));
    lines
        .map(|(hash, file)| (file.to_string(), hash.to_string()))
        .collect()
}

impl Comparison {
    /// The files in one state.
    pub fn files_that_are(&self, wanted: State) -> Vec<&str> {
        let found = self.files.iter().filter(|(_, state)| **state == wanted);
        found.map(|(file, _)| file.as_str()).collect()
    }

    /// Puts one file on disk as it would be generated, or takes it away if it would not be.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn put(&self, file: &str) -> Result<(), Error> {
        let path = self.folder.join(file);
        let done = match self.outputs.get(file) {
            Some(text) => path
                .parent()
                .map_or(Ok(()), fs::create_dir_all)
                .and_then(|()| fs::write(&path, text)),
            None => fs::remove_file(&path),
        };
        done.map_err(|e| Error::file(&path, e))
    }
}
// ANCHOR_END: state

// ANCHOR: generate
/// What was done, for the last line of the command.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub written: usize,
    pub unchanged: usize,
    /// Left alone, because somebody changed them.
    pub kept: Vec<String>,
}

/// Writes the exercises of every chapter. `overwrite` is asked about each file that somebody has changed.
///
/// # Errors
/// As [`compare`], and files that cannot be written.
pub fn generate(
    project: &Project,
    mut overwrite: impl FnMut(&str) -> bool,
) -> Result<Summary, Error> {
    let mut summary = Summary::default();
    for chapter in catalogue::chapters(project)? {
        let comparison = compare(project, &chapter)?;
        for (file, state) in &comparison.files {
            let shown = format!("exercises/{}/{file}", chapter.folder);
            match state {
                State::Same => summary.unchanged += 1,
                State::Edited if !overwrite(&shown) => summary.kept.push(shown),
                State::Missing | State::Stale | State::Edited => {
                    comparison.put(file)?;
                    summary.written += 1;
                }
            }
        }
    }
    Ok(summary)
}
// ANCHOR_END: generate

//! Facts about the files of a tidepool corpus: complete, reproducible, and with the tests kept out of the training text.

mod contents;
mod held_out;
mod lettered_lists;
mod writing;

use dataset::tidepool::corpus::documents;
use dataset::tidepool::{CorpusSettings, Error, Genre, Mixture, World, write_corpus};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

fn settings() -> CorpusSettings {
    CorpusSettings {
        bytes: 2_500_000,
        chat_conversations: 4_000,
        choice_questions: 1_500,
        word_problems: 2_000,
        spelling_conversations: 1_500,
        ..CorpusSettings::default()
    }
}

/// The corpus that most tests look at, written once.
fn corpus() -> &'static (World, PathBuf) {
    static CORPUS: OnceLock<(World, PathBuf)> = OnceLock::new();
    CORPUS.get_or_init(|| {
        let world = World::new(1, 120).unwrap();
        let dir = folder("corpus");
        write_corpus(&world, &dir, &settings()).unwrap();
        (world, dir)
    })
}

/// An empty place below cargo's folder for temporary files of tests.
fn folder(name: &str) -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("tidepool-{name}"));
    fs::remove_dir_all(&dir).ok();
    dir
}

fn rows(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn files_below(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(
                    path.strip_prefix(dir).unwrap().to_path_buf(),
                    fs::read(&path).unwrap(),
                );
            }
        }
    }
    found
}

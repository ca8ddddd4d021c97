//! `cargo run --example playground`, from the repository's root: trains the vocabulary of the book's playground.
//!
//! 4,096 ids, on what the repository itself holds: the book's pages and the sources of all chapters. Written as a script
//! that a page can load from the disk without a server, each merge as two numbers to the base 36.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tokenizer::{TrainSettings, train};

const VOCAB_SIZE: usize = 4_096;
const OUT: &str = "book/src/play/tokenizer-vocabulary.js";

fn main() -> Result<()> {
    let mut files = Vec::new();
    find(Path::new("book/src"), "md", &mut files)?;
    find(Path::new("chapters"), "rs", &mut files)?;
    files.sort(); // the order in which a folder lists its files is the file system's own
    let texts: Vec<String> = files
        .iter()
        .map(|path| {
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
        })
        .collect::<Result<_>>()?;
    let bytes: usize = texts.iter().map(String::len).sum();
    let settings = TrainSettings {
        max_document_chars: usize::MAX,
        ..TrainSettings::new(VOCAB_SIZE)
    };
    let tokenizer = train(texts.into_iter(), &settings, &mut |_| ())?;
    let merges = tokenizer.vocabulary().merges();

    let mut script = format!(
        "// The vocabulary of the tokenizer's playground: {} merges, learned from the book's pages and the chapters' sources\n\
         // ({} files, {bytes} bytes). Written by `cargo run -p tokenizer --example playground`.\n\
         globalThis.nanocrabMerges =\n",
        merges.len(),
        files.len(),
    );
    for line in merges.chunks(16) {
        let pairs: Vec<String> = line
            .iter()
            .map(|&(left, right)| format!("{} {}", base36(left), base36(right)))
            .collect();
        writeln!(script, "\"{},\" +", pairs.join(","))?;
    }
    script.push_str("\"\";\n");
    std::fs::write(OUT, &script)
        .with_context(|| format!("cannot write {OUT}: run this from the repository's root"))?;
    println!(
        "{OUT}: {} merges from {} files of {bytes} bytes, fingerprint {}",
        merges.len(),
        files.len(),
        tokenizer.fingerprint()
    );
    Ok(())
}

/// All files under `folder` with this ending, but for what a build has put there.
fn find(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| {
        format!(
            "cannot read {}: run this from the repository's root",
            folder.display()
        )
    })?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            find(&path, ending, found)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == ending)
        {
            found.push(path);
        }
    }
    Ok(())
}

/// As JavaScript's `parseInt(text, 36)` reads it.
fn base36(mut number: u32) -> String {
    let mut digits = Vec::new();
    loop {
        digits.push(char::from_digit(number % 36, 36).expect("a remainder of 36"));
        number /= 36;
        if number == 0 {
            return digits.into_iter().rev().collect();
        }
    }
}

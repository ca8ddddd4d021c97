//! `cargo run --example playground`, from the repository's root: trains the vocabulary of the book's playground.
//!
//! 4,096 ids, on what the repository itself holds: the book's pages and the sources of all chapters. Written as a script
//! that a page can load from the disk without a server, each merge as two numbers to the base 36. Beside it, for a figure,
//! the trees of one line's tokens: a row per token and half token, with the byte places it covers and the row above it.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tokenizer::{Tokenizer, TrainSettings, train};

const VOCAB_SIZE: usize = 4_096;
const TREE_LINE: &str = " the tokenizer counts pairs";
const TREE: &str = "book/src/figures/01-tree.csv";
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
    std::fs::write(TREE, trees(&tokenizer)).with_context(|| format!("cannot write {TREE}"))?;
    println!(
        "{OUT}: {} merges from {} files of {bytes} bytes, fingerprint {}",
        merges.len(),
        files.len(),
        tokenizer.fingerprint()
    );
    Ok(())
}

fn trees(tokenizer: &Tokenizer) -> String {
    let mut rows = Vec::new();
    let mut first = 0;
    for id in tokenizer.encode(TREE_LINE) {
        grow(tokenizer, id, first, None, &mut rows);
        first += tokenizer.token(id).map_or(0, <[u8]>::len);
    }
    format!("id,text,first,last,parent\n{}", rows.concat())
}

/// The token's own row, then those of its two halves.
fn grow(
    tokenizer: &Tokenizer,
    id: u32,
    first: usize,
    parent: Option<usize>,
    rows: &mut Vec<String>,
) {
    let bytes = tokenizer.token(id).unwrap_or_default();
    let parent = parent.map_or("-1".to_string(), |row| row.to_string());
    let row = rows.len();
    rows.push(format!(
        "{id},{},{first},{},{parent}\n",
        String::from_utf8_lossy(bytes),
        first + bytes.len() - 1
    ));
    if id >= 256 {
        let (left, right) = tokenizer.vocabulary().pair_of(id);
        let middle = first + tokenizer.token(left).map_or(0, <[u8]>::len);
        grow(tokenizer, left, first, Some(row), rows);
        grow(tokenizer, right, middle, Some(row), rows);
    }
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

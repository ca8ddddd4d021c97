// ANCHOR: head
//! How much code made a run: what nanochat's report calls bloat.

use crate::arithmetic::grouped;
use std::path::Path;
// ANCHOR_END: head

// ANCHOR: code
/// The chapters' sources, without tests and examples.
#[derive(Debug, PartialEq)]
struct CodeSize {
    files: u64,
    lines: u64,
    characters: u64,
    /// What it stands on.
    packages: u64,
}

/// A row of the header; none where the program runs without its sources.
pub(super) fn row() -> Option<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?.parent()?;
    let code = CodeSize::of(root)?;
    Some(format!(
        "| code | {} lines, {} characters in {} Rust files of the chapters, about {} tokens; {} packages in Cargo.lock |",
        grouped(code.lines),
        grouped(code.characters),
        grouped(code.files),
        grouped(code.characters / 4),
        grouped(code.packages)
    ))
}

impl CodeSize {
    fn of(root: &Path) -> Option<CodeSize> {
        let lock = std::fs::read_to_string(root.join("Cargo.lock")).ok()?;
        let mut size = CodeSize {
            files: 0,
            lines: 0,
            characters: 0,
            packages: lock.matches("[[package]]").count() as u64,
        };
        for chapter in std::fs::read_dir(root.join("chapters")).ok()?.flatten() {
            size.count(&chapter.path().join("src"));
        }
        (size.files > 0).then_some(size)
    }

    fn count(&mut self, folder: &Path) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                self.count(&path);
            } else if path.extension().is_some_and(|ending| ending == "rs")
                && let Ok(text) = std::fs::read_to_string(&path)
            {
                self.files += 1;
                self.lines += text.lines().count() as u64;
                self.characters += text.chars().count() as u64;
            }
        }
    }
}
// ANCHOR_END: code

// ANCHOR: tests
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_count_and_tests_do_not() {
        let root = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, text).expect("write");
        };
        assert_eq!(CodeSize::of(root.path()), None);
        write("Cargo.lock", "[[package]]\nname = \"a\"\n\n[[package]]\n");
        write("chapters/01-a/src/lib.rs", "mod b;\nmod c;\n");
        write("chapters/01-a/src/b/mod.rs", "// ü\n");
        write("chapters/01-a/src/b/notes.txt", "not code");
        write("chapters/01-a/tests/all.rs", "not counted");
        let expected = CodeSize {
            files: 2,
            lines: 3,
            characters: 19,
            packages: 2,
        };
        assert_eq!(CodeSize::of(root.path()), Some(expected));
    }

    #[test]
    fn the_row_counts_this_repository() {
        let row = row().expect("the sources are here");
        let number = |before: &str| -> u64 {
            let until = row.find(before).expect(before);
            let word = row[..until].split_whitespace().next_back().expect("a word");
            word.replace(',', "").parse().expect("a number")
        };
        assert!(number(" lines") > 10_000 && number(" characters") > 300_000);
        assert!(number(" Rust files") > 100 && number(" packages") > 100);
    }
}
// ANCHOR_END: tests

//! The rules of the house that a program can check. What only a reader can judge is not here.

use crate::Error;
use crate::rust_text::{without_comments_and_literals, without_tests};
use std::fs;
use std::path::{Path, PathBuf};

// ANCHOR: rules
/// A file is named for its concept; these names have none.
const NAMES: [&str; 8] = [
    "utils", "util", "helpers", "helper", "common", "misc", "shared", "stuff",
];

/// A file of the sources shows one concept; what does not fit on so many lines is more than one.
const MAX_LINES: usize = 400;

/// Calls that have no place outside tests, with what to write instead.
const CALLS: [(&str, &str); 5] = [
    (
        ".unwrap()",
        "return an error, or `expect` the invariant that makes it impossible",
    ),
    (".unwrap_err()", "match on it"),
    ("todo!", "finish it"),
    ("unimplemented!", "finish it"),
    ("dbg!", "remove it"),
];
// ANCHOR_END: rules

// ANCHOR: violations
/// What was found, and in how many files it was looked for.
#[derive(Debug, Default)]
pub struct Findings {
    pub complaints: Vec<String>,
    pub files: usize,
}

/// Looks through the sources and tests of every crate below `chapters/`, `book/` and `solutions/`. Of `exercises/` only at
/// `mine`, which plugs them into the speedrun: the others are made from the solutions, or are the learner's.
///
/// # Errors
/// A folder or file that cannot be read.
pub fn violations(root: &Path) -> Result<Findings, Error> {
    let mut findings = Findings::default();
    let mut packages = Vec::new();
    for group in ["chapters", "book", "solutions"] {
        let folder = root.join(group);
        if folder.is_dir() {
            packages.extend(sorted(&folder)?);
        }
    }
    packages.push(root.join("exercises/mine"));
    for package in packages {
        if !package.join("Cargo.toml").is_file() {
            continue;
        }
        for part in ["src", "tests", "benches", "examples"] {
            let folder = package.join(part);
            if folder.is_dir() {
                walk(root, &folder, part == "src", &mut findings)?;
            }
        }
    }
    Ok(findings)
}

fn walk(root: &Path, folder: &Path, is_source: bool, findings: &mut Findings) -> Result<(), Error> {
    for path in sorted(folder)? {
        let stem = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let is_rust = path.extension().is_some_and(|extension| extension == "rs");
        let shown = path
            .strip_prefix(root)
            .unwrap_or(&path)
            .display()
            .to_string();
        if (is_rust || path.is_dir()) && NAMES.contains(&stem.as_str()) {
            findings
                .complaints
                .push(format!("{shown}: name it for the concept that it holds"));
        }
        if path.is_dir() {
            walk(root, &path, is_source, findings)?;
        } else if is_rust {
            let text = fs::read_to_string(&path).map_err(|e| Error::file(&path, e))?;
            findings.files += 1;
            if is_source {
                findings.complaints.extend(in_source(&shown, &text));
            }
        }
    }
    Ok(())
}

/// The complaints about one file of a crate's `src/`.
pub fn in_source(shown: &str, text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let lines = text.lines().count();
    if lines > MAX_LINES {
        complaints.push(format!(
            "{shown}: {lines} lines; a file has at most {MAX_LINES}"
        ));
    }
    let code = without_tests(&without_comments_and_literals(text));
    for (index, line) in code.lines().enumerate() {
        for (call, instead) in CALLS.iter().filter(|(call, _)| has_call(line, call)) {
            complaints.push(format!("{shown}:{}: `{call}`: {instead}", index + 1));
        }
    }
    complaints
}

/// Whether `call` stands in the line and is not the end of a longer name.
fn has_call(line: &str, call: &str) -> bool {
    line.match_indices(call).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        call.starts_with('.') || !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = fs::read_dir(folder).map_err(|e| Error::file(folder, e))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}
// ANCHOR_END: violations

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forbidden_calls_are_found_outside_tests_only() {
        let text = "fn f() { x.unwrap() }\n// y.unwrap()\nfn g() { z.unwrap_or(1); my_todo!() }\n#[cfg(test)]\nmod tests { fn h() { x.unwrap() } }\n";
        let found = in_source("a.rs", text);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("a.rs:1: `.unwrap()`"), "{found:?}");
        assert_eq!(in_source("a.rs", "fn f() { todo!(\"later\") }").len(), 1);
    }

    #[test]
    fn a_long_file_and_an_empty_name_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let src = folder.path().join("chapters/01-x/src");
        fs::create_dir_all(&src).unwrap();
        fs::create_dir_all(folder.path().join("book")).unwrap();
        fs::write(folder.path().join("chapters/01-x/Cargo.toml"), "").unwrap();
        fs::write(src.join("utils.rs"), "").unwrap();
        fs::write(src.join("long.rs"), "//\n".repeat(MAX_LINES + 1)).unwrap();
        fs::write(src.join("good.rs"), "//\n".repeat(MAX_LINES)).unwrap();
        let solution = folder.path().join("solutions/01-x/src");
        let exercise = folder.path().join("exercises/01-x/src");
        let mine = folder.path().join("exercises/mine/src");
        for src in [&solution, &exercise, &mine] {
            fs::create_dir_all(src).unwrap();
            fs::write(src.join("../Cargo.toml"), "").unwrap();
            fs::write(src.join("ex1_a.rs"), "fn f() { todo!() }\n").unwrap();
        }
        let found = violations(folder.path()).unwrap();
        assert_eq!(found.files, 5);
        assert!(found.complaints[2].contains("solutions/01-x/src/ex1_a.rs:1: `todo!`"));
        assert!(found.complaints[3].contains("exercises/mine/src/ex1_a.rs:1: `todo!`"));
        assert_eq!(found.complaints.len(), 4, "{:?}", found.complaints);
        assert!(found.complaints[0].contains("long.rs: 401 lines"));
        assert!(found.complaints[1].contains("utils.rs: name it"));
    }
}

//! Snippets: the Rust that a page types itself, gathered into a test of the chapter's crate.
//!
//! A page `02-dataset.md` of the crate `chapters/02-dataset` gives `chapters/02-dataset/tests/page_02-dataset.rs`, an
//! integration test. It is therefore compiled with exactly the dependencies that the chapter's `Cargo.toml` has, and
//! so small a program needs no lock file and no list of versions of its own. Each block is the body of one function.
//!
//! The gathered file has each line where the page has it: an error that the compiler reports in line 31 of the test
//! stands in line 31 of the page. Lines that begin with `# ` are compiled and not shown, as in rustdoc.
//!
//! The files are made anew by every `weave gather` and are no part of the repository.

use std::fs;
use std::path::{Path, PathBuf};

use crate::blocks::{Block, Kind};
use crate::build::Error;
use crate::front::Front;
use crate::page::{Page, Problem};

/// How a gathered file begins; nothing that begins otherwise is overwritten or removed.
const MARK: &str =
    "#![cfg_attr(rustfmt, rustfmt_skip)] #![allow(warnings, clippy::all)] // Gathered from ";

/// A page's blocks as a test, if it has any that are compiled.
#[derive(Debug, PartialEq, Eq)]
pub struct Gathered {
    /// From the repository's root.
    pub path: String,
    pub text: String,
    pub blocks: usize,
}

// ANCHOR: gather
/// Gathers one page.
pub fn gather(page: &Page, front: &Front, blocks: &[Block]) -> Result<Option<Gathered>, Problem> {
    let compiled: Vec<&Block> = blocks
        .iter()
        .filter(|block| matches!(block.kind, Kind::Test | Kind::Compile))
        .collect();
    let Some(first) = compiled.first() else {
        return Ok(None);
    };
    let Some(folder) = &front.crate_folder else {
        return Err(Problem {
            page: page.path.clone(),
            line: Some(first.line),
            message: "this block is to be compiled, but the page's front line names no `crate` whose dependencies it could have.".into(),
        });
    };
    let mut lines = vec![format!(
        "{MARK}book/src/{}, line by line, by `weave gather`: edit that page, not this file.",
        page.path
    )];
    for block in &compiled {
        while lines.len() + 1 < block.line {
            lines.push(String::new());
        }
        let attribute = match block.kind {
            Kind::Test => "#[test] ",
            _ => "",
        };
        lines.push(format!(
            "{attribute}fn line_{}() -> Result<(), Box<dyn std::error::Error>> {{",
            block.line
        ));
        lines.extend(block.text.lines().map(unhidden));
        lines.push("Ok(()) }".to_string());
    }
    let name = page.path.trim_end_matches(".md").replace('/', "-");
    Ok(Some(Gathered {
        path: format!("{folder}/tests/page_{name}.rs"),
        text: lines.join("\n") + "\n",
        blocks: compiled.len(),
    }))
}
// ANCHOR_END: gather

/// A line as the compiler gets it: `# use x;` is hidden from readers, `## title` is a line that begins with `#`.
fn unhidden(line: &str) -> String {
    let text = line.trim_start();
    let indentation = &line[..line.len() - text.len()];
    if text == "#" {
        String::new()
    } else if let Some(hidden) = text.strip_prefix("# ") {
        format!("{indentation}{hidden}")
    } else if text.starts_with("##") {
        format!("{indentation}{}", &text[1..])
    } else {
        line.to_string()
    }
}

/// Writes what was gathered, and removes what an earlier gathering wrote for blocks that are gone.
pub fn write(root: &Path, gathered: &[Gathered]) -> Result<(), Error> {
    for old in earlier(root) {
        if !gathered.iter().any(|new| root.join(&new.path) == old) {
            fs::remove_file(&old).map_err(|source| Error::Write { path: old, source })?;
        }
    }
    for new in gathered {
        let path = root.join(&new.path);
        match fs::read_to_string(&path) {
            // The same text is not written again: cargo would compile it again.
            Ok(old) if old == new.text => continue,
            Ok(old) if !old.starts_with(MARK) => return Err(Error::NotOurs(path)),
            _ => {}
        }
        let folder = path.parent().unwrap_or(root);
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&path, &new.text))
            .map_err(|source| Error::Write { path, source })?;
    }
    Ok(())
}

/// The files of an earlier gathering.
fn earlier(root: &Path) -> Vec<PathBuf> {
    let chapters = fs::read_dir(root.join("chapters")).into_iter().flatten();
    chapters
        .flatten()
        .filter_map(|chapter| fs::read_dir(chapter.path().join("tests")).ok())
        .flat_map(|tests| tests.flatten())
        .map(|test| test.path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("page_")
                && fs::read_to_string(path).is_ok_and(|text| text.starts_with(MARK))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{blocks, front};

    fn gathered(text: &str) -> Result<Option<Gathered>, Problem> {
        let page = Page::new("02-dataset.md", text);
        let front = front::parse(text).unwrap();
        gather(&page, &front, &blocks::find(&page).0)
    }

    const FRONT: &str = "<!-- minutes: 1; status: draft; crate: chapters/02-dataset -->\n# T\n";

    #[test]
    fn every_line_stands_where_the_page_has_it() {
        let text = format!(
            "{FRONT}\n```rust,test\n# use std::fmt;\nlet x = 1;\n## y\n```\n\n```text,exempt=x\nno\n```\n\n```rust,compile\nloop {{}}\n```\n"
        );
        let gathered = gathered(&text).unwrap().unwrap();
        assert_eq!(
            gathered.path,
            "chapters/02-dataset/tests/page_02-dataset.rs"
        );
        assert_eq!(gathered.blocks, 2);
        let lines: Vec<&str> = gathered.text.lines().collect();
        assert!(lines[0].contains("book/src/02-dataset.md"));
        assert!(lines[3].starts_with("#[test] fn line_4()"), "{lines:?}");
        assert_eq!(
            lines[4..8],
            ["use std::fmt;", "let x = 1;", "# y", "Ok(()) }"]
        );
        assert!(lines[13].starts_with("fn line_14()"), "{lines:?}");
        assert_eq!(lines[14], "loop {}");
    }

    #[test]
    fn a_page_without_a_crate_cannot_have_compiled_blocks() {
        let text = "<!-- minutes: 1; status: draft -->\n# T\n\n```rust,test\nx\n```\n";
        let problem = gathered(text).unwrap_err();
        assert!(problem.message.contains("names no `crate`"), "{problem}");
        assert_eq!(gathered(FRONT), Ok(None));
    }

    #[test]
    fn what_is_gone_is_removed_and_what_is_not_ours_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let tests = folder.path().join("chapters/02-dataset/tests");
        fs::create_dir_all(&tests).unwrap();
        fs::write(tests.join("page_old.rs"), format!("{MARK}x")).unwrap();
        fs::write(tests.join("page_mine.rs"), "fn f() {}").unwrap();
        let new = gathered(&format!("{FRONT}\n```rust,test\n```\n"))
            .unwrap()
            .unwrap();
        write(folder.path(), std::slice::from_ref(&new)).unwrap();
        assert!(!tests.join("page_old.rs").exists());
        assert!(tests.join("page_mine.rs").exists());
        assert!(tests.join("page_02-dataset.rs").exists());

        fs::write(tests.join("page_02-dataset.rs"), "fn mine() {}").unwrap();
        assert!(matches!(
            write(folder.path(), &[new]),
            Err(Error::NotOurs(_))
        ));
    }
}

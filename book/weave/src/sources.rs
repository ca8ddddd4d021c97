//! The repository as the weaver sees it: sources read once, found by their path from the root.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::anchors::{self, Excerpt, Source};
use crate::nearest::{nearest, suggestion};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no file `{path}` in the repository{suggestion}")]
    NoFile { path: String, suggestion: String },
    #[error(
        "`{path}` leaves the repository; write a path from its root, with `/` and without `..`."
    )]
    Outside { path: String },
    #[error("cannot read `{path}`: {source}")]
    Read { path: String, source: io::Error },
    #[error(transparent)]
    Anchor(#[from] anchors::Error),
}

/// Sources by path; each is read and cut into regions once.
pub struct Sources {
    root: PathBuf,
    read: BTreeMap<String, Source>,
}

impl Sources {
    pub fn new(root: &Path) -> Sources {
        Sources {
            root: root.to_path_buf(),
            read: BTreeMap::new(),
        }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn excerpt(&mut self, path: &str, anchor: Option<&str>) -> Result<Excerpt, Error> {
        Ok(self.source(path)?.excerpt(anchor)?)
    }

    pub fn source(&mut self, path: &str) -> Result<&Source, Error> {
        // Checked on the parts and not on the text: `a..b.rs` is a fine name.
        if !Path::new(path)
            .components()
            .all(|part| matches!(part, Component::Normal(_)))
        {
            return Err(Error::Outside {
                path: path.to_string(),
            });
        }
        match self.read.entry(path.to_string()) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => {
                let file = self.root.join(path);
                if !file.is_file() {
                    return Err(Error::NoFile {
                        path: path.to_string(),
                        suggestion: suggest(&self.root, path),
                    });
                }
                let text = fs::read_to_string(&file).map_err(|source| Error::Read {
                    path: path.to_string(),
                    source,
                })?;
                Ok(entry.insert(Source::parse(path, &text)?))
            }
        }
    }
}

/// The files that the author may have meant: those of the same folder with a like name, and, where the folder does
/// not exist, those of the nearest folder that does.
fn suggest(root: &Path, path: &str) -> String {
    let mut folder = Path::new(path);
    let existing = loop {
        match folder.parent() {
            Some(parent) if root.join(parent).is_dir() => break parent,
            Some(parent) => folder = parent,
            None => break Path::new(""),
        }
    };
    let mut names = Vec::new();
    if let Ok(entries) = fs::read_dir(root.join(existing)) {
        for entry in entries.flatten() {
            let name = existing.join(entry.file_name());
            names.push(name.to_string_lossy().replace('\\', "/"));
        }
    }
    let wanted = folder.to_string_lossy();
    let near = nearest(&wanted, names.iter().map(String::as_str));
    if near.is_empty() {
        return ".".to_string();
    }
    suggestion(&near)
}

/// All text files below a folder, as paths from the root, sorted. Files that are not UTF-8 (pictures) are left out.
pub fn text_files(root: &Path, folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_string()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(root.join(&folder)) else {
            continue;
        };
        for entry in entries.flatten() {
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                folders.push(path);
            } else if fs::read_to_string(entry.path()).is_ok() {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_an_error_that_names_the_nearest() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("chapters/01/src")).unwrap();
        fs::write(
            folder.path().join("chapters/01/src/train.rs"),
            "fn f() {}\n",
        )
        .unwrap();
        let mut sources = Sources::new(folder.path());
        let message = sources
            .excerpt("chapters/01/src/trian.rs", None)
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("did you mean `chapters/01/src/train.rs`?"),
            "{message}"
        );
        let message = sources
            .excerpt("chapters/02/src/train.rs", None)
            .unwrap_err()
            .to_string();
        assert!(message.contains("did you mean `chapters/01`?"), "{message}");
    }

    #[test]
    fn a_path_cannot_leave_the_repository() {
        let folder = tempfile::tempdir().unwrap();
        let mut sources = Sources::new(folder.path());
        assert!(matches!(
            sources.source("../secret"),
            Err(Error::Outside { .. })
        ));
        assert!(matches!(
            sources.source("/etc/passwd"),
            Err(Error::Outside { .. })
        ));
    }

    #[test]
    fn text_files_are_found_in_sub_folders() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("src/inner")).unwrap();
        fs::write(folder.path().join("src/b.rs"), "b").unwrap();
        fs::write(folder.path().join("src/inner/a.rs"), "a").unwrap();
        fs::write(folder.path().join("src/picture.bin"), [0xff, 0xfe, 0x00]).unwrap();
        assert_eq!(
            text_files(folder.path(), "src"),
            ["src/b.rs", "src/inner/a.rs"]
        );
    }
}

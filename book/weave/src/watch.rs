//! Watching: which files the book is made of, and whether one of them has changed.
//!
//! Modification times are looked at twice a second. That needs no library, works on every file system, and costs a
//! few milliseconds for a few hundred files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The state of the book's files: when each was last written.
#[derive(Debug, PartialEq, Eq)]
pub struct Snapshot {
    times: BTreeMap<PathBuf, SystemTime>,
}

impl Snapshot {
    /// Looks at the book's own files and at the chapters, which it weaves from.
    pub fn take(root: &Path) -> Snapshot {
        let mut times = BTreeMap::new();
        for file in ["book.toml", "coverage.txt", "in-step.txt", "links.txt"] {
            visit(&root.join("book").join(file), &mut times);
        }
        for folder in ["book/src", "book/theme", "book/transcripts", "chapters"] {
            visit(&root.join(folder), &mut times);
        }
        Snapshot { times }
    }

    /// A file that differs between two snapshots (changed, new or gone), to be named in a message.
    pub fn changed<'a>(&'a self, before: &'a Snapshot) -> Option<&'a Path> {
        let new_or_changed = self
            .times
            .iter()
            .find(|(path, time)| before.times.get(*path) != Some(time));
        let gone = || {
            before
                .times
                .iter()
                .find(|(path, _)| !self.times.contains_key(*path))
        };
        new_or_changed.or_else(gone).map(|(path, _)| path.as_path())
    }
}

fn visit(path: &Path, times: &mut BTreeMap<PathBuf, SystemTime>) {
    let Ok(metadata) = fs::metadata(path) else {
        return;
    };
    if metadata.is_dir() {
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            visit(&entry.path(), times);
        }
    } else if let Ok(time) = metadata.modified() {
        times.insert(path.to_path_buf(), time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_a_changed_and_a_removed_file_are_seen() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("book/src")).unwrap();
        let page = folder.path().join("book/src/a.md");
        let empty = Snapshot::take(folder.path());
        fs::write(&page, "one").unwrap();
        let one = Snapshot::take(folder.path());
        assert_eq!(one.changed(&empty), Some(page.as_path()));
        assert_eq!(one.changed(&one), None);

        let file = fs::File::options().write(true).open(&page).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        let two = Snapshot::take(folder.path());
        assert_eq!(two.changed(&one), Some(page.as_path()));

        fs::remove_file(&page).unwrap();
        assert_eq!(
            Snapshot::take(folder.path()).changed(&two),
            Some(page.as_path())
        );
    }
}

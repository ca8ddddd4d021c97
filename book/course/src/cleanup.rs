//! Nothing half-unpacked stays behind: folders that are removed when their work is done, fails, or is stopped by
//! Ctrl-C. Of a cut download the part stays, see [`crate::transfer`].
//!
//! `kill -9` and a power cut leave them nevertheless. Their names end with the process's number, so that the next
//! run can see that nobody is working on them any more.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

// ANCHOR: cleanup
/// The folders that must not survive this process.
#[derive(Debug, Clone, Default)]
pub struct Cleanup(Arc<Mutex<BTreeSet<PathBuf>>>);

impl Cleanup {
    /// Removes the folders also on Ctrl-C, `kill` and a closed terminal. Called once, by `main`.
    pub fn on_interrupt(&self) {
        let folders = self.clone();
        // It fails only where a handler exists already, and then that one is in charge.
        let _ = ctrlc::set_handler(move || {
            folders.remove_all();
            std::process::exit(130);
        });
    }

    /// Takes charge of a folder until the returned value goes out of scope.
    pub fn folder(&self, path: &Path) -> Temporary {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(path.to_path_buf());
        Temporary {
            path: path.to_path_buf(),
            cleanup: self.clone(),
        }
    }

    fn remove_all(&self) {
        for path in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let _ = fs::remove_dir_all(path);
        }
    }
}

/// A folder that is removed when this value is dropped, if it is still there: a folder that was renamed to its
/// final name is not.
#[derive(Debug)]
pub struct Temporary {
    path: PathBuf,
    cleanup: Cleanup,
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
        self.cleanup
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.path);
    }
}
// ANCHOR_END: cleanup

// ANCHOR: leftovers
/// Removes folders `PREFIX<number>` inside `folder` whose process is gone.
pub fn remove_leftovers(folder: &Path, prefix: &str) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let process = name
            .strip_prefix(prefix)
            .and_then(|number| number.parse::<i32>().ok());
        if process.is_some_and(|process| process > 0 && !is_alive(process)) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn is_alive(process: i32) -> bool {
    // SAFETY: signal 0 is sent to nobody; kill only says whether it could be.
    let answer = unsafe { libc::kill(process, 0) };
    answer == 0 || std::io::Error::last_os_error().raw_os_error() == Some(libc::EPERM)
}
// ANCHOR_END: leftovers

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_folder_ends_with_its_scope_unless_it_was_renamed() {
        let folder = tempfile::tempdir().unwrap();
        let cleanup = Cleanup::default();
        let (failed, done) = (folder.path().join("failed"), folder.path().join("done"));
        {
            let _failed = cleanup.folder(&failed);
            let part = folder.path().join("part");
            let _part = cleanup.folder(&part);
            fs::create_dir_all(failed.join("deep")).unwrap();
            fs::create_dir(&part).unwrap();
            fs::rename(&part, &done).unwrap();
        }
        assert!(!failed.exists());
        assert!(done.exists());
        assert!(cleanup.0.lock().unwrap().is_empty());
    }

    #[test]
    fn only_folders_of_processes_that_ended_are_left_overs() {
        let folder = tempfile::tempdir().unwrap();
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let dead = folder.path().join(format!(".part-{}", child.id()));
        let alive = folder.path().join(format!(".part-{}", std::process::id()));
        let other = folder.path().join(".part-mine");
        for path in [&dead, &alive, &other] {
            fs::create_dir(path).unwrap();
        }
        remove_leftovers(folder.path(), ".part-");
        assert!(!dead.exists());
        assert!(alive.exists());
        assert!(other.exists());
    }
}

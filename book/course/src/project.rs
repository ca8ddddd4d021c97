//! Where the project lies. Every path of the tool starts from its root, so that `cargo course` works from any
//! folder inside the clone.

use crate::Error;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

// ANCHOR: project
/// The clone that the tool works in.
#[derive(Debug, Clone)]
pub struct Project {
    pub root: PathBuf,
}

impl Project {
    /// Walks up from `start` to the folder that holds this tool's own manifest.
    ///
    /// # Errors
    /// [`Error::NotInProject`] when there is none up to the root of the file system.
    pub fn find(start: &Path) -> Result<Self, Error> {
        start
            .ancestors()
            .find(|folder| folder.join("book/course/Cargo.toml").is_file())
            .map(|root| Project {
                root: root.to_path_buf(),
            })
            .ok_or_else(|| Error::NotInProject(start.to_path_buf()))
    }

    /// The folder (or link) that `.cargo/config.toml` names as LIBTORCH.
    pub fn libtorch(&self) -> PathBuf {
        self.root.join(".libtorch")
    }

    /// The version of Rust that the workspace asks for, as `rust-version` states it.
    pub fn rust_version(&self) -> Option<String> {
        let manifest = std::fs::read_to_string(self.root.join("Cargo.toml")).ok()?;
        let line = manifest
            .lines()
            .find(|line| line.trim_start().starts_with("rust-version"))?;
        line.split('"').nth(1).map(str::to_string)
    }

    /// The folder that cargo builds into, which the environment may have moved.
    pub fn target_folder(&self) -> PathBuf {
        let moved = ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"]
            .iter()
            .filter_map(std::env::var_os)
            .find(|folder| !folder.is_empty());
        self.root.join(moved.unwrap_or_else(|| "target".into()))
    }

    /// The variable that leads programs to libtorch, and its value, where the search path inside them does not: that
    /// path (`.cargo/config.toml`) holds for a target folder that lies in the root, beside `.libtorch`.
    pub fn search_path(&self) -> Option<(&'static str, OsString)> {
        self.search_path_for(&self.target_folder())
    }

    fn search_path_for(&self, target: &Path) -> Option<(&'static str, OsString)> {
        if target.parent() == Some(&self.root) {
            return None;
        }
        let name = match cfg!(target_os = "macos") {
            true => "DYLD_LIBRARY_PATH",
            false => "LD_LIBRARY_PATH",
        };
        let mut value = self.libtorch().join("lib").into_os_string();
        if let Some(more) = std::env::var_os(name).filter(|more| !more.is_empty()) {
            value.push(":");
            value.push(more);
        }
        Some((name, value))
    }

    /// A `cargo` that runs in the root. LIBTORCH is taken out of its environment: `.cargo/config.toml` then points
    /// at `.libtorch`, which is a link to the user's own one where there is one. Otherwise the same libtorch under
    /// two names would make cargo compile torch-sys anew for each of them.
    pub fn cargo(&self) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command
            .current_dir(&self.root)
            .env_remove("LIBTORCH")
            .envs(self.search_path());
        command
    }
}
// ANCHOR_END: project

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_target_folder_in_the_root_needs_no_search_path() {
        let project = Project {
            root: "/clone".into(),
        };
        assert_eq!(project.search_path_for(Path::new("/clone/target")), None);
        assert_eq!(project.search_path_for(Path::new("/clone/out")), None);
        for elsewhere in ["/shared/target", "/clone/deep/target"] {
            let (_, value) = project.search_path_for(Path::new(elsewhere)).unwrap();
            let value = value.into_string().unwrap();
            assert!(value.starts_with("/clone/.libtorch/lib"), "{value}");
        }
    }
}

//! Where the project lies. Every path of the tool starts from its root, so that `cargo course` works from any
//! folder inside the clone.

use crate::Error;
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

    /// The folder that cargo builds into, which CARGO_TARGET_DIR may have moved.
    pub fn target_folder(&self) -> PathBuf {
        match std::env::var_os("CARGO_TARGET_DIR") {
            Some(folder) if !folder.is_empty() => self.root.join(folder),
            _ => self.root.join("target"),
        }
    }

    /// A `cargo` that runs in the root. LIBTORCH is taken out of its environment: `.cargo/config.toml` then points
    /// at `.libtorch`, which is a link to the user's own one where there is one. Otherwise the same libtorch under
    /// two names would make cargo compile torch-sys anew for each of them.
    pub fn cargo(&self) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.current_dir(&self.root).env_remove("LIBTORCH");
        command
    }
}
// ANCHOR_END: project

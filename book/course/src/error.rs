//! Everything that can stop the course's tool, each in one line that ends with what to do about it.

use std::io;
use std::path::{Path, PathBuf};

// ANCHOR: error
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no Nanocrab project at or above {0}: change into the folder that `git clone` made")]
    NotInProject(PathBuf),

    #[error(
        "libtorch 2.11.0 is not published for {found}: use Linux on x86-64 or arm64, or a Mac with Apple silicon"
    )]
    Platform { found: String },

    #[error(
        "--cuda makes no sense on {platform}: CUDA needs Linux with an NVIDIA GPU; run `cargo course setup` without it"
    )]
    NoCudaHere { platform: String },

    #[error("no C++ compiler ({tried} does not run): {remedy}")]
    NoCompiler { tried: String, remedy: String },

    #[error("{tried} does not compile C++17 ({said}): {remedy}")]
    OldCompiler {
        tried: String,
        said: String,
        remedy: String,
    },

    #[error("python3 is missing, and its pip fetches libtorch: {remedy}")]
    NoPython { remedy: String },

    #[error(
        "python3 has no pip (`python3 -m pip --version` fails), and pip fetches libtorch: {remedy}"
    )]
    NoPip { remedy: String },

    #[error(
        "pip {found} is too old to know today's Linux wheels: `python3 -m pip install --user --upgrade pip` brings 20.3 or newer"
    )]
    OldPip { found: String },

    #[error(
        "no way to the Python package index ({said}): check the network (behind a proxy, set HTTPS_PROXY) and run `cargo course setup` again; what is downloaded stays"
    )]
    Network { said: String },

    #[error(
        "the package index that pip asks does not have {wanted}: unset PIP_INDEX_URL or use an index that mirrors PyPI, then run `cargo course setup` again"
    )]
    NotOnIndex { wanted: String },

    #[error(
        "pip could not fetch {wanted} ({said}): run `cargo course setup` again; the command was `{command}`"
    )]
    Pip {
        wanted: String,
        said: String,
        command: String,
    },

    #[error(
        "{folder} has {free} free and setup needs {needed} there: free some space, or set NANOCRAB_HOME to a folder on another disk for the downloads"
    )]
    DiskFull {
        folder: PathBuf,
        free: String,
        needed: String,
    },

    #[error(
        "what came as {path} is not the file that this course pins (sha256 {found}, expected {expected}) and was deleted: run `cargo course setup` again, and if that does not help, unset PIP_INDEX_URL"
    )]
    Checksum {
        path: PathBuf,
        found: String,
        expected: String,
    },

    #[error("{path} cannot be unpacked ({said}): delete it and run `cargo course setup` again")]
    BrokenWheel { path: PathBuf, said: String },

    #[error("{folder} is libtorch {found}, and this course needs {expected}: {remedy}")]
    WrongVersion {
        folder: PathBuf,
        found: String,
        expected: String,
        remedy: String,
    },

    #[error("{folder} is not a complete libtorch ({missing}): {remedy}")]
    Incomplete {
        folder: PathBuf,
        missing: String,
        remedy: String,
    },

    #[error("{path}: {source}{}", remedy(source))]
    File { path: PathBuf, source: io::Error },

    #[error(
        "`{command}` does not run ({said}): install Rust with `curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh`"
    )]
    Cargo { command: String, said: String },

    #[error("unknown check `{name}`: `cargo course test --list` names them")]
    UnknownCheck { name: String },

    #[error(
        "there is no exercise `{named}`: `cargo course status` lists them; a chapter is named like 01, an exercise like 01.3"
    )]
    UnknownExercise { named: String },

    #[error("{path}: the head of the solution lacks {missing}")]
    Sheet { path: PathBuf, missing: String },

    #[error("{path}:{line}: {said}")]
    Stub {
        path: PathBuf,
        line: usize,
        said: String,
    },

    #[error(
        "{package} could not be judged ({said}): run `cargo test -p {package}` to see what cargo says"
    )]
    Trial { package: String, said: String },
}
// ANCHOR_END: error

impl Error {
    /// An input or output error with the file that it happened to.
    pub fn file(path: &Path, source: io::Error) -> Self {
        Error::File {
            path: path.to_path_buf(),
            source,
        }
    }
}

/// The remedies for the input and output errors that have one.
fn remedy(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            ": free some space and run `cargo course setup` again"
        }
        io::ErrorKind::PermissionDenied => {
            ": make it yours with `sudo chown -R \"$USER\"` on that folder"
        }
        io::ErrorKind::ReadOnlyFilesystem => ": set NANOCRAB_HOME to a folder that can be written",
        _ => "",
    }
}

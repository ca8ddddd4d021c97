// ANCHOR: head
//! What can go wrong between here and a data set: the file, the address, and what to do about it.

use std::path::{Path, PathBuf};
use std::time::Duration;
// ANCHOR_END: head

// ANCHOR: error
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Tried as often as the settings allow, or not worth a second try.
    #[error("{}: not fetched from {address}: {problem}", path.display())]
    Failed {
        path: PathBuf,
        address: String,
        problem: String,
    },

    #[error(
        "{}: not in the cache, and downloads are off (offline mode); fetch it once with a network, without HF_HUB_OFFLINE or \
         --offline, from {address}",
        path.display()
    )]
    Offline { path: PathBuf, address: String },

    #[error("{address}: {problem}; the list of files of this data set is wanted there, see {page}")]
    Listing {
        address: String,
        problem: String,
        page: String,
    },

    #[error("there is no data set `{name}` in the catalogue; it has {}", known.join(", "))]
    Unknown { name: String, known: Vec<String> },

    #[error(
        "{repository} has {all} training shards (and one for validation), and {wanted} were asked for"
    )]
    Shards {
        repository: String,
        wanted: usize,
        all: usize,
    },

    #[error("{name} = `{value}`: {problem}")]
    Setting {
        name: &'static str,
        value: String,
        problem: String,
    },

    #[error("{}: {cause}; free some space or rights there, or set NANOCRAB_HOME to a folder on another disk", path.display())]
    Disk {
        path: PathBuf,
        cause: std::io::Error,
    },

    #[error("{}: is in the way: it was not put there by a download; move it aside", path.display())]
    InTheWay { path: PathBuf },

    #[error("{}: not a usable bundle ({problem}); delete it and fetch it again", path.display())]
    Bundle { path: PathBuf, problem: String },

    #[error("{first} (and {more} more files)")]
    Several { first: Box<Error>, more: usize },

    /// Another file failed first.
    #[error("{}: stopped, because another file failed", path.display())]
    Stopped { path: PathBuf },

    #[error(transparent)]
    Data(#[from] crate::Error),
}

impl Error {
    pub(crate) fn disk(path: &Path, cause: std::io::Error) -> Self {
        Error::Disk {
            path: path.to_owned(),
            cause,
        }
    }
}
// ANCHOR_END: error

// ANCHOR: failure
/// Why one request came to nothing, and whether another one may do better.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A line that broke, a server that is busy: worth another try, after `wait` if the server named a time.
    Passing {
        problem: String,
        wait: Option<Duration>,
    },
    /// Asking again would give the same answer.
    Lasting(String),
    /// Not the network's fault: a full disk, say.
    Error(Error),
}

impl Failure {
    pub(crate) fn passing(problem: impl Into<String>) -> Self {
        Failure::Passing {
            problem: problem.into(),
            wait: None,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Error(error)
    }
}
// ANCHOR_END: failure

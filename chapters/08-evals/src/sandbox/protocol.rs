// ANCHOR: protocol
//! What the caller and its worker say to each other: one JSON object a line, over the worker's standard input and
//! output. JSON escapes line ends inside texts, so a line is always a whole message.

use super::{Layer, Limits, Outcome};
use serde::{Deserialize, Serialize};

/// The argument that turns a program into a worker. An argument and not a variable of the environment: a program that
/// has forgotten `serve_if_worker` sees an option it does not know and stops, instead of starting its real work again.
pub(super) const FLAG: &str = "--sandbox-worker";

/// The caller's first line: which interpreter, and how strict.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Setup {
    Monty,
    CPython {
        /// Python programs to try, best first.
        candidates: Vec<std::path::PathBuf>,
        allow_unprotected: bool,
    },
}

/// The worker's answer to it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Hello {
    Ready(Vec<Layer>),
    NoPython(String),
    Unprotected(String),
}

/// Each further line of the caller.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Request {
    pub program: String,
    pub limits: Limits,
    /// Whether the last line's value is wanted.
    pub evaluate: bool,
}

/// Each further line of the worker.
pub(super) type Answer = Outcome;

/// No honest line is longer: three texts of at most 16 MiB, each byte at most six when escaped, would be; but limits
/// that large are not asked for here, and a worker that was taken over must not fill the caller's memory.
pub(super) const LONGEST_LINE: u64 = 64 << 20;
// ANCHOR_END: protocol

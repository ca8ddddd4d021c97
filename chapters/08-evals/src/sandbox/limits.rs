// ANCHOR: limits
//! How much of everything one program may use.

use serde::{Deserialize, Serialize};

/// The allowance of one program. There is no "unlimited": an absent limit is how a sandbox is left.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Wall-clock seconds. Sleeping counts: a program that waits occupies the caller as much as one that computes.
    pub seconds: f64,
    /// Address space of the interpreter in bytes (CPython), or bytes that its objects occupy (monty).
    pub memory_bytes: u64,
    /// Bytes kept of each of standard output, standard error and the value; the rest is read and dropped.
    pub output_bytes: usize,
    /// Threads, the first one included. A second *process* is never allowed.
    pub threads: u64,
    /// Bytes of the temporary folder, and of each file in it. Where the machine refuses a mount namespace, nothing can
    /// limit a folder, and nothing can be written.
    pub disk_bytes: u64,
}

impl Default for Limits {
    /// For a HumanEval program: nanochat's 5 seconds and 256 MB.
    fn default() -> Limits {
        Limits {
            seconds: 5.0,
            memory_bytes: 256 << 20,
            output_bytes: 64 << 10,
            threads: 16,
            disk_bytes: 16 << 20,
        }
    }
}

impl Limits {
    /// For a calculation inside a conversation: somebody is waiting, and the answer becomes tokens.
    pub fn tool() -> Limits {
        Limits {
            seconds: 1.0,
            memory_bytes: 64 << 20,
            output_bytes: 4 << 10,
            ..Limits::default()
        }
    }

    /// The same limits with other seconds.
    pub fn with_seconds(self, seconds: f64) -> Limits {
        Limits { seconds, ..self }
    }

    /// Limits that arithmetic can be done with. `seconds` may come from a user: not a number, negative and infinite
    /// all become something finite, because `Duration::from_secs_f64` panics on each of them.
    pub(super) fn sane(self) -> Limits {
        let seconds = if self.seconds.is_finite() {
            self.seconds
        } else {
            0.0
        };
        Limits {
            seconds: seconds.clamp(0.01, 3600.0),
            memory_bytes: self.memory_bytes.clamp(1 << 20, 1 << 40),
            output_bytes: self.output_bytes.min(16 << 20),
            threads: self.threads.clamp(1, 1024),
            disk_bytes: self.disk_bytes.clamp(4 << 10, 1 << 36),
        }
    }
}
// ANCHOR_END: limits

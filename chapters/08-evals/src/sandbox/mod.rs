// ANCHOR: head
//! Running a program that nobody trusts: a language model wrote it.
//!
//! *Program*: Python source text. *Executor*: something that runs a program and always answers with an [`Outcome`],
//! whatever the program does. *Limit*: an amount of time, memory, output, that ends the program when it is used up.
//! *Layer*: one protection that the operating system or the interpreter gives; each can fail to be available, and then
//! the outcome names it. *Worker*: the process in which all this happens, so that nothing that goes wrong in it can
//! take the caller along.
//!
//! Two executors. [`Monty`] is an interpreter of a part of Python that has no way to reach a file, a socket or a
//! process; it is small, starts at once, and runs everywhere. [`CPython`] is the real one, inside every fence that
//! Linux offers; it decides whether a HumanEval answer is right.

mod allocator;
mod cpython;
mod interpret;
mod limits;
#[cfg(target_os = "linux")]
mod linux;
mod monty;
mod outcome;
mod protocol;
mod serve;
mod worker;

pub use cpython::{Builder, CPython};
pub use limits::Limits;
pub use monty::Monty;
pub use outcome::{Layer, Outcome, State, Verdict};
pub use serve::serve_if_worker;
// ANCHOR_END: head

// ANCHOR: executor
/// Runs programs. Several threads may call one executor at once; each call has a worker of its own. A call that finds
/// none idle starts one first, which takes its time (seconds with a cold libtorch) and not the program's.
pub trait Executor: Send + Sync {
    /// As in reports: `monty`, `cpython`.
    fn name(&self) -> &str;

    /// Every protection this executor knows, and whether this machine grants it.
    fn protections(&self) -> Vec<Layer>;

    /// Runs `program` from its first line to its last. Never panics, never hangs, never leaves a process behind.
    fn run(&self, program: &str, limits: &Limits) -> Outcome;

    /// As [`run`](Executor::run); if the last line is an expression, `value` holds it as `print` would show it.
    fn evaluate(&self, code: &str, limits: &Limits) -> Outcome;

    /// What a chat tool puts into the conversation: what `code` printed, followed by the value of its last line.
    /// `None` when it failed, ran out of something, or said nothing.
    fn answer(&self, code: &str) -> Option<String> {
        let outcome = self.evaluate(code, &Limits::tool());
        if !outcome.passed() || outcome.truncated {
            return None;
        }
        let text = format!("{}{}", outcome.stdout, outcome.value.unwrap_or_default());
        let text = text.trim_end_matches('\n');
        (!text.is_empty()).then(|| text.to_owned())
    }
}
// ANCHOR_END: executor

// ANCHOR: error
/// Why there is no executor. What goes wrong later is an [`Outcome`], not an error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "the sandbox worker {program:?} did not start: {source}; \
         check that the file exists and may be executed"
    )]
    NoWorker {
        program: std::path::PathBuf,
        source: std::io::Error,
    },
    #[error(
        "{program:?} started but is no sandbox worker ({found}); \
         the first line of its main must be `evals::sandbox::serve_if_worker()`"
    )]
    NotAWorker {
        program: std::path::PathBuf,
        found: String,
    },
    #[error(
        "a sandbox worker may not start another one; make the executor in the program that wants the answers"
    )]
    WorkerInWorker,
    #[error(
        "CPython runs programs of unknown origin under namespaces, Landlock and seccomp, which only Linux has; \
         use `Monty` here, or run this in a Linux container or virtual machine"
    )]
    OnlyLinux,
    #[error(
        "no usable Python: {tried}; install one outside a private home folder (`apt install python3`)"
    )]
    NoPython { tried: String },
    #[error(
        "refusing to run unprotected: {missing}; allow user namespaces or a newer kernel, \
         use `Monty`, or call `allow_unprotected` if every program is your own"
    )]
    Unprotected { missing: String },
}
// ANCHOR_END: error

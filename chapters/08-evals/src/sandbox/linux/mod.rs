// ANCHOR: head
//! CPython under everything that Linux has. Four processes, one inside the other:
//!
//! ```text
//! caller ─ worker ─ fence ─ init ─ python
//!          reads    enters  first  the program
//!          output,  the     process
//!          keeps    name-   of its
//!          time     spaces  world
//! ```
//!
//! The worker is the caller's program started again, so it has one thread, no secrets in its memory and none in its
//! environment. One thread matters: between `fork` and `exec`, a child of a process with several threads may call
//! almost nothing (no allocation, no lock: another thread may have held it), and setting up fences takes a lot of
//! calls. Setting them up in the caller itself, which has libtorch's and tokio's threads, would be a deadlock that
//! shows up once a week. Forking a worker costs less than a millisecond.

mod calls;
mod fence;
mod files;
mod namespaces;
mod python;
mod rlimits;
mod root;
mod supervise;

use super::protocol::Hello;
use super::serve::{next_request, say};
use super::{Layer, Limits, Verdict};
use python::Python;
use std::path::PathBuf;
// ANCHOR_END: head

// ANCHOR: serve
/// Serves until the caller is gone.
pub(super) fn serve(
    candidates: &[PathBuf],
    allow_unprotected: bool,
    lines: &mut dyn Iterator<Item = std::io::Result<String>>,
) -> Option<()> {
    // A caller that ignores the ends of its children hands that down to us, and we could not wait for ours.
    // SAFETY: the default action is no function of ours.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
    let (python, layers) = match choose(candidates, allow_unprotected)? {
        Ok(found) => found,
        Err(hello) => return say(&hello),
    };
    say(&Hello::Ready(layers))?;
    while let Some(request) = next_request(lines) {
        let (mut outcome, layers) = supervise::run(&python, &request, allow_unprotected)?;
        outcome.refused = layers
            .into_iter()
            .filter(|layer| !layer.is_active())
            .collect();
        say(&outcome)?;
    }
    Some(())
}

/// The first Python that can finish a program of one line behind the fences, and the fences. That it exists is not
/// enough: started by root, programs run as `nobody`, who cannot enter the home of root.
fn choose(
    candidates: &[PathBuf],
    allow_unprotected: bool,
) -> Option<Result<(Python, Vec<Layer>), Hello>> {
    let mut tried = Vec::new();
    for candidate in candidates {
        let python = match Python::find(candidate) {
            Ok(python) => python,
            Err(reason) => {
                tried.push(format!("{}: {reason}", candidate.display()));
                continue;
            }
        };
        let request = super::protocol::Request {
            program: "1".to_owned(),
            limits: Limits::default().with_seconds(10.0),
            evaluate: false,
        };
        let (outcome, layers) = supervise::run(&python, &request, allow_unprotected)?;
        match outcome.verdict {
            Verdict::Finished => return Some(Ok((python, layers))),
            Verdict::NotStarted(missing) if missing.starts_with(fence::MISSING) => {
                return Some(Err(Hello::Unprotected(missing)));
            }
            other => tried.push(format!(
                "{}: {other:?} {}",
                candidate.display(),
                outcome.stderr
            )),
        }
    }
    if tried.is_empty() {
        tried.push("no python3 in PATH".to_owned());
    }
    Some(Err(Hello::NoPython(tried.join("; "))))
}
// ANCHOR_END: serve

// ANCHOR: lock_interpreter
/// For the worker of the small interpreter, which needs no file at all: everything shut, from here on, for good.
pub(super) fn lock_interpreter() -> Vec<Layer> {
    rlimits::close_from(3);
    let limited = rlimits::set_all(&[
        (libc::RLIMIT_CORE, 0),
        (libc::RLIMIT_FSIZE, 0),
        (libc::RLIMIT_NOFILE, 16),
    ]);
    vec![
        named("resource limits", limited),
        named("no new privileges", namespaces::no_new_privileges()),
        named("landlock", files::restrict(&[], None)),
        named(
            "seccomp",
            calls::for_interpreter().and_then(|filters| filters.apply()),
        ),
    ]
}

fn named(name: &str, result: Result<(), String>) -> Layer {
    match result {
        Ok(()) => Layer::active(name),
        Err(reason) => Layer::refused(name, reason),
    }
}

/// The last system call's error with the name of what was tried.
fn last_error(what: &str) -> String {
    format!("{what}: {}", std::io::Error::last_os_error())
}

/// `result` of a system call that says -1 for failure.
fn check(what: &str, result: impl Into<i64>) -> Result<(), String> {
    if result.into() == -1 {
        Err(last_error(what))
    } else {
        Ok(())
    }
}
// ANCHOR_END: lock_interpreter

// ANCHOR: head
//! The worker's end: say what protects it, then answer one request after the other until the caller is gone.

#[cfg(not(target_os = "linux"))]
use super::protocol::Hello;
use super::protocol::{FLAG, Request, Setup};
use std::io::{BufRead, Write};
// ANCHOR_END: head

// ANCHOR: serve_if_worker
/// The first line of `main` in every program that makes an executor. In an ordinary run it does nothing. In a worker it
/// serves and never returns; so it stands before anything that starts threads or loads a model.
pub fn serve_if_worker() {
    if std::env::args_os()
        .nth(1)
        .is_some_and(|first| first == FLAG)
    {
        let code = i32::from(serve().is_none());
        std::process::exit(code);
    }
}

/// `None` when the caller is gone or talks nonsense; there is nobody to tell about it.
fn serve() -> Option<()> {
    let mut lines = std::io::stdin().lock().lines();
    let setup: Setup = serde_json::from_str(&lines.next()?.ok()?).ok()?;
    match setup {
        Setup::Monty => super::interpret::serve(&mut lines),
        #[cfg(target_os = "linux")]
        Setup::CPython {
            candidates,
            allow_unprotected,
        } => super::linux::serve(&candidates, allow_unprotected, &mut lines),
        #[cfg(not(target_os = "linux"))]
        Setup::CPython { .. } => say(&Hello::NoPython("not on Linux".to_owned())),
    }
}
// ANCHOR_END: serve_if_worker

// ANCHOR: lines
pub(super) fn say(message: &impl serde::Serialize) -> Option<()> {
    let mut line = serde_json::to_vec(message).ok()?;
    line.push(b'\n');
    let mut output = std::io::stdout().lock();
    output.write_all(&line).ok()?;
    output.flush().ok()
}

pub(super) fn next_request(
    lines: &mut dyn Iterator<Item = std::io::Result<String>>,
) -> Option<Request> {
    serde_json::from_str(&lines.next()?.ok()?).ok()
}
// ANCHOR_END: lines

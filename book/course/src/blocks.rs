//! The check `blocks`: what the book's pages type themselves.

use crate::checks::{Job, cargo};
use crate::suite::{Verdict, run_logged};

/// Rust that stands in a page becomes a test `page_*` of the page's crate; console blocks are run. Before `tests`, which
/// finds the gathered tests as they are now.
pub fn check(job: &Job) -> Verdict {
    let parts = [
        (
            "blocks-gather",
            "gathers the pages' snippets",
            "run --quiet --package weave -- gather",
        ),
        (
            "blocks-test",
            "compiles and runs them",
            "test --test page_* -- --test-threads=1",
        ),
        (
            "blocks-run",
            "runs the pages' commands",
            "run --quiet --package weave -- run",
        ),
    ];
    let mut said = Vec::new();
    for (name, note, arguments) in parts {
        let mut command = cargo(job, arguments);
        match run_logged(job, name, note, &mut command) {
            Ok(logged) if logged.success => {
                said.extend(logged.text.lines().last().map(str::to_string))
            }
            Ok(logged) => return Verdict::Failed(logged.end(60)),
            Err(error) => return Verdict::Failed(error),
        }
        // `cargo test` says its numbers itself, and in more words than a line has.
        if name == "blocks-test" {
            said.pop();
        }
    }
    Verdict::Passed(said.join(", "))
}

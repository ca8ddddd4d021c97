//! The report at the end of a build: for each page what was promised and what was found.

use std::fmt::Write;

use crate::coverage::{Coverage, ranges};
use crate::front::Status;
use crate::weaver::Findings;

/// The table of pages: coverage of the page's crate, how its blocks came to be, minutes declared and reckoned. Crates
/// that have no page follow.
pub fn table(findings: &Findings) -> String {
    let mut text = format!(
        "{:<26} {:<9} {:>22} {:>6} {:>9} {:>4} {:>9} {:>7} {:>8} {:>9}\n",
        "page",
        "status",
        "lines shown",
        "woven",
        "compiled",
        "run",
        "recorded",
        "exempt",
        "minutes",
        "reckoned"
    );
    let share = |coverage: &Coverage| match coverage.total {
        0 => "–".to_string(),
        total => format!("{} of {total}, {:.1} %", coverage.shown, coverage.percent()),
    };
    for facts in &findings.facts {
        let entry = findings
            .entries
            .iter()
            .find(|entry| entry.path == facts.path);
        let (status, minutes) = match entry {
            Some(entry) => (
                match entry.front.status {
                    Status::Draft => "draft",
                    Status::Finished => "finished",
                },
                entry.front.minutes.to_string(),
            ),
            None => ("?", "?".to_string()),
        };
        let folder = entry.and_then(|entry| entry.front.crate_folder.as_ref());
        let coverage = findings
            .coverage
            .iter()
            .find(|(coverage, _)| Some(&coverage.folder) == folder)
            .map(|(coverage, _)| share(coverage))
            .unwrap_or_default();
        let tally = facts.tally;
        let _ = writeln!(
            text,
            "{:<26} {status:<9} {coverage:>22} {:>6} {:>9} {:>4} {:>9} {:>7} {minutes:>8} {:>9}",
            facts.path,
            tally.woven,
            tally.compiled,
            tally.run,
            tally.recorded,
            tally.exempt,
            facts.reading.minutes()
        );
    }
    for (coverage, status) in &findings.coverage {
        if status == "no page" {
            let _ = writeln!(
                text,
                "{:<26} {status:<9} {:>22}",
                coverage.folder,
                share(coverage)
            );
        }
    }
    text
}

/// Lines shown twice, and what changed since a page was in step: a line for each.
pub fn notes(findings: &Findings) -> String {
    let mut text = String::new();
    for (path, lines) in findings
        .coverage
        .iter()
        .flat_map(|(coverage, _)| &coverage.twice)
    {
        let _ = writeln!(text, "shown twice: {path}:{}", ranges(lines));
    }
    for change in &findings.out_of_step {
        let _ = writeln!(text, "out of step: {change}");
    }
    text
}

/// The lines that no page shows.
pub fn missing(findings: &Findings) -> String {
    let mut text = String::new();
    for (path, lines) in findings
        .coverage
        .iter()
        .flat_map(|(coverage, _)| &coverage.missing)
    {
        let _ = writeln!(text, "not shown: {path}:{}", ranges(lines));
    }
    text
}

//! Measuring: after all pages are woven, what the whole comes to. Each crate's coverage against what its page
//! promises and against the baseline, the links out of the book against their list, the sources against their stamps.

use std::collections::BTreeSet;
use std::fs;

use crate::baseline::{self, Baseline};
use crate::contents::Entry;
use crate::coverage::{Coverage, ranges};
use crate::front::Status;
use crate::in_step::{self, Stamps};
use crate::outside::{self, Outside, Seen};
use crate::page::Problem;
use crate::sources::text_files;
use crate::weaver::{Facts, Findings, Loom, Settings};

/// A small committed file of the book's folder; a book that has none yet has an empty one.
pub fn committed(settings: &Settings, file: &str) -> String {
    fs::read_to_string(settings.book_folder.join(file)).unwrap_or_default()
}

/// Measures what was woven.
pub fn measure(mut loom: Loom, mut facts: Vec<Facts>) -> Findings {
    let mut findings = Findings::default();
    coverage(&mut loom, &mut findings);
    let (seen, problems) = Seen::parse(&committed(loom.settings, outside::FILE));
    findings.problems.extend(problems);
    findings.problems.extend(seen.check(&outside_links(&facts)));
    let stamps = Stamps::parse(&committed(loom.settings, in_step::FILE));
    for page in &mut facts {
        let mut paths: BTreeSet<String> = page.sources.clone();
        let entry = loom.entries.iter().find(|entry| entry.path == page.path);
        if let Some(folder) = entry.and_then(|entry| entry.front.crate_folder.as_ref()) {
            paths.extend(text_files(&loom.settings.root, &format!("{folder}/src")));
        }
        page.prints = in_step::prints(&paths, &mut loom.sources);
        for change in stamps.changes(&page.path, &page.prints) {
            findings
                .out_of_step
                .push(format!("{}: {change}", page.path));
        }
    }
    findings.problems.append(&mut loom.problems);
    findings.facts = facts;
    findings
}

/// The links out of the book, page by page.
pub fn outside_links(facts: &[Facts]) -> Vec<(String, Vec<Outside>)> {
    let links = facts
        .iter()
        .map(|page| (page.path.clone(), page.outside.clone()));
    links.collect()
}

/// The coverage of every chapter crate there is.
fn coverage(loom: &mut Loom, findings: &mut Findings) {
    let root = loom.settings.root.clone();
    let mut folders: Vec<String> = fs::read_dir(root.join("chapters"))
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().join("src").is_dir())
        .map(|entry| format!("chapters/{}", entry.file_name().to_string_lossy()))
        .collect();
    folders.sort();
    for entry in loom.entries {
        if let Some(folder) = &entry.front.crate_folder
            && !folders.contains(folder)
        {
            findings.problems.push(Problem {
                page: entry.path.clone(),
                line: Some(1),
                message: format!("the front line's crate `{folder}` is not a folder in chapters/ with a src/ in it."),
            });
        }
    }
    let (baseline, problems) = Baseline::parse(&committed(loom.settings, baseline::FILE));
    findings.problems.extend(problems);
    for folder in folders {
        let pages: Vec<&Entry> = loom
            .entries
            .iter()
            .filter(|entry| entry.front.crate_folder.as_ref() == Some(&folder))
            .collect();
        let page = pages
            .first()
            .map_or(folder.clone(), |entry| entry.path.clone());
        let is_finished = pages
            .iter()
            .any(|entry| entry.front.status == Status::Finished);
        let status = match (pages.is_empty(), is_finished) {
            (true, _) => "no page",
            (false, true) => "finished",
            (false, false) => "draft",
        };
        match Coverage::measure(&folder, &loom.shown, &mut loom.sources) {
            Ok(coverage) => {
                if is_finished {
                    findings.problems.extend(uncovered(&page, &coverage));
                } else if !loom.settings.any_coverage {
                    findings.problems.extend(baseline.fall(&page, &coverage));
                }
                findings.coverage.push((coverage, status.to_string()));
            }
            Err(error) => findings.problems.push(Problem {
                page,
                line: None,
                message: error.to_string(),
            }),
        }
    }
}

fn uncovered(page: &str, coverage: &Coverage) -> Vec<Problem> {
    let missing = coverage.missing.iter();
    missing
        .map(|(path, lines)| Problem {
            page: page.to_string(),
            line: Some(1),
            message: format!(
                "a finished chapter shows every line of its crate; no page shows {path}:{}. Weave or fold them, or make the page a draft.",
                ranges(lines)
            ),
        })
        .collect()
}

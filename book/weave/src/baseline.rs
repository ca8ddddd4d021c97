//! The baseline: how much of each draft's crate the book showed when somebody last looked.
//!
//! A draft may be incomplete; it may not become less complete unnoticed. `book/coverage.txt` holds a line per crate,
//! the lines shown and all lines; a build whose share is smaller fails. `weave build --baseline` writes the file
//! anew, better or worse: a fall that is meant is then visible in the change that brings it.

use std::collections::BTreeMap;

use crate::coverage::{Coverage, ranges};
use crate::page::Problem;

/// From the book's folder.
pub const FILE: &str = "coverage.txt";

const HEAD: &str = "# Lines of each chapter's src/ that the book shows, and all lines. `cargo course book build --baseline` writes this.\n";

/// Lines shown and lines there are, by crate.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    crates: BTreeMap<String, (usize, usize)>,
}

impl Baseline {
    pub fn of<'a>(coverage: impl IntoIterator<Item = &'a Coverage>) -> Baseline {
        let crates = coverage.into_iter().map(|coverage| {
            let numbers = (coverage.shown, coverage.total);
            (coverage.folder.clone(), numbers)
        });
        Baseline {
            crates: crates.collect(),
        }
    }

    /// Reads the file's text; a line that cannot be read is a problem of that line.
    pub fn parse(text: &str) -> (Baseline, Vec<Problem>) {
        let (mut baseline, mut problems) = (Baseline::default(), Vec::new());
        for (index, line) in text.lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let words: Vec<&str> = line.split_whitespace().collect();
            let numbers = match words[..] {
                [folder, shown, "of", total] => shown
                    .parse()
                    .ok()
                    .zip(total.parse().ok())
                    .map(|numbers| (folder, numbers)),
                _ => None,
            };
            match numbers {
                Some((folder, numbers)) => {
                    baseline.crates.insert(folder.to_string(), numbers);
                }
                None => problems.push(Problem {
                    page: format!("book/{FILE}"),
                    line: Some(index + 1),
                    message: "is not `chapters/NAME shown of all`; `cargo course book build --baseline` writes the file anew.".into(),
                }),
            }
        }
        (baseline, problems)
    }

    pub fn text(&self) -> String {
        let mut text = HEAD.to_string();
        for (folder, (shown, total)) in &self.crates {
            text.push_str(&format!("{folder} {shown} of {total}\n"));
        }
        text
    }

    /// A problem if the crate's share has fallen. Compared as fractions: no rounding hides a line.
    pub fn fall(&self, page: &str, coverage: &Coverage) -> Option<Problem> {
        let (shown, total) = *self.crates.get(&coverage.folder)?;
        if coverage.shown * total >= shown * coverage.total {
            return None;
        }
        let before = Coverage {
            shown,
            total,
            ..Coverage::default()
        };
        let missing: Vec<String> = coverage
            .missing
            .iter()
            .map(|(path, lines)| format!("{path}:{}", ranges(lines)))
            .collect();
        Some(Problem {
            page: page.to_string(),
            line: Some(1),
            message: format!(
                "the book shows {} of {} lines of {} ({:.1} %), and showed {shown} of {total} ({:.1} %). Show or fold what is missing, or accept the fall with `cargo course book build --baseline`. Not shown: {}",
                coverage.shown,
                coverage.total,
                coverage.folder,
                coverage.percent(),
                before.percent(),
                missing.join("; ")
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coverage(shown: usize, total: usize) -> Coverage {
        Coverage {
            folder: "chapters/01".into(),
            shown,
            total,
            ..Coverage::default()
        }
    }

    #[test]
    fn a_baseline_is_read_as_it_was_written() {
        let baseline = Baseline::of([&coverage(3, 4)]);
        assert_eq!(Baseline::parse(&baseline.text()), (baseline, vec![]));
        let (_, problems) = Baseline::parse("chapters/01 3 from 4\n");
        assert_eq!(problems[0].line, Some(1));
    }

    #[test]
    fn a_share_may_rise_and_not_fall() {
        let baseline = Baseline::of([&coverage(3, 4)]);
        assert_eq!(baseline.fall("a.md", &coverage(3, 4)), None);
        assert_eq!(baseline.fall("a.md", &coverage(6, 8)), None);
        assert_eq!(baseline.fall("a.md", &coverage(7, 8)), None);
        let fallen = baseline.fall("a.md", &coverage(5, 8)).unwrap();
        assert!(
            fallen
                .message
                .contains("(62.5 %), and showed 3 of 4 (75.0 %)"),
            "{fallen}"
        );
        assert_eq!(
            Baseline::default().fall("a.md", &coverage(0, 9)),
            None,
            "a new crate"
        );
    }
}

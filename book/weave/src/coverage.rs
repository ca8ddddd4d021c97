//! Coverage: which lines of a chapter crate's `src/` the book shows.
//!
//! A line counts if it is neither blank nor an anchor mark. It is covered if some page shows it, openly or folded.
//! A finished chapter covers every line; a draft's share never falls (`baseline`). A line that is shown twice is reported,
//! because one of the two copies is usually a region that has grown around another.

use std::collections::BTreeMap;

use crate::sources::{self, Sources, text_files};

/// What the book shows: path of a source -> line -> how often.
#[derive(Debug, Default)]
pub struct Shown {
    lines: BTreeMap<String, BTreeMap<usize, u32>>,
}

impl Shown {
    pub fn record(&mut self, path: &str, lines: &[usize]) {
        let counts = self.lines.entry(path.to_string()).or_default();
        for line in lines {
            *counts.entry(*line).or_default() += 1;
        }
    }
}

/// Coverage of one chapter crate.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// `chapters/01-tokenizer`
    pub folder: String,
    pub shown: usize,
    pub total: usize,
    /// Per file, the lines that no page shows.
    pub missing: Vec<(String, Vec<usize>)>,
    /// Per file, the lines shown more than once.
    pub twice: Vec<(String, Vec<usize>)>,
}

impl Coverage {
    pub fn measure(
        folder: &str,
        shown: &Shown,
        sources: &mut Sources,
    ) -> Result<Coverage, sources::Error> {
        let mut coverage = Coverage {
            folder: folder.to_string(),
            ..Coverage::default()
        };
        let root = sources.root().to_path_buf();
        for path in text_files(&root, &format!("{folder}/src")) {
            let countable = sources.source(&path)?.countable();
            let times = |line: &usize| {
                let counts = shown.lines.get(&path);
                counts
                    .and_then(|counts| counts.get(line))
                    .copied()
                    .unwrap_or(0)
            };
            let missing: Vec<usize> = countable
                .iter()
                .copied()
                .filter(|line| times(line) == 0)
                .collect();
            let twice: Vec<usize> = countable
                .iter()
                .copied()
                .filter(|line| times(line) > 1)
                .collect();
            coverage.total += countable.len();
            coverage.shown += countable.len() - missing.len();
            if !missing.is_empty() {
                coverage.missing.push((path.clone(), missing));
            }
            if !twice.is_empty() {
                coverage.twice.push((path, twice));
            }
        }
        Ok(coverage)
    }

    pub fn is_whole(&self) -> bool {
        self.missing.is_empty()
    }

    /// Rounded down: 99.97 % is not 100 %.
    pub fn percent(&self) -> f64 {
        if self.total == 0 {
            return 100.0;
        }
        (1000.0 * self.shown as f64 / self.total as f64).floor() / 10.0
    }
}

/// "12–40, 55, 60–61": runs of line numbers. Lines that only blank lines or marks separate are one run for a reader,
/// but here they are not known, so a run is of neighbours.
pub fn ranges(lines: &[usize]) -> String {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for line in lines {
        match runs.last_mut() {
            Some(run) if run.1 + 1 == *line => run.1 = *line,
            _ => runs.push((*line, *line)),
        }
    }
    let texts: Vec<String> = runs
        .iter()
        .map(|(first, last)| {
            if first == last {
                format!("{first}")
            } else {
                format!("{first}–{last}")
            }
        })
        .collect();
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn blank_lines_and_marks_do_not_count_and_doubles_are_seen() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("chapters/01/src")).unwrap();
        let text = "use std::fmt;\n\n// ANCHOR: f\nfn f() {\n}\n// ANCHOR_END: f\n";
        fs::write(folder.path().join("chapters/01/src/lib.rs"), text).unwrap();
        let mut sources = Sources::new(folder.path());
        let path = "chapters/01/src/lib.rs";
        let excerpt = sources.excerpt(path, Some("f")).unwrap();

        let mut shown = Shown::default();
        shown.record(path, &excerpt.shown);
        let coverage = Coverage::measure("chapters/01", &shown, &mut sources).unwrap();
        assert_eq!((coverage.shown, coverage.total), (2, 3));
        assert_eq!(coverage.missing, [(path.to_string(), vec![1])]);
        assert!(coverage.twice.is_empty());
        assert_eq!(coverage.percent(), 66.6);

        shown.record(path, &[1, 4]);
        let coverage = Coverage::measure("chapters/01", &shown, &mut sources).unwrap();
        assert!(coverage.is_whole());
        assert_eq!(coverage.twice, [(path.to_string(), vec![4])]);
    }

    #[test]
    fn line_numbers_are_written_in_runs() {
        assert_eq!(ranges(&[1, 2, 3, 7, 9, 10]), "1–3, 7, 9–10");
    }
}

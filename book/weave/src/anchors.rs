//! Anchors: marks in a source that name a region of it.
//!
//! A mark is a comment alone on its line, in whatever comment style the file has:
//!
//! ```text
//! // ANCHOR: count            # ANCHOR: count            <!-- ANCHOR: count -->
//! // ANCHOR_END: count        # ANCHOR_END: count        <!-- ANCHOR_END: count -->
//! ```
//!
//! Regions may lie inside one another and may overlap; a name is used once per file. mdBook's own anchors give an
//! empty block when a name is missing; here every such case is an error.

use std::collections::BTreeMap;

use crate::nearest::{nearest, suggestion};

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    #[error("{path} has no anchor `{name}`{suggestion} Its anchors: {known}.")]
    Missing {
        path: String,
        name: String,
        suggestion: String,
        known: String,
    },
    #[error(
        "{path}:{line}: anchor `{name}` is never ended; add `ANCHOR_END: {name}` after its last line."
    )]
    NotEnded {
        path: String,
        name: String,
        line: usize,
    },
    #[error(
        "{path}:{line}: `ANCHOR_END: {name}` ends an anchor that was not begun; add `ANCHOR: {name}` before its first line."
    )]
    NotBegun {
        path: String,
        name: String,
        line: usize,
    },
    #[error(
        "{path}:{line}: anchor `{name}` is there a second time (first in line {first}); give one of them another name."
    )]
    Twice {
        path: String,
        name: String,
        line: usize,
        first: usize,
    },
    #[error("{path}: anchor `{name}` has no lines; remove it or put it around some.")]
    Empty { path: String, name: String },
}

/// What a line of a source is to the weaver.
#[derive(Debug, PartialEq, Eq)]
enum Mark<'a> {
    Begin(&'a str),
    End(&'a str),
}

/// A file of the repository, cut into its regions.
pub struct Source {
    /// Relative to the repository's root, with `/` between the parts.
    pub path: String,
    lines: Vec<String>,
    /// Name of a region -> line numbers (from 1) of its two marks.
    regions: BTreeMap<String, (usize, usize)>,
}

/// Lines of a source, ready to be shown.
#[derive(Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The lines, joined, without their common indentation and without anchor marks; ends with a newline.
    pub text: String,
    /// First and last line number (from 1) in the source, for the caption.
    pub first: usize,
    pub last: usize,
    /// The line numbers shown, blank lines left out: what coverage counts.
    pub shown: Vec<usize>,
}

// ANCHOR: mark
/// Reads a line as a mark: comment characters, then `ANCHOR: name` or `ANCHOR_END: name`.
fn mark(line: &str) -> Option<Mark<'_>> {
    let rest = line.trim();
    let opener = ["//", "#", "--", "/*", "<!--", ";", "%"]
        .into_iter()
        .find(|opener| rest.starts_with(opener))?;
    let rest = rest[opener.len()..]
        .trim_start_matches(['/', '#', '!'])
        .trim();
    let rest = rest.trim_end_matches("-->").trim_end_matches("*/").trim();
    if let Some(name) = rest.strip_prefix("ANCHOR_END:") {
        return Some(Mark::End(name.trim()));
    }
    rest.strip_prefix("ANCHOR:")
        .map(|name| Mark::Begin(name.trim()))
}
// ANCHOR_END: mark

impl Source {
    pub fn parse(path: &str, text: &str) -> Result<Source, Error> {
        let lines: Vec<String> = text.lines().map(str::to_string).collect();
        let mut open: BTreeMap<String, usize> = BTreeMap::new();
        let mut regions: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for (index, line) in lines.iter().enumerate() {
            let number = index + 1;
            match mark(line) {
                Some(Mark::Begin(name)) => {
                    let earlier = open
                        .get(name)
                        .copied()
                        .or(regions.get(name).map(|region| region.0));
                    if let Some(first) = earlier {
                        return Err(Error::Twice {
                            path: path.to_string(),
                            name: name.to_string(),
                            line: number,
                            first,
                        });
                    }
                    open.insert(name.to_string(), number);
                }
                Some(Mark::End(name)) => match open.remove(name) {
                    Some(begin) => {
                        regions.insert(name.to_string(), (begin, number));
                    }
                    None => {
                        return Err(Error::NotBegun {
                            path: path.to_string(),
                            name: name.to_string(),
                            line: number,
                        });
                    }
                },
                None => {}
            }
        }
        if let Some((name, line)) = open.into_iter().min_by_key(|(_, line)| *line) {
            return Err(Error::NotEnded {
                path: path.to_string(),
                name,
                line,
            });
        }
        Ok(Source {
            path: path.to_string(),
            lines,
            regions,
        })
    }

    /// The named region, or the whole file.
    pub fn excerpt(&self, name: Option<&str>) -> Result<Excerpt, Error> {
        let (begin, end) = match name {
            None => (0, self.lines.len() + 1),
            Some(name) => *self.regions.get(name).ok_or_else(|| self.missing(name))?,
        };
        // Between the marks: lines begin+1 ..= end-1, counted from 1.
        let mut shown: Vec<(usize, &str)> = (begin + 1..end)
            .map(|number| (number, self.lines[number - 1].as_str()))
            .filter(|(_, line)| mark(line).is_none())
            .collect();
        while shown
            .first()
            .is_some_and(|(_, line)| line.trim().is_empty())
        {
            shown.remove(0);
        }
        while shown.last().is_some_and(|(_, line)| line.trim().is_empty()) {
            shown.pop();
        }
        let (Some(first), Some(last)) = (shown.first(), shown.last()) else {
            return Err(Error::Empty {
                path: self.path.clone(),
                name: name.unwrap_or("(the whole file)").to_string(),
            });
        };
        Ok(Excerpt {
            first: first.0,
            last: last.0,
            text: without_common_indentation(shown.iter().map(|(_, line)| *line)),
            shown: shown
                .iter()
                .filter(|(_, line)| !line.trim().is_empty())
                .map(|(number, _)| *number)
                .collect(),
        })
    }

    /// The numbers of the lines that a finished chapter has to show: all but blank lines and marks.
    pub fn countable(&self) -> Vec<usize> {
        self.lines
            .iter()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty() && mark(line).is_none())
            .map(|(index, _)| index + 1)
            .collect()
    }

    /// The text of those lines: what a fingerprint of the source is made of.
    pub fn counted_text(&self) -> String {
        let lines = self
            .countable()
            .into_iter()
            .map(|number| &self.lines[number - 1]);
        lines.map(|line| format!("{line}\n")).collect()
    }

    fn missing(&self, name: &str) -> Error {
        let names = || self.regions.keys().map(String::as_str);
        let near = suggestion(&nearest(name, names()));
        let known: Vec<&str> = names().collect();
        Error::Missing {
            path: self.path.clone(),
            name: name.to_string(),
            suggestion: if near.is_empty() {
                ".".to_string()
            } else {
                near
            },
            known: if known.is_empty() {
                "none yet".to_string()
            } else {
                known.join(", ")
            },
        }
    }
}

/// Removes the spaces that all lines (blank ones aside) begin with, so that a method does not float in the page.
fn without_common_indentation<'a>(lines: impl Iterator<Item = &'a str> + Clone) -> String {
    let indentation = lines
        .clone()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start_matches(' ').len())
        .min()
        .unwrap_or(0);
    let mut text = String::new();
    for line in lines {
        text.push_str(line.get(indentation..).unwrap_or("").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const NESTED: &str = "\
use std::fmt;

impl Pair {
    // ANCHOR: both
    // ANCHOR: first
    fn first(&self) -> u32 {
        self.0
    }
    // ANCHOR_END: first

    fn second(&self) -> u32 {
        self.1
    }
    // ANCHOR_END: both
}
";

    #[test]
    fn a_region_loses_its_indentation_and_the_marks_inside_it() {
        let source = Source::parse("pair.rs", NESTED).unwrap();
        let excerpt = source.excerpt(Some("both")).unwrap();
        assert_eq!(
            excerpt.text,
            "fn first(&self) -> u32 {\n    self.0\n}\n\nfn second(&self) -> u32 {\n    self.1\n}\n"
        );
        assert_eq!((excerpt.first, excerpt.last), (6, 13));
        assert_eq!(excerpt.shown, [6, 7, 8, 11, 12, 13]);
    }

    #[test]
    fn the_whole_file_is_shown_without_marks() {
        let source = Source::parse("pair.rs", NESTED).unwrap();
        let excerpt = source.excerpt(None).unwrap();
        assert!(excerpt.text.starts_with("use std::fmt;\n\nimpl Pair {\n"));
        assert!(!excerpt.text.contains("ANCHOR"));
        assert_eq!(excerpt.shown, source.countable());
    }

    #[test]
    fn a_missing_anchor_is_an_error_that_names_the_nearest() {
        let source = Source::parse("pair.rs", NESTED).unwrap();
        let message = source.excerpt(Some("frist")).unwrap_err().to_string();
        assert!(
            message.contains("no anchor `frist`; did you mean `first`?"),
            "{message}"
        );
        assert!(message.contains("Its anchors: both, first."), "{message}");
    }

    #[test]
    fn an_anchor_that_is_never_ended_is_an_error() {
        let error = Source::parse("a.rs", "// ANCHOR: one\nfn f() {}\n")
            .err()
            .unwrap();
        assert_eq!(
            error,
            Error::NotEnded {
                path: "a.rs".into(),
                name: "one".into(),
                line: 1
            }
        );
    }

    #[test]
    fn an_end_without_a_beginning_and_a_second_beginning_are_errors() {
        let not_begun = Source::parse("a.rs", "fn f() {}\n// ANCHOR_END: one\n")
            .err()
            .unwrap();
        assert!(matches!(not_begun, Error::NotBegun { line: 2, .. }));
        let twice =
            "// ANCHOR: one\na\n// ANCHOR_END: one\n// ANCHOR: one\nb\n// ANCHOR_END: one\n";
        let twice = Source::parse("a.rs", twice).err().unwrap();
        assert!(matches!(
            twice,
            Error::Twice {
                line: 4,
                first: 1,
                ..
            }
        ));
    }

    #[test]
    fn an_empty_region_is_an_error() {
        let source = Source::parse("a.rs", "// ANCHOR: one\n\n// ANCHOR_END: one\n").unwrap();
        assert!(matches!(
            source.excerpt(Some("one")),
            Err(Error::Empty { .. })
        ));
    }

    #[test]
    fn marks_are_read_in_every_comment_style() {
        for line in [
            "// ANCHOR: x",
            "   # ANCHOR: x",
            "/* ANCHOR: x */",
            "<!-- ANCHOR: x -->",
            "-- ANCHOR: x",
        ] {
            assert_eq!(mark(line), Some(Mark::Begin("x")), "{line}");
        }
        assert_eq!(mark("let anchor = \"ANCHOR: x\";"), None);
        assert_eq!(mark("// an ANCHOR: x in a sentence"), None);
    }
}

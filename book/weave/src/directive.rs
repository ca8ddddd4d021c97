//! Directives: the lines of a page that ask for something to be put in their place.
//!
//! ```text
//! {{#weave chapters/01-tokenizer/src/train.rs:count}}            a region, shown
//! {{#weave chapters/01-tokenizer/Cargo.toml}}                    a whole file, shown
//! {{#fold chapters/01-tokenizer/src/train.rs:errors "Errors"}}   a region, folded under a title
//! {{#table book/src/figures/ablation-model.md}}                  a table that a program wrote, as it is
//! {{#transcript book/transcripts/run.txt}}                       what a command printed when it was recorded
//! {{#transcript book/transcripts/run.txt:5-20 "Packing"}}        lines 5 to 20 of that, folded under a title
//! {{#exercises 03}}                                              the table of a chapter's exercises
//! {{#contents}}                                                  the table of pages with their minutes
//! ```
//!
//! A directive stands alone on its line. One that is misspelled is an error: mdBook would print it as text.

use std::ops::Range;

use crate::page::{Page, Problem};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Directive {
    /// Show a region of a file, or all of it.
    Weave {
        path: String,
        anchor: Option<String>,
    },
    /// The same, folded under a title.
    Fold {
        path: String,
        anchor: Option<String>,
        title: String,
    },
    /// Markdown that a program wrote: a table with what it was measured on.
    Table { path: String },
    /// A recorded run: all of its output or some lines of it, open or folded under a title.
    Transcript {
        path: String,
        lines: Option<(usize, usize)>,
        title: Option<String>,
    },
    /// The table of a chapter's exercises.
    Exercises { chapter: String },
    /// The table of pages.
    Contents,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    #[error(
        "`{{{{#{name}` is no directive of this book; there are weave, fold, transcript, table, exercises and contents."
    )]
    Unknown { name: String },
    #[error("{text} names no file; write {{{{#weave path/from/the/root.rs:anchor}}}}.")]
    NoPath { text: String },
    #[error("{text} names no chapter; write {{{{#exercises 03}}}}.")]
    NoChapter { text: String },
    #[error("{text} has no title; write {{{{#fold path:anchor \"What is folded away\"}}}}.")]
    NoTitle { text: String },
    #[error("{text}: `{lines}` are no lines; write the first and the last: run.txt:5-20")]
    Lines { text: String, lines: String },
    #[error(
        "{text}: cannot read `{rest}` after the file; a title goes in double quotes, and only `fold` and `transcript` have one."
    )]
    Rest { text: String, rest: String },
    #[error("a directive stands alone on its line, and ends in it with }}}}: {text}")]
    NotAlone { text: String },
}

/// A directive, and the line of the page that it stands in.
pub struct Placed {
    pub directive: Directive,
    /// The line without its newline.
    pub range: Range<usize>,
    /// The spaces before it (a directive in a list item), which every line put in its place needs too.
    pub indentation: String,
}

/// All directives of a page, and what is wrong with the rest.
pub fn find(page: &Page) -> (Vec<Placed>, Vec<Problem>) {
    let mut placed = Vec::new();
    let mut problems = Vec::new();
    let mut start = 0;
    for line in page.text.split_inclusive('\n') {
        let range = start..start + line.trim_end_matches(['\n', '\r']).len();
        start += line.len();
        let Some(column) = line.find("{{#") else {
            continue;
        };
        if page.verbatim_end(range.start + column).is_some() {
            continue;
        }
        let text = line.trim();
        if !text.starts_with("{{#") || !text.ends_with("}}") {
            problems.push(page.problem(
                range.start,
                Error::NotAlone {
                    text: text.to_string(),
                },
            ));
            continue;
        }
        match parse(text) {
            Ok(directive) => placed.push(Placed {
                directive,
                indentation: line[..column].to_string(),
                range,
            }),
            Err(error) => problems.push(page.problem(range.start, error)),
        }
    }
    (placed, problems)
}

/// Reads one directive, braces included.
pub fn parse(text: &str) -> Result<Directive, Error> {
    let inside = text.trim_start_matches("{{#").trim_end_matches("}}").trim();
    let (name, rest) = inside
        .split_once(char::is_whitespace)
        .unwrap_or((inside, ""));
    let rest = rest.trim();
    match name {
        "contents" if rest.is_empty() => Ok(Directive::Contents),
        "table" if !rest.is_empty() && !rest.contains(char::is_whitespace) => {
            Ok(Directive::Table {
                path: rest.to_string(),
            })
        }
        "exercises" if !rest.is_empty() => Ok(Directive::Exercises {
            chapter: rest.to_string(),
        }),
        "exercises" => Err(Error::NoChapter {
            text: text.to_string(),
        }),
        "table" => Err(Error::NoPath {
            text: text.to_string(),
        }),
        "weave" | "fold" | "transcript" => {
            let (target, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            if target.is_empty() || target.starts_with('"') {
                return Err(Error::NoPath {
                    text: text.to_string(),
                });
            }
            let (path, part) = match target.split_once(':') {
                Some((path, part)) => (path.to_string(), Some(part)),
                None => (target.to_string(), None),
            };
            let title = title(text, rest.trim())?;
            match (name, title) {
                ("transcript", title) => Ok(Directive::Transcript {
                    path,
                    lines: part.map(|part| lines(text, part)).transpose()?,
                    title,
                }),
                ("fold", Some(title)) => Ok(Directive::Fold {
                    path,
                    anchor: part.map(str::to_string),
                    title,
                }),
                ("fold", None) => Err(Error::NoTitle {
                    text: text.to_string(),
                }),
                (_, None) => Ok(Directive::Weave {
                    path,
                    anchor: part.map(str::to_string),
                }),
                (_, Some(_)) => Err(Error::Rest {
                    text: text.to_string(),
                    rest: rest.trim().to_string(),
                }),
            }
        }
        _ => Err(Error::Unknown {
            name: name.to_string(),
        }),
    }
}

/// The title at a directive's end, without its quotes.
fn title(text: &str, rest: &str) -> Result<Option<String>, Error> {
    if rest.is_empty() {
        return Ok(None);
    }
    let inside = rest
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .map(str::trim)
        .filter(|title| !title.is_empty());
    match inside {
        Some(title) => Ok(Some(title.to_string())),
        None => Err(Error::Rest {
            text: text.to_string(),
            rest: rest.to_string(),
        }),
    }
}

/// `5-20`
fn lines(text: &str, part: &str) -> Result<(usize, usize), Error> {
    let numbers = part.split_once('-').unwrap_or((part, part));
    match (numbers.0.parse(), numbers.1.parse()) {
        (Ok(first), Ok(last)) => Ok((first, last)),
        _ => Err(Error::Lines {
            text: text.to_string(),
            lines: part.to_string(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_the_book_are_read() {
        assert_eq!(
            parse("{{#weave chapters/a/src/b.rs:count}}"),
            Ok(Directive::Weave {
                path: "chapters/a/src/b.rs".into(),
                anchor: Some("count".into())
            })
        );
        assert_eq!(
            parse("{{#weave Cargo.toml}}"),
            Ok(Directive::Weave {
                path: "Cargo.toml".into(),
                anchor: None
            })
        );
        assert_eq!(
            parse("{{#fold a.rs:errors \"What can go wrong\"}}"),
            Ok(Directive::Fold {
                path: "a.rs".into(),
                anchor: Some("errors".into()),
                title: "What can go wrong".into()
            })
        );
        assert_eq!(parse("{{#contents}}"), Ok(Directive::Contents));
        assert_eq!(
            parse("{{#exercises 03}}"),
            Ok(Directive::Exercises {
                chapter: "03".into()
            })
        );
        assert_eq!(
            parse("{{#table book/src/figures/ablation.md}}"),
            Ok(Directive::Table {
                path: "book/src/figures/ablation.md".into()
            })
        );
        assert!(matches!(parse("{{#table}}"), Err(Error::NoPath { .. })));
        assert_eq!(
            parse("{{#transcript book/transcripts/a.txt:5-20 \"Packing\"}}"),
            Ok(Directive::Transcript {
                path: "book/transcripts/a.txt".into(),
                lines: Some((5, 20)),
                title: Some("Packing".into())
            })
        );
        assert!(matches!(
            parse("{{#transcript a.txt:x}}"),
            Err(Error::Lines { .. })
        ));
    }

    #[test]
    fn misspelled_directives_are_errors() {
        assert!(matches!(
            parse("{{#include a.rs}}"),
            Err(Error::Unknown { .. })
        ));
        assert!(matches!(parse("{{#weave}}"), Err(Error::NoPath { .. })));
        assert!(matches!(
            parse("{{#exercises}}"),
            Err(Error::NoChapter { .. })
        ));
        assert!(matches!(
            parse("{{#fold a.rs}}"),
            Err(Error::NoTitle { .. })
        ));
        assert!(matches!(
            parse("{{#fold a.rs title}}"),
            Err(Error::Rest { .. })
        ));
        assert!(matches!(
            parse("{{#weave a.rs \"title\"}}"),
            Err(Error::Rest { .. })
        ));
    }

    #[test]
    fn a_directive_in_code_is_only_text_and_one_inside_a_sentence_is_an_error() {
        let page = Page::new(
            "a.md",
            "```text\n{{#weave a.rs}}\n```\n\nwrite `{{#weave a.rs}}` so\n\nand {{#weave a.rs}} not\n\n  {{#weave b.rs}}\n",
        );
        let (placed, problems) = find(&page);
        assert_eq!(placed.len(), 1);
        assert_eq!(placed[0].indentation, "  ");
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].line, Some(7));
    }
}

//! The rule of the blocks: a fenced block is woven from a source, or says why it is not.
//!
//! ````text
//! ```console,exempt=real-run-2026-11-23
//! ````
//!
//! Typed-in code rots; woven code cannot. The reason after `exempt=` is for the author and the reviewer and is taken
//! out of the finished page. Blocks by indentation have no place for a reason and are not allowed.

use pulldown_cmark::{CodeBlockKind, Event, Tag};

use crate::edit::Edit;
use crate::page::{Page, Problem};

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    #[error(
        "this block is not woven and does not say why; weave it ({{{{#weave path:anchor}}}}), or give its reason: ```{language},exempt=reason-with-dashes"
    )]
    NoReason { language: String },
    #[error("`exempt=` without a reason; write one with dashes: exempt=real-run-2026-11-23")]
    EmptyReason,
    #[error(
        "a code block by indentation cannot say why it is not woven; put ``` lines around it, or indent less."
    )]
    Indented,
}

/// Checks every block of the page, and takes the reasons out.
pub fn weave(page: &Page) -> (Vec<Edit>, Vec<Problem>) {
    let mut edits = Vec::new();
    let mut problems = Vec::new();
    for (event, range) in page.events() {
        let Event::Start(Tag::CodeBlock(kind)) = event else {
            continue;
        };
        let CodeBlockKind::Fenced(info) = kind else {
            problems.push(page.problem(range.start, Error::Indented));
            continue;
        };
        match reason(&info) {
            Ok(without) => {
                // The info string's own place in the page: after the fence, in the block's first line.
                let line = page.text[range.clone()].lines().next().unwrap_or("");
                if let Some(column) = line.find(info.as_ref()) {
                    let start = range.start + column;
                    edits.push(Edit::new(start..start + info.len(), without));
                }
            }
            Err(error) => problems.push(page.problem(range.start, error)),
        }
    }
    (edits, problems)
}

/// The info string without its reason.
fn reason(info: &str) -> Result<String, Error> {
    let words: Vec<&str> = info
        .split([',', ' '])
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .collect();
    let given = words.iter().find_map(|word| word.strip_prefix("exempt"));
    match given.map(|rest| rest.trim_start_matches('=')) {
        None => Err(Error::NoReason {
            language: words.first().copied().unwrap_or("text").to_string(),
        }),
        Some("") => Err(Error::EmptyReason),
        Some(_) => {
            let kept: Vec<&str> = words
                .into_iter()
                .filter(|word| !word.starts_with("exempt"))
                .collect();
            Ok(kept.join(","))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::apply;

    #[test]
    fn a_block_without_a_reason_is_a_problem() {
        let page = Page::new("a.md", "text\n\n```rust\nfn f() {}\n```\n");
        let (_, problems) = weave(&page);
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].line, Some(3));
        assert!(
            problems[0].message.contains("```rust,exempt="),
            "{}",
            problems[0].message
        );
    }

    #[test]
    fn the_reason_is_taken_out() {
        let text = "```console,exempt=real-run-2026-11-23\n$ ls\n```\n\n- item\n  ```text exempt=picture\n  x\n  ```\n";
        let page = Page::new("a.md", text);
        let (edits, problems) = weave(&page);
        assert_eq!(problems, []);
        assert_eq!(
            apply(text, edits),
            "```console\n$ ls\n```\n\n- item\n  ```text\n  x\n  ```\n"
        );
    }

    #[test]
    fn an_empty_reason_and_an_indented_block_are_problems() {
        let (_, problems) = weave(&Page::new("a.md", "```rust,exempt=\nx\n```\n"));
        assert!(problems[0].message.contains("without a reason"));
        let (_, problems) = weave(&Page::new("a.md", "text\n\n    indented\n"));
        assert!(problems[0].message.contains("by indentation"));
    }
}

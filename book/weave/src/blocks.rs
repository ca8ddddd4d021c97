//! The rule of the blocks: a fenced block is woven from a source, compiled, run, or says why it is none of these.
//!
//! ````text
//! ```rust,test                              the body of a test of the chapter's crate: compiled and run
//! ```rust,compile                           the same, compiled and not run
//! ```console,run                            commands after `$ `, run; what they print is compared
//! ```console,run=timings+paths              the same, but any time and any absolute path will do
//! ```console,exempt=output-differs-by-machine
//! ````
//!
//! Typed-in code rots; code that a machine looks at cannot. What stands after the language is for the author and the
//! machine and is taken out of the finished page. Blocks by indentation have no place for it and are not allowed.
//! `snippets` gathers what is compiled, `console` reads what is run.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Tag, TagEnd};

use crate::edit::Edit;
use crate::page::{Page, Problem};

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    #[error(
        "this block is not woven and does not say why; weave it ({{{{#weave path:anchor}}}}), have it compiled (```rust,test) or run (```console,run), or give a reason: ```{language},exempt=reason-with-dashes"
    )]
    NoReason { language: String },
    #[error("`exempt=` without a reason; write one with dashes: exempt=output-differs-by-machine")]
    EmptyReason,
    #[error(
        "a code block by indentation cannot say why it is not woven; put ``` lines around it, or indent less."
    )]
    Indented,
    #[error("`{word}` is for ```{wanted} blocks, and this one is ```{language}.")]
    Language {
        word: &'static str,
        wanted: &'static str,
        language: String,
    },
    #[error("`run={word}`: there are timings, paths and fails, joined by `+`.")]
    UnknownFreedom { word: String },
    #[error("this block says both `{first}` and `{second}`; keep one of them.")]
    Two { first: String, second: String },
}

/// What a run's output may differ in from what the page shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Freedom {
    /// Numbers before a unit of time, and before a rate (`tokens/s`).
    pub timings: bool,
    /// Absolute paths.
    pub paths: bool,
    /// The last command is expected to fail.
    pub fails: bool,
}

/// What is done about a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Compiled and run as a test.
    Test,
    /// Compiled only.
    Compile,
    /// Its commands are run and what they print is compared.
    Run(Freedom),
    /// Nothing, for this reason.
    Exempt(String),
}

/// A fenced block of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    pub kind: Kind,
    /// The lines inside, without the indentation of a list item.
    pub text: String,
    /// The line of the page with the opening fence, from 1.
    pub line: usize,
    /// The bytes of the lines inside, as they stand in the page.
    pub inside: Range<usize>,
}

/// All blocks of the page; what has to be taken out of their first lines; what is wrong with the rest.
pub fn find(page: &Page) -> (Vec<Block>, Vec<Edit>, Vec<Problem>) {
    let (mut blocks, mut edits, mut problems) = (Vec::new(), Vec::new(), Vec::new());
    let mut open: Option<Block> = None;
    for (event, range) in page.events() {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)) => {
                problems.push(page.problem(range.start, Error::Indented));
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => match read(&info) {
                Ok((kind, shown)) => {
                    // The info string's own place in the page: after the fence, in the block's first line.
                    let line = page.text[range.clone()].lines().next().unwrap_or("");
                    if let Some(column) = line.find(info.as_ref()) {
                        let start = range.start + column;
                        edits.push(Edit::new(start..start + info.len(), shown));
                    }
                    open = Some(Block {
                        kind,
                        text: String::new(),
                        line: page.line_of(range.start),
                        inside: inside(page, &range),
                    });
                }
                Err(error) => problems.push(page.problem(range.start, error)),
            },
            Event::Text(text) => {
                if let Some(block) = &mut open {
                    block.text.push_str(&text);
                }
            }
            Event::End(TagEnd::CodeBlock) => blocks.extend(open.take()),
            _ => {}
        }
    }
    (blocks, edits, problems)
}

/// The bytes between the two fences.
fn inside(page: &Page, block: &Range<usize>) -> Range<usize> {
    let text = page.text[block.clone()].trim_end();
    let start = text.find('\n').map_or(text.len(), |newline| newline + 1);
    let end = text.rfind('\n').map_or(start, |newline| newline + 1);
    block.start + start..block.start + end.max(start)
}

/// What an info string asks for, and what is left of it for the reader's page.
fn read(info: &str) -> Result<(Kind, String), Error> {
    let words: Vec<&str> = info
        .split([',', ' '])
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .collect();
    let language = words.first().copied().unwrap_or("text").to_string();
    let mut found: Option<(Kind, &str)> = None;
    let mut kept = Vec::new();
    for word in &words {
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        let kind = match key {
            "exempt" if value.is_empty() => return Err(Error::EmptyReason),
            "exempt" => Kind::Exempt(value.to_string()),
            "test" => for_language("test", "rust", &language).map(|()| Kind::Test)?,
            "compile" => for_language("compile", "rust", &language).map(|()| Kind::Compile)?,
            "run" => {
                for_language("run", "console", &language)?;
                Kind::Run(freedom(value)?)
            }
            _ => {
                kept.push(*word);
                continue;
            }
        };
        if let Some((_, first)) = &found {
            return Err(Error::Two {
                first: first.to_string(),
                second: word.to_string(),
            });
        }
        found = Some((kind, word));
    }
    match found {
        Some((kind, _)) => Ok((kind, kept.join(","))),
        None => Err(Error::NoReason { language }),
    }
}

fn for_language(word: &'static str, wanted: &'static str, language: &str) -> Result<(), Error> {
    match language == wanted {
        true => Ok(()),
        false => Err(Error::Language {
            word,
            wanted,
            language: language.to_string(),
        }),
    }
}

fn freedom(value: &str) -> Result<Freedom, Error> {
    let mut freedom = Freedom::default();
    for word in value.split('+').filter(|word| !word.is_empty()) {
        match word {
            "timings" => freedom.timings = true,
            "paths" => freedom.paths = true,
            "fails" => freedom.fails = true,
            _ => {
                return Err(Error::UnknownFreedom {
                    word: word.to_string(),
                });
            }
        }
    }
    Ok(freedom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::apply;

    #[test]
    fn a_block_without_a_reason_is_a_problem() {
        let page = Page::new("a.md", "text\n\n```rust\nfn f() {}\n```\n");
        let (_, _, problems) = find(&page);
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].line, Some(3));
        assert!(
            problems[0].message.contains("```rust,exempt="),
            "{}",
            problems[0].message
        );
    }

    #[test]
    fn what_is_for_the_author_is_taken_out() {
        let text = "```console,exempt=a-reason\n$ ls\n```\n\n- item\n  ```text exempt=picture\n  x\n  ```\n\n```rust,test\nlet x = 1;\n```\n";
        let page = Page::new("a.md", text);
        let (blocks, edits, problems) = find(&page);
        assert_eq!(problems, []);
        assert_eq!(
            apply(text, edits),
            "```console\n$ ls\n```\n\n- item\n  ```text\n  x\n  ```\n\n```rust\nlet x = 1;\n```\n"
        );
        let kinds: Vec<&Kind> = blocks.iter().map(|block| &block.kind).collect();
        assert_eq!(
            kinds,
            [
                &Kind::Exempt("a-reason".into()),
                &Kind::Exempt("picture".into()),
                &Kind::Test
            ]
        );
        assert_eq!(blocks[1].text, "x\n", "without the list item's indentation");
        assert_eq!(&text[blocks[1].inside.clone()], "  x\n");
        assert_eq!(blocks[2].line, 10);
    }

    #[test]
    fn a_run_names_its_freedoms() {
        let page = Page::new("a.md", "```console,run=timings+paths\n$ ls\n```\n");
        let wanted = Freedom {
            timings: true,
            paths: true,
            fails: false,
        };
        assert_eq!(find(&page).0[0].kind, Kind::Run(wanted));
        for (info, said) in [
            ("console,run=tmings", "there are timings, paths and fails"),
            ("rust,run", "`run` is for ```console blocks"),
            ("python,test", "`test` is for ```rust blocks"),
            ("rust,test,compile", "both `test` and `compile`"),
            ("rust,exempt=", "without a reason"),
        ] {
            let (_, _, problems) = find(&Page::new("a.md", &format!("```{info}\nx\n```\n")));
            assert!(problems[0].message.contains(said), "{problems:?}");
        }
    }

    #[test]
    fn an_empty_block_and_an_indented_one() {
        let page = Page::new(
            "a.md",
            "```text,exempt=empty\n```\n\ntext\n\n    indented\n",
        );
        let (blocks, _, problems) = find(&page);
        assert_eq!(blocks[0].inside, 21..21);
        assert!(problems[0].message.contains("by indentation"));
    }
}

//! A page as its author wrote it, and the problems found in it.
//!
//! Offsets are bytes into the page's text; lines are counted from 1, as editors and compilers count them.

use std::fmt;
use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// One Markdown file of the book.
pub struct Page {
    /// Where it lies, relative to `book/src`, with `/` between the parts.
    pub path: String,
    pub text: String,
    /// Byte ranges in which `$` and `{{` are just characters: code blocks, code spans, scripts, comments.
    verbatim: Vec<Range<usize>>,
}

/// Something that the author of a page has to mend.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The page (`01-tokenizer.md`) or another file of the book (`theme/nanocrab.css`).
    pub page: String,
    pub line: Option<usize>,
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.page, self.message),
            None => write!(f, "{}: {}", self.page, self.message),
        }
    }
}

impl Page {
    pub fn new(path: &str, text: &str) -> Page {
        Page {
            path: path.to_string(),
            text: text.to_string(),
            verbatim: verbatim(text),
        }
    }

    /// The page's Markdown events with their byte ranges, read with the options that mdBook uses (but for the smart
    /// punctuation, which only changes characters).
    pub fn events(&self) -> impl Iterator<Item = (Event<'_>, Range<usize>)> {
        parse(&self.text)
    }

    /// The end of the verbatim range that holds this byte, if there is one.
    pub fn verbatim_end(&self, offset: usize) -> Option<usize> {
        self.verbatim
            .iter()
            .find(|range| range.contains(&offset))
            .map(|range| range.end)
    }

    pub fn line_of(&self, offset: usize) -> usize {
        1 + self.text[..offset].matches('\n').count()
    }

    /// The line that holds this byte, without the spaces around it.
    pub fn line_text(&self, offset: usize) -> &str {
        let start = self.text[..offset]
            .rfind('\n')
            .map_or(0, |newline| newline + 1);
        self.text[start..].lines().next().unwrap_or("").trim()
    }

    pub fn problem(&self, offset: usize, message: impl fmt::Display) -> Problem {
        Problem {
            page: self.path.clone(),
            line: Some(self.line_of(offset)),
            message: message.to_string(),
        }
    }

    /// A line of the page that holds `needle`: how a problem seen in the finished HTML finds its way back.
    pub fn line_with(&self, needle: &str) -> Option<usize> {
        self.text
            .lines()
            .position(|line| line.contains(needle))
            .map(|index| index + 1)
    }
}

fn parse(text: &str) -> impl Iterator<Item = (Event<'_>, Range<usize>)> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_DEFINITION_LIST
        | Options::ENABLE_GFM;
    Parser::new_ext(text, options).into_offset_iter()
}

/// Code blocks, code spans, and raw HTML in which text is not prose.
fn verbatim(text: &str) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    for (event, range) in parse(text) {
        match event {
            Event::Start(Tag::CodeBlock(_)) | Event::Code(_) | Event::InlineHtml(_) => {
                ranges.push(range)
            }
            Event::Start(Tag::HtmlBlock) => {
                let html = &text[range.clone()];
                if ["<script", "<style", "<pre", "<svg", "<!--"]
                    .iter()
                    .any(|tag| html.contains(tag))
                {
                    ranges.push(range);
                }
            }
            _ => {}
        }
    }
    ranges
}

/// A heading of a page.
pub struct Heading {
    pub level: u8,
    pub text: String,
    pub range: Range<usize>,
}

impl Page {
    pub fn headings(&self) -> Vec<Heading> {
        let mut headings = Vec::new();
        let mut open: Option<Heading> = None;
        for (event, range) in self.events() {
            match event {
                Event::Start(Tag::Heading { level, .. }) => {
                    open = Some(Heading {
                        level: level as u8,
                        text: String::new(),
                        range,
                    });
                }
                Event::Text(text) | Event::Code(text) => {
                    if let Some(heading) = &mut open {
                        heading.text.push_str(&text);
                    }
                }
                Event::End(TagEnd::Heading(_)) => headings.extend(open.take()),
                _ => {}
            }
        }
        headings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_from_one() {
        let page = Page::new("a.md", "one\ntwo\nthree\n");
        assert_eq!(page.line_of(0), 1);
        assert_eq!(page.line_of(page.text.find("three").unwrap()), 3);
    }

    #[test]
    fn code_and_scripts_are_verbatim_and_prose_is_not() {
        let text = "prose `code` prose\n\n```text\nblock\n```\n\n<script>\nlet x = 1;\n</script>\n\n<details>\nfolded\n</details>\n";
        let page = Page::new("a.md", text);
        let inside = |word: &str| page.verbatim_end(text.find(word).unwrap()).is_some();
        assert!(inside("code"));
        assert!(inside("block"));
        assert!(inside("let x"));
        assert!(!inside("prose"));
        assert!(!inside("folded"));
    }

    #[test]
    fn headings_keep_their_code_words() {
        let page = Page::new("a.md", "# The `Kernels` seam\n\ntext\n\n## Run it\n");
        let headings = page.headings();
        assert_eq!(headings[0].text, "The Kernels seam");
        assert_eq!(
            (headings[1].level, headings[1].text.as_str()),
            (2, "Run it")
        );
    }
}

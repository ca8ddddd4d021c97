//! Minutes: how long a page takes to read, declared by its author and checked against what is on it.
//!
//! The reckoning is coarse, and so is what it allows. A reader of technical prose manages about 180 words in a minute
//! and needs some seconds for a line of code that is shown; what is folded is skimmed by most. Whoever declares less
//! than half or more than twice the reckoned time has not counted since the page has grown.

use pulldown_cmark::{Event, Tag, TagEnd};

use crate::page::{Page, Problem};

const WORDS_PER_MINUTE: f64 = 180.0;
const LINES_PER_MINUTE: f64 = 30.0;
const FOLDED_LINES_PER_MINUTE: f64 = 200.0;
const MINUTES_PER_FIGURE: f64 = 1.0;
const MINUTES_PER_DISPLAYED_FORMULA: f64 = 0.5;

/// What there is to read on a page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reading {
    /// Words of the text, tables and headings included, code and formulas not.
    pub words: usize,
    /// Lines of code and of output that stand open.
    pub lines: usize,
    /// Lines of code that are folded away.
    pub folded: usize,
    pub figures: usize,
    pub formulas: usize,
}

impl Reading {
    /// What the page itself says; the lines that directives put in are added by the weaver.
    pub fn of(page: &Page) -> Reading {
        let mut reading = Reading::default();
        let (mut in_code, mut in_picture) = (false, false);
        for (event, range) in page.events() {
            match event {
                // A directive is no text; what it puts in is counted where it is put in.
                Event::Text(_) if page.line_text(range.start).starts_with("{{#") => {}
                Event::Start(Tag::CodeBlock(_)) => in_code = true,
                Event::End(TagEnd::CodeBlock) => in_code = false,
                Event::Start(Tag::Image { .. }) => {
                    in_picture = true;
                    reading.figures += 1;
                }
                Event::End(TagEnd::Image) => in_picture = false,
                Event::Text(text) if in_code => reading.lines += text.matches('\n').count(),
                Event::Text(text) if !in_picture => {
                    reading.words += words(&text);
                    reading.formulas += text.matches("$$").count();
                }
                Event::Code(_) => reading.words += 1,
                _ => {}
            }
        }
        // Each displayed formula has two marks.
        reading.formulas /= 2;
        reading
    }

    /// Reckoned minutes, at least one.
    pub fn minutes(&self) -> u32 {
        let minutes = self.words as f64 / WORDS_PER_MINUTE
            + self.lines as f64 / LINES_PER_MINUTE
            + self.folded as f64 / FOLDED_LINES_PER_MINUTE
            + self.figures as f64 * MINUTES_PER_FIGURE
            + self.formulas as f64 * MINUTES_PER_DISPLAYED_FORMULA;
        (minutes.round() as u32).max(1)
    }

    /// A problem if the declared minutes are far from the reckoned ones. On short pages three minutes are nothing.
    pub fn check(&self, page: &str, declared: u32) -> Option<Problem> {
        let reckoned = self.minutes();
        let (least, most) = ((reckoned / 2).max(1), 2 * reckoned);
        let is_near = declared.abs_diff(reckoned) <= 3;
        if is_near || (least..=most).contains(&declared) {
            return None;
        }
        Some(Problem {
            page: page.to_string(),
            line: Some(1),
            message: format!(
                "`minutes: {declared}` is far from the about {reckoned} that {} words, {} lines of code, {} folded ones, {} figures and {} displayed formulas take; say something between {least} and {most}.",
                self.words, self.lines, self.folded, self.figures, self.formulas
            ),
        })
    }
}

/// Words are what has a letter or a digit in it.
fn words(text: &str) -> usize {
    text.split_whitespace()
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lines_figures_and_formulas_are_counted() {
        let page = Page::new(
            "a.md",
            "# Two words\n\nThree `more` here – yes.\n\n{{#weave a.rs}}\n\n$$x$$\n\n![no words](a.svg)\n\n```text\none\ntwo\n```\n",
        );
        let reading = Reading::of(&page);
        let expected = Reading {
            words: 7, // "x" is one of them: a formula is read, too
            lines: 2,
            folded: 0,
            figures: 1,
            formulas: 1,
        };
        assert_eq!(reading, expected);
        assert_eq!(reading.minutes(), 2);
    }

    #[test]
    fn declared_minutes_far_from_the_text_are_a_problem() {
        let reading = Reading {
            words: 3600,
            lines: 300,
            ..Reading::default()
        };
        assert_eq!(reading.minutes(), 30);
        for declared in [15, 30, 60] {
            assert_eq!(reading.check("a.md", declared), None, "{declared}");
        }
        for declared in [5, 14, 61, 90] {
            let problem = reading.check("a.md", declared).unwrap();
            assert!(problem.message.contains("between 15 and 60"), "{problem}");
        }
        let short = Reading::default();
        assert_eq!(short.check("a.md", 4), None);
        assert!(short.check("a.md", 5).is_some());
    }
}

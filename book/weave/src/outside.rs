//! Links that lead out of the book, checked without a network against a list that is committed.
//!
//! `book/links.txt` has a line for each: the date when somebody last saw the page there, or that nobody has looked:
//!
//! ```text
//! 2026-11-23   https://arxiv.org/abs/1706.03762
//! not checked  https://arxiv.org/abs/1910.07467
//! ```
//!
//! A link that is not in the list fails the build, and so does an entry that no page uses: the list is what the book
//! relies on, no more and no less. `weave links` adds and removes; `weave links --look` goes out, with `curl`, and
//! writes the date beside what answered.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};

use pulldown_cmark::{Event, Tag};

use crate::html::start_tags;
use crate::page::{Page, Problem};
use crate::transcript::is_date;

/// From the book's folder.
pub const FILE: &str = "links.txt";

const HEAD: &str = "# Links that lead out of the book, and when each was last seen. `cargo course book links` writes this.\n";
const NOT_CHECKED: &str = "not checked";

/// A link out of the book: its address and the line of the page.
pub type Outside = (String, usize);

/// The addresses in a page's text that are on the web. This machine's own (`127.0.0.1`) are no part of it.
pub fn find(page: &Page) -> Vec<Outside> {
    let mut found = Vec::new();
    for (event, range) in page.events() {
        let line = page.line_of(range.start);
        match event {
            Event::Start(Tag::Link { dest_url, .. }) => found.push((dest_url.to_string(), line)),
            Event::Html(html) | Event::InlineHtml(html) => {
                let tags = start_tags(&html);
                let targets = tags.iter().filter_map(|tag| tag.attribute("href"));
                found.extend(targets.map(|target| (target.to_string(), line)));
            }
            _ => {}
        }
    }
    found.retain(|(target, _)| {
        let host = target
            .strip_prefix("https://")
            .or_else(|| target.strip_prefix("http://"));
        host.is_some_and(|host| !host.starts_with("127.0.0.1") && !host.starts_with("localhost"))
    });
    found
}

/// The list: address -> date, if anybody has looked.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Seen {
    links: BTreeMap<String, Option<String>>,
}

impl Seen {
    pub fn parse(text: &str) -> (Seen, Vec<Problem>) {
        let (mut seen, mut problems) = (Seen::default(), Vec::new());
        for (index, line) in text.lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let (date, link) = match line.strip_prefix(NOT_CHECKED) {
                Some(link) => (None, link.trim()),
                None => {
                    let (date, link) = line.split_once(' ').unwrap_or((line, ""));
                    (Some(date.to_string()), link.trim())
                }
            };
            if link.is_empty() || date.as_ref().is_some_and(|date| !is_date(date)) {
                problems.push(Problem {
                    page: format!("book/{FILE}"),
                    line: Some(index + 1),
                    message: "is neither `2026-11-23 ADDRESS` nor `not checked ADDRESS`.".into(),
                });
                continue;
            }
            seen.links.insert(link.to_string(), date);
        }
        (seen, problems)
    }

    pub fn text(&self) -> String {
        let mut text = HEAD.to_string();
        for (link, date) in &self.links {
            let date = date.as_deref().unwrap_or(NOT_CHECKED);
            text.push_str(&format!("{date:<11}  {link}\n"));
        }
        text
    }

    /// What the list lacks, and what it has that no page uses.
    pub fn check(&self, pages: &[(String, Vec<Outside>)]) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (page, links) in pages {
            for (link, line) in links {
                if !self.links.contains_key(link) {
                    problems.push(Problem {
                        page: page.clone(),
                        line: Some(*line),
                        message: format!(
                            "{link} is not in book/{FILE}; `cargo course book links` adds it."
                        ),
                    });
                }
            }
        }
        let used = used(pages);
        for link in self.links.keys().filter(|link| !used.contains(*link)) {
            problems.push(Problem {
                page: format!("book/{FILE}"),
                line: None,
                message: format!("no page links to {link}; `cargo course book links` removes it."),
            });
        }
        problems
    }

    /// Makes the list hold what the pages use.
    pub fn update(&mut self, pages: &[(String, Vec<Outside>)]) {
        let used = used(pages);
        self.links.retain(|link, _| used.contains(link));
        for link in used {
            self.links.entry(link).or_default();
        }
    }

    /// Asks for every link; those that do not answer are returned, and keep the date that they had.
    pub fn look(&mut self, today: &str, answers: impl Fn(&str) -> bool) -> Vec<String> {
        let mut silent = Vec::new();
        for (link, date) in &mut self.links {
            match answers(link) {
                true => *date = Some(today.to_string()),
                false => silent.push(link.clone()),
            }
        }
        silent
    }

    /// "58 links out of the book, 12 of them never checked".
    pub fn in_words(&self) -> String {
        let never = self.links.values().filter(|date| date.is_none()).count();
        format!(
            "{} links out of the book, {never} of them never checked",
            self.links.len()
        )
    }
}

fn used(pages: &[(String, Vec<Outside>)]) -> BTreeSet<String> {
    let links = pages.iter().flat_map(|(_, links)| links);
    links.map(|(link, _)| link.clone()).collect()
}

/// Whether an address answers, asked with curl.
pub fn answers(link: &str) -> bool {
    let status = Command::new("curl")
        .args([
            "--silent",
            "--fail",
            "--location",
            "--max-time",
            "20",
            "--output",
            "/dev/null",
        ])
        .arg(link)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_on_the_web_are_found_with_their_lines() {
        let page = Page::new(
            "a.md",
            "[a](https://example.org/a) <https://example.org/b>\n\n<a href=\"http://example.org/c\">c</a> [d](b.md) [e](http://127.0.0.1:8000/)\n\n`https://example.org/code`\n",
        );
        let found: Vec<String> = find(&page)
            .iter()
            .map(|(link, line)| format!("{line} {link}"))
            .collect();
        assert_eq!(
            found,
            [
                "1 https://example.org/a",
                "1 https://example.org/b",
                "3 http://example.org/c"
            ]
        );
    }

    #[test]
    fn the_list_holds_what_the_pages_use_and_nothing_else() {
        let (mut seen, problems) = Seen::parse(
            "# head\n2026-11-23   https://a.example\nnot checked  https://b.example\nnever https://c.example\n",
        );
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].line, Some(4));
        let pages = [(
            "a.md".to_string(),
            vec![
                ("https://a.example".to_string(), 3),
                ("https://new.example".to_string(), 4),
            ],
        )];
        let problems = seen.check(&pages);
        assert_eq!(problems.len(), 2);
        assert!(
            problems[0]
                .to_string()
                .starts_with("a.md:4: https://new.example is not in")
        );
        assert!(
            problems[1]
                .message
                .starts_with("no page links to https://b.example")
        );

        seen.update(&pages);
        assert_eq!(seen.check(&pages), []);
        assert_eq!(Seen::parse(&seen.text()).0, seen);
        assert_eq!(
            seen.in_words(),
            "2 links out of the book, 1 of them never checked"
        );
        let silent = seen.look("2026-11-24", |link| link.contains("new"));
        assert_eq!(silent, ["https://a.example"]);
        assert!(seen.text().contains("2026-11-24   https://new.example"));
        assert!(seen.text().contains("2026-11-23   https://a.example"));
    }
}

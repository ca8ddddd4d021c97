//! A page's front line: what the book knows about the page, in a comment that is its first line.
//!
//! ```text
//! <!-- minutes: 45; status: draft; crate: chapters/01-tokenizer -->
//! ```
//!
//! `minutes` is how long an attentive reader takes, `status` is `draft` or `finished` (what the book then promises:
//! see `spine` and `coverage`), and `crate` the chapter's crate, if the page is about one.

use crate::edit::Edit;
use crate::html::escape;
use crate::page::{Page, Problem};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Draft,
    Finished,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Front {
    pub minutes: u32,
    pub status: Status,
    /// Folder of the chapter's crate, from the repository's root.
    pub crate_folder: Option<String>,
}

const FORM: &str = "<!-- minutes: 45; status: draft; crate: chapters/01-tokenizer -->";

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    #[error(
        "the first line has to say how long the page takes: {FORM} (`crate` only if the page is about one)"
    )]
    Missing,
    #[error("the front line does not say `{key}`; its form is {FORM}")]
    NoKey { key: &'static str },
    #[error("the front line's `minutes: {value}` is not a whole number of at least 1.")]
    Minutes { value: String },
    #[error("the front line's `status: {value}` is neither draft nor finished.")]
    Status { value: String },
    #[error(
        "the front line has `{key}`, which means nothing here; there are minutes, status and crate."
    )]
    UnknownKey { key: String },
}

/// Reads the front line of a page.
pub fn parse(text: &str) -> Result<Front, Error> {
    let line = text.lines().next().unwrap_or("").trim();
    let inside = line
        .strip_prefix("<!--")
        .and_then(|rest| rest.strip_suffix("-->"))
        .ok_or(Error::Missing)?;
    let (mut minutes, mut status, mut crate_folder) = (None, None, None);
    for field in inside
        .split(';')
        .map(str::trim)
        .filter(|field| !field.is_empty())
    {
        let (key, value) = field.split_once(':').unwrap_or((field, ""));
        let value = value.trim();
        match key.trim() {
            "minutes" => match value.parse::<u32>() {
                Ok(number) if number >= 1 => minutes = Some(number),
                _ => {
                    return Err(Error::Minutes {
                        value: value.to_string(),
                    });
                }
            },
            "status" => {
                status = Some(match value {
                    "draft" => Status::Draft,
                    "finished" => Status::Finished,
                    _ => {
                        return Err(Error::Status {
                            value: value.to_string(),
                        });
                    }
                });
            }
            "crate" => crate_folder = Some(value.trim_end_matches('/').to_string()),
            other => {
                return Err(Error::UnknownKey {
                    key: other.to_string(),
                });
            }
        }
    }
    Ok(Front {
        minutes: minutes.ok_or(Error::NoKey { key: "minutes" })?,
        status: status.ok_or(Error::NoKey { key: "status" })?,
        crate_folder,
    })
}

/// Takes the front line out of the page and puts what it says under the page's title.
pub fn weave(page: &Page, front: &Front, source_url: &str) -> (Vec<Edit>, Vec<Problem>) {
    let line_end = page
        .text
        .find('\n')
        .map_or(page.text.len(), |newline| newline + 1);
    let mut edits = vec![Edit::new(0..line_end, "")];
    let mut problems = Vec::new();
    match page
        .headings()
        .into_iter()
        .find(|heading| heading.level == 1)
    {
        Some(title) => {
            let end = title.range.end;
            edits.push(Edit::new(
                end..end,
                format!("\n\n{}\n\n", head(front, source_url)),
            ));
        }
        None => {
            problems.push(page.problem(0, "the page has no title; begin it with a line `# Title`."))
        }
    }
    (edits, problems)
}

/// The line under the title, in HTML.
fn head(front: &Front, source_url: &str) -> String {
    let mut html = format!(
        "<p class=\"page-head\"><span class=\"minutes\">{}</span>",
        duration(front.minutes)
    );
    if front.status == Status::Draft {
        html.push_str(" <span class=\"badge\">draft</span>");
    }
    if let Some(folder) = &front.crate_folder {
        let folder = escape(folder);
        // GitHub shows a file under /blob/ and a folder under /tree/.
        let url = source_url.replace("/blob/", "/tree/");
        html.push_str(&format!(
            " <a href=\"{url}/{folder}\"><code>{folder}</code></a>"
        ));
    }
    html.push_str("</p>");
    html
}

/// "45 minutes", "1 hour", "2 hours 5 minutes".
pub fn duration(minutes: u32) -> String {
    let count = |number: u32, unit: &str| match number {
        0 => String::new(),
        1 => format!("1 {unit}"),
        _ => format!("{number} {unit}s"),
    };
    let (hours, rest) = (minutes / 60, minutes % 60);
    format!("{} {}", count(hours, "hour"), count(rest, "minute"))
        .trim()
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_line_is_read() {
        let front =
            parse("<!-- minutes: 45; status: draft; crate: chapters/01-tokenizer -->\n# T\n")
                .unwrap();
        assert_eq!(
            front,
            Front {
                minutes: 45,
                status: Status::Draft,
                crate_folder: Some("chapters/01-tokenizer".into())
            }
        );
        assert_eq!(
            parse("<!-- minutes: 3; status: finished -->")
                .unwrap()
                .crate_folder,
            None
        );
    }

    #[test]
    fn a_page_without_minutes_is_an_error() {
        assert_eq!(parse("# Title\n"), Err(Error::Missing));
        assert_eq!(
            parse("<!-- status: draft -->"),
            Err(Error::NoKey { key: "minutes" })
        );
        assert!(matches!(
            parse("<!-- minutes: 0; status: draft -->"),
            Err(Error::Minutes { .. })
        ));
        assert!(matches!(
            parse("<!-- minutes: 5; status: done -->"),
            Err(Error::Status { .. })
        ));
        assert!(matches!(
            parse("<!-- minutes: 5; status: draft; words: 3 -->"),
            Err(Error::UnknownKey { .. })
        ));
    }

    #[test]
    fn the_head_stands_under_the_title() {
        let page = Page::new(
            "a.md",
            "<!-- minutes: 61; status: draft -->\n# Title\n\nText.\n",
        );
        let (edits, problems) = weave(&page, &parse(&page.text).unwrap(), "https://example.org");
        assert_eq!(problems, []);
        let woven = crate::edit::apply(&page.text, edits);
        assert!(woven.starts_with("# Title\n"), "{woven}");
        assert!(woven.contains("1 hour 1 minute"), "{woven}");
        assert!(woven.contains(">draft<"), "{woven}");
    }

    #[test]
    fn durations_read_like_speech() {
        assert_eq!(duration(1), "1 minute");
        assert_eq!(duration(60), "1 hour");
        assert_eq!(duration(125), "2 hours 5 minutes");
    }
}

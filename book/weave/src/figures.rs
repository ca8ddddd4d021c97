//! Figures: every picture has an alternative text, and SVG goes into the page itself.
//!
//! An SVG behind `<img>` cannot see the page's colours: on a dark page black lines stay black. Put into the page it
//! inherits `currentColor` and the theme's variables, and it is still one file in `book/src/figures`, named in the
//! Markdown as any picture is:
//!
//! ```text
//! ![What the picture shows, in words](figures/map.svg "The caption under it")
//! ```

use std::fs;
use std::ops::Range;
use std::path::Path;

use pulldown_cmark::{Event, Tag, TagEnd};

use crate::edit::Edit;
use crate::html::{escape, start_tags};
use crate::page::{Page, Problem};

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    #[error(
        "the picture {target} has no alternative text; say between the brackets what it shows."
    )]
    NoAlternative { target: String },
    #[error("there is no picture {target} (paths are relative to the page).")]
    NoFile { target: String },
    #[error(
        "the picture {target} is on the network; the book is read offline, so put the file into book/src/figures."
    )]
    Network { target: String },
    #[error("{target} is not an SVG file: it has no <svg> element.")]
    NotSvg { target: String },
}

/// A picture in the page's Markdown.
struct Picture {
    target: String,
    caption: String,
    alternative: String,
    range: Range<usize>,
    /// It is all that its paragraph holds.
    alone: bool,
}

/// Checks the page's pictures and puts the SVG ones, where they stand alone, into the page.
pub fn weave(page: &Page, source_folder: &Path) -> (Vec<Edit>, Vec<Problem>) {
    let mut edits = Vec::new();
    let mut problems = html_pictures(page);
    let folder = source_folder
        .join(&page.path)
        .parent()
        .map(Path::to_path_buf)
        .unwrap_or_default();
    for picture in pictures(page) {
        match figure(&picture, &folder) {
            Ok(Some(html)) => edits.push(Edit::new(picture.range, html)),
            Ok(None) => {}
            Err(error) => problems.push(page.problem(picture.range.start, error)),
        }
    }
    (edits, problems)
}

fn pictures(page: &Page) -> Vec<Picture> {
    let mut found: Vec<Picture> = Vec::new();
    let mut paragraph = 0..0;
    let mut open = false;
    for (event, range) in page.events() {
        match event {
            Event::Start(Tag::Paragraph) => paragraph = range,
            Event::Start(Tag::Image {
                dest_url, title, ..
            }) => {
                open = true;
                found.push(Picture {
                    target: dest_url.to_string(),
                    caption: title.to_string(),
                    alternative: String::new(),
                    alone: page.text[paragraph.clone()].trim() == &page.text[range.clone()],
                    range,
                });
            }
            Event::Text(text) | Event::Code(text) if open => {
                if let Some(picture) = found.last_mut() {
                    picture.alternative.push_str(&text);
                }
            }
            Event::SoftBreak if open => {
                if let Some(picture) = found.last_mut() {
                    picture.alternative.push(' ');
                }
            }
            Event::End(TagEnd::Image) => open = false,
            _ => {}
        }
    }
    found
}

/// The HTML to put in the picture's place; none if mdBook's own `<img>` serves.
fn figure(picture: &Picture, folder: &Path) -> Result<Option<String>, Error> {
    let target = picture.target.clone();
    if picture.alternative.trim().is_empty() {
        return Err(Error::NoAlternative { target });
    }
    if target.contains("://") {
        return Err(Error::Network { target });
    }
    let file = folder.join(&target);
    if !file.is_file() {
        return Err(Error::NoFile { target });
    }
    if !target.ends_with(".svg") || !picture.alone {
        return Ok(None);
    }
    let svg = fs::read_to_string(&file).map_err(|_| Error::NoFile {
        target: target.clone(),
    })?;
    let name: String = file
        .file_stem()
        .map(|stem| stem.to_string_lossy().to_string())
        .unwrap_or_default()
        .chars()
        .map(|character| {
            if character.is_ascii_alphanumeric() {
                character
            } else {
                '-'
            }
        })
        .collect();
    let svg = inline(&svg, &format!("figure-{name}"), picture.alternative.trim())
        .ok_or(Error::NotSvg { target })?;
    let caption = match picture.caption.trim() {
        "" => String::new(),
        caption => format!("<figcaption>{}</figcaption>\n", escape(caption)),
    };
    Ok(Some(format!(
        "<figure class=\"picture\">\n{svg}\n{caption}</figure>"
    )))
}

/// The `<svg>` element, fit to stand in a page: named for screen readers, its ids and styles its own, and without
/// empty lines, at which Markdown would end the HTML.
fn inline(svg: &str, name: &str, alternative: &str) -> Option<String> {
    let start = svg.find("<svg")?;
    let end = svg.rfind("</svg>")? + "</svg>".len();
    let mut element = svg[start..end].to_string();
    for id in start_tags(&element)
        .iter()
        .filter_map(|tag| tag.attribute("id").map(str::to_string))
        .collect::<std::collections::BTreeSet<_>>()
    {
        element = element
            .replace(&format!("id=\"{id}\""), &format!("id=\"{name}-{id}\""))
            .replace(&format!("url(#{id})"), &format!("url(#{name}-{id})"))
            .replace(
                &format!("href=\"#{id}\""),
                &format!("href=\"#{name}-{id}\""),
            );
    }
    // A style sheet in an SVG holds for the whole page; nested under the figure's id it keeps to the figure.
    element = element
        .replace("<style>", &format!("<style>#{name} {{"))
        .replace("</style>", "}</style>");
    let root_end = element.find('>')? + 1;
    element.replace_range(..root_end, &root(&element[..root_end], name, alternative)?);
    Some(
        element
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect::<Vec<_>>()
            .join("\n"),
    )
}

/// The start tag of the `<svg>`: what the file says, but named for screen readers, and drawn at most a little larger than
/// the file's own size.
fn root(tag: &str, name: &str, alternative: &str) -> Option<String> {
    const REPLACED: [&str; 7] = [
        "id",
        "role",
        "aria-label",
        "aria-labelledby",
        "xmlns",
        "width",
        "height",
    ];
    let tag = start_tags(tag).into_iter().next()?;
    let mut html = format!(
        "<svg id=\"{name}\" role=\"img\" aria-label=\"{}\"",
        escape(alternative)
    );
    let width = tag.attribute("viewbox").and_then(|numbers| {
        numbers
            .split([' ', ','])
            .filter(|number| !number.is_empty())
            .nth(2)?
            .parse::<f64>()
            .ok()
    });
    let mut style = tag.attribute("style").unwrap_or("").to_string();
    if let Some(width) = width {
        style.push_str(&format!("max-width: {:.0}px;", width * 1.2));
    }
    html.push_str(&format!(" style=\"{}\"", escape(&style)));
    for (key, value) in &tag.attributes {
        if !REPLACED.contains(&key.as_str()) && key != "style" {
            html.push_str(&format!(" {key}=\"{}\"", escape(value)));
        }
    }
    html.push('>');
    Some(html)
}

/// Pictures typed as HTML need an alternative text as well.
fn html_pictures(page: &Page) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (event, range) in page.events() {
        let (Event::Html(html) | Event::InlineHtml(html)) = event else {
            continue;
        };
        for tag in start_tags(&html) {
            let named = |attribute: &str| {
                tag.attribute(attribute)
                    .is_some_and(|text| !text.trim().is_empty())
            };
            let lacking = match tag.name.as_str() {
                "img" => !named("alt"),
                "svg" => {
                    !named("aria-label")
                        && !named("aria-labelledby")
                        && tag.attribute("aria-hidden").is_none()
                }
                _ => false,
            };
            if lacking {
                let target = tag
                    .attribute("src")
                    .unwrap_or("<svg> (aria-label)")
                    .to_string();
                problems.push(page.problem(range.start, Error::NoAlternative { target }));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::apply;

    const SVG: &str = "<?xml version=\"1.0\"?>\n<svg viewBox=\"0 0 10 10\">\n\n<defs><marker id=\"tip\"/></defs>\n<style>.box { fill: none }</style>\n<path marker-end=\"url(#tip)\"/></svg>\n";

    fn folder_with_picture() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("figures")).unwrap();
        fs::write(folder.path().join("figures/map.svg"), SVG).unwrap();
        folder
    }

    #[test]
    fn an_svg_goes_into_the_page_with_its_own_ids_and_styles() {
        let folder = folder_with_picture();
        let text = "before\n\n![A map & more](figures/map.svg \"The map\")\n\nafter\n";
        let (edits, problems) = weave(&Page::new("a.md", text), folder.path());
        assert_eq!(problems, []);
        let woven = apply(text, edits);
        assert!(
            woven.contains(
                "<svg id=\"figure-map\" role=\"img\" aria-label=\"A map &amp; more\" style=\"max-width: 12px;\" viewbox"
            ),
            "{woven}"
        );
        assert!(woven.contains("id=\"figure-map-tip\""), "{woven}");
        assert!(woven.contains("url(#figure-map-tip)"), "{woven}");
        assert!(
            woven.contains("<style>#figure-map {.box { fill: none }}</style>"),
            "{woven}"
        );
        assert!(
            woven.contains("<figcaption>The map</figcaption>"),
            "{woven}"
        );
        let figure = &woven[woven.find("<figure").unwrap()..woven.find("</figure>").unwrap()];
        assert!(!figure.contains("\n\n"), "{woven}");
    }

    #[test]
    fn a_picture_without_words_or_without_a_file_is_a_problem() {
        let folder = folder_with_picture();
        let text = "![](figures/map.svg)\n\n![x](figures/none.svg)\n\n![x](https://example.org/a.png)\n\n<img src=\"a.png\">\n";
        let (_, problems) = weave(&Page::new("a.md", text), folder.path());
        let messages: Vec<&str> = problems
            .iter()
            .map(|problem| problem.message.as_str())
            .collect();
        assert_eq!(messages.len(), 4, "{messages:?}");
        assert!(messages[0].contains("a.png has no alternative"));
        assert!(messages[1].contains("figures/map.svg has no alternative"));
        assert!(messages[2].contains("no picture figures/none.svg"));
        assert!(messages[3].contains("on the network"));
    }
}

// ANCHOR: head
//! The report as one HTML file that needs nothing beside it: figures and style are inside.

use anyhow::{Context, Result};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};
use std::path::Path;
// ANCHOR_END: head

// ANCHOR: html
const STYLE: &str = "\
:root { color-scheme: light dark; }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2 { line-height: 1.2; }
h2 { margin-top: 2.5rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.92rem; font-variant-numeric: tabular-nums; }
td, th { padding: 0.3rem 0.7rem; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); text-align: left; vertical-align: top; }
figure { margin: 1.5rem 0; }
figure svg { width: 100%; height: auto; }
";

/// Turns the report's Markdown into a page. Figures are SVG files below `root` and become part of it.
pub(super) fn page(title: &str, markdown: &str, root: &Path) -> Result<String> {
    let mut events = Vec::new();
    let mut alternative: Option<String> = None;
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        match event {
            // Only figures that the report itself has drawn.
            Event::Start(Tag::Image { dest_url, .. })
                if dest_url.starts_with("figures/") && !dest_url.contains("..") =>
            {
                let path = root.join(&*dest_url);
                let svg = std::fs::read_to_string(&path)
                    .with_context(|| format!("cannot read the figure {}", path.display()))?;
                events.push(Event::Html(format!("<figure role=\"img\">{svg}").into()));
                alternative = Some(String::new());
            }
            Event::Start(Tag::Image { .. }) => {
                events.push(Event::Html("<figure>".into()));
                alternative = Some(String::new());
            }
            Event::End(TagEnd::Image) => {
                let text = escaped(&alternative.take().unwrap_or_default());
                events.push(Event::Html(
                    format!("<figcaption>{text}</figcaption></figure>").into(),
                ));
            }
            Event::Text(text) if alternative.is_some() => {
                alternative.get_or_insert_default().push_str(&text);
            }
            Event::Start(Tag::Table(columns)) => {
                events.push(Event::Html("<div class=\"wide\">".into()));
                events.push(Event::Start(Tag::Table(columns)));
            }
            Event::End(TagEnd::Table) => {
                events.push(Event::End(TagEnd::Table));
                events.push(Event::Html("</div>".into()));
            }
            // A model's text is in this file. Nothing in it is markup.
            Event::Html(text) | Event::InlineHtml(text) => events.push(Event::Text(text)),
            other => events.push(other),
        }
    }
    let mut body = String::new();
    html::push_html(&mut body, events.into_iter());
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n",
        escaped(title)
    ))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
// ANCHOR_END: html

// ANCHOR: tests
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_holds_its_own_figures_and_nothing_else() {
        let root = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(root.path().join("figures")).expect("a folder");
        std::fs::write(root.path().join("figures/a.svg"), "<svg>curve</svg>").expect("write");
        std::fs::write(root.path().join("secret"), "SECRET").expect("write");
        let text = "![a curve](figures/a.svg)\n\n![x](secret) ![y](figures/../secret) <b>raw</b>\n";
        let page = page("t", text, root.path()).expect("a page");
        assert!(page.contains("<svg>curve</svg>") && page.contains("a curve"));
        assert!(
            !page.contains("SECRET") && page.contains("&lt;b&gt;"),
            "{page}"
        );
    }
}
// ANCHOR_END: tests

//! Things to play with: a control typed into a page as HTML has a name that can be heard, and a drawing surface says what
//! is drawn on it. (What a script makes while the page is open is the script's to name.)

use pulldown_cmark::Event;

use crate::html::start_tags;
use crate::page::{Page, Problem};

const NAMED: [&str; 4] = ["input", "select", "textarea", "iframe"];

/// Problems of the page's own HTML.
pub fn check(page: &Page) -> Vec<Problem> {
    let mut tags = Vec::new();
    for (event, range) in page.events() {
        if let Event::Html(html) | Event::InlineHtml(html) = event {
            let found = start_tags(&html).into_iter();
            tags.extend(found.map(|tag| (tag, range.start)));
        }
    }
    let labels: Vec<&str> = tags
        .iter()
        .filter_map(|(tag, _)| tag.attribute("for"))
        .collect();
    let mut problems = Vec::new();
    for (index, (tag, offset)) in tags.iter().enumerate() {
        let says = |attribute: &str| {
            tag.attribute(attribute)
                .is_some_and(|text| !text.trim().is_empty())
        };
        let is_named = says("aria-label") || says("aria-labelledby") || says("title");
        // `<label for="depth">…</label> <input id="depth">`, or `<label>… <input></label>`.
        let is_labelled = tag.attribute("id").is_some_and(|id| labels.contains(&id))
            || index
                .checked_sub(1)
                .is_some_and(|before| tags[before].0.name == "label");
        let is_hidden = tag.attribute("type") == Some("hidden");
        if NAMED.contains(&tag.name.as_str()) && !is_named && !is_labelled && !is_hidden {
            problems.push(page.problem(
                *offset,
                format!("<{}> has no name for those who cannot see it; give it a <label>, a title or an aria-label.", tag.name),
            ));
        }
        if tag.name == "canvas" && !is_named && tag.attribute("aria-hidden").is_none() {
            problems.push(page.problem(
                *offset,
                "<canvas> does not say what is drawn on it; give it role=\"img\" and an aria-label.",
            ));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_and_drawings_need_names() {
        let named = "<label for=\"a\">A</label> <input id=\"a\">\n<label>B <select></select></label>\n<textarea aria-label=\"C\"></textarea>\n<canvas role=\"img\" aria-label=\"D\"></canvas>\n<input type=\"hidden\">\n";
        assert_eq!(check(&Page::new("a.md", named)), []);
        let bare = "<div>\n<input id=\"a\">\n<canvas></canvas>\n</div>\n";
        let problems = check(&Page::new("a.md", bare));
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert_eq!(problems[0].line, Some(2));
        assert!(problems[1].message.contains("<canvas>"));
    }
}

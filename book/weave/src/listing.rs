//! Listings: what a `weave` or `fold` directive becomes.
//!
//! A shown listing is a figure (caption, then the lines in a fenced block for mdBook to colour); a folded one is a
//! `<details>` with the same inside. The caption says where the lines stand and links there.

use crate::anchors::Excerpt;
use crate::html::escape;

/// Where a listing's lines come from.
pub struct Origin<'a> {
    /// From the repository's root.
    pub path: &'a str,
    /// Where the repository is read on the web, without a slash at the end.
    pub source_url: &'a str,
}

/// The Markdown of a listing, folded under a title if there is one.
pub fn render(
    origin: &Origin,
    excerpt: &Excerpt,
    title: Option<&str>,
    indentation: &str,
) -> String {
    let language = language(origin.path);
    let fence = fence(&excerpt.text);
    let code = shield(&excerpt.text, language);
    let caption = caption(origin, excerpt);
    let block = format!("{fence}{language}\n{code}{fence}");
    let text = match title {
        None => format!(
            "<figure class=\"listing\">\n<figcaption>{caption}</figcaption>\n\n{block}\n\n</figure>\n"
        ),
        Some(title) => format!(
            "<details class=\"listing\">\n<summary>{} <span class=\"lines\">{} lines</span></summary>\n<p class=\"caption\">{caption}</p>\n\n{block}\n\n</details>\n",
            escape(title),
            excerpt.last - excerpt.first + 1,
        ),
    };
    indented(&text, indentation)
}

/// The lines with as many spaces before them as the directive has: it may stand in a list item.
pub fn indented(text: &str, indentation: &str) -> String {
    text.lines()
        .map(|line| match line.is_empty() {
            true => String::new(),
            false => format!("{indentation}{line}"),
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// `chapters/01-tokenizer/src/train.rs:10–40`, a link. A line break is allowed after each slash: phones are narrow.
fn caption(origin: &Origin, excerpt: &Excerpt) -> String {
    let (first, last) = (excerpt.first, excerpt.last);
    let path = escape(origin.path);
    let (lines, fragment) = if first == last {
        (format!("{first}"), format!("L{first}"))
    } else {
        (format!("{first}–{last}"), format!("L{first}-L{last}"))
    };
    format!(
        "<a href=\"{}/{path}#{fragment}\">{}:{lines}</a>",
        origin.source_url,
        path.replace('/', "/<wbr>"),
    )
}

/// The language of a file, by its extension, as the highlighter names it.
pub fn language(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("rs") => "rust",
        Some("toml") => "toml",
        Some("json") => "json",
        Some("py") => "python",
        Some("sh") => "bash",
        Some("c" | "cc" | "cpp" | "h" | "hpp" | "cu" | "cuh") => "cpp",
        Some("js") => "javascript",
        Some("css") => "css",
        Some("html" | "svg" | "xml") => "xml",
        Some("md") => "markdown",
        Some("yml" | "yaml") => "yaml",
        _ => "text",
    }
}

/// A fence longer than every run of backticks in the code, so that nothing in it can end the block.
pub(crate) fn fence(code: &str) -> String {
    let mut longest = 2;
    let mut run = 0;
    for character in code.chars() {
        run = if character == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    "`".repeat(longest + 1)
}

/// mdBook hides lines of Rust that begin with `# ` (a habit of rustdoc), and reads `##` as a `#`. In a source such a
/// line is text inside a string, and it is shown: one more `#` is what mdBook then takes away.
fn shield(code: &str, language: &str) -> String {
    if language != "rust" {
        return code.to_string();
    }
    let mut result = String::with_capacity(code.len());
    for line in code.lines() {
        let text = line.trim_start();
        let hidden = text == "#" || text.starts_with("# ") || text.starts_with("##");
        if hidden {
            result.push_str(&line[..line.len() - text.len()]);
            result.push('#');
            result.push_str(text);
        } else {
            result.push_str(line);
        }
        result.push('\n');
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(text: &str) -> Excerpt {
        Excerpt {
            text: text.to_string(),
            first: 10,
            last: 12,
            shown: vec![10, 11, 12],
        }
    }

    const ORIGIN: Origin = Origin {
        path: "chapters/01/src/a.rs",
        source_url: "https://example.org/blob/main",
    };

    #[test]
    fn the_caption_links_to_the_lines() {
        let text = render(&ORIGIN, &excerpt("fn f() {}\n"), None, "");
        assert!(
            text.contains("href=\"https://example.org/blob/main/chapters/01/src/a.rs#L10-L12\""),
            "{text}"
        );
        assert!(text.contains("a.rs:10–12</a>"), "{text}");
        assert!(text.contains("\n```rust\nfn f() {}\n```\n"), "{text}");
    }

    #[test]
    fn a_folded_listing_has_its_title_escaped() {
        let text = render(&ORIGIN, &excerpt("x\n"), Some("Vec<u8> & co"), "");
        assert!(text.contains("<summary>Vec&lt;u8&gt; &amp; co "), "{text}");
    }

    #[test]
    fn a_listing_in_a_list_item_is_indented_as_a_whole() {
        let text = render(&ORIGIN, &excerpt("a\n\nb\n"), None, "  ");
        assert!(
            text.lines()
                .all(|line| line.is_empty() || line.starts_with("  ")),
            "{text}"
        );
    }

    #[test]
    fn backticks_in_the_code_do_not_end_the_block() {
        let text = render(&ORIGIN, &excerpt("/// ```\n/// x\n/// ```\n"), None, "");
        assert!(text.contains("\n````rust\n"), "{text}");
    }

    #[test]
    fn lines_that_mdbook_would_hide_are_shielded() {
        assert_eq!(
            shield("  # title\n#[test]\n#!/bin/sh\n##x\n", "rust"),
            "  ## title\n#[test]\n#!/bin/sh\n###x\n"
        );
        assert_eq!(shield("# title\n", "toml"), "# title\n");
    }
}

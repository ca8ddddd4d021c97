//! Just enough HTML: escaping, and a scanner of tags for the checks on the finished pages.

/// Text as it stands in HTML, between tags or in a double-quoted attribute.
pub fn escape(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => result.push_str("&amp;"),
            '<' => result.push_str("&lt;"),
            '>' => result.push_str("&gt;"),
            '"' => result.push_str("&quot;"),
            _ => result.push(character),
        }
    }
    result
}

/// Undoes `escape`, and numeric references to `/` and the like are left alone.
pub fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

/// A start tag: its name and attributes, values unescaped.
#[derive(Debug, PartialEq, Eq)]
pub struct StartTag {
    pub name: String,
    pub attributes: Vec<(String, String)>,
}

impl StartTag {
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// All start tags of a piece of HTML, in order. Comments and the insides of scripts and styles are skipped. This is
/// not a parser for HTML at large; it reads what mdBook writes and what a page's author types.
pub fn start_tags(html: &str) -> Vec<StartTag> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        rest = &rest[open..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
            continue;
        }
        if !rest[1..].starts_with(|first: char| first.is_ascii_alphabetic()) {
            rest = &rest[1..];
            continue;
        }
        let Some(length) = tag_length(rest) else {
            break;
        };
        let tag = read_tag(&rest[1..length - 1]);
        rest = &rest[length..];
        if tag.name == "script" || tag.name == "style" {
            let close = format!("</{}", tag.name);
            rest = rest.find(&close).map_or("", |end| &rest[end..]);
        }
        tags.push(tag);
    }
    tags
}

/// Length of the tag that the text begins with, `>` included; a `>` in quotes does not end it.
fn tag_length(text: &str) -> Option<usize> {
    let mut quote = None;
    for (index, character) in text.char_indices() {
        match (quote, character) {
            (None, '>') => return Some(index + 1),
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            _ => {}
        }
    }
    None
}

/// Reads what stands between `<` and `>`.
fn read_tag(inside: &str) -> StartTag {
    let inside = inside.trim_end_matches('/');
    let (name, mut rest) = inside
        .split_once(|character: char| character.is_whitespace())
        .unwrap_or((inside, ""));
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            break;
        }
        let end = rest
            .find(|character: char| character == '=' || character.is_whitespace())
            .unwrap_or(rest.len());
        let key = rest[..end].to_ascii_lowercase();
        rest = rest[end..].trim_start();
        let Some(after) = rest.strip_prefix('=') else {
            attributes.push((key, String::new()));
            continue;
        };
        let after = after.trim_start();
        let (value, next) = match after.chars().next() {
            Some(quote @ ('"' | '\'')) => after[1..].split_once(quote).unwrap_or((&after[1..], "")),
            _ => after
                .split_once(|character: char| character.is_whitespace())
                .unwrap_or((after, "")),
        };
        attributes.push((key, unescape(value)));
        rest = next;
    }
    StartTag {
        name: name.to_ascii_lowercase(),
        attributes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaping_is_undone_by_unescaping() {
        let text = "a < b && \"c\" > d";
        assert_eq!(escape(text), "a &lt; b &amp;&amp; &quot;c&quot; &gt; d");
        assert_eq!(unescape(&escape(text)), text);
    }

    #[test]
    fn tags_are_read_with_their_attributes() {
        let tags = start_tags(
            "<p>x <a href=\"b.html?x=1&amp;y#c\" class='d > e'>f</a> <img src=g.png alt></p>",
        );
        let names: Vec<&str> = tags.iter().map(|tag| tag.name.as_str()).collect();
        assert_eq!(names, ["p", "a", "img"]);
        assert_eq!(tags[1].attribute("href"), Some("b.html?x=1&y#c"));
        assert_eq!(tags[1].attribute("class"), Some("d > e"));
        assert_eq!(tags[2].attribute("alt"), Some(""));
        assert_eq!(tags[2].attribute("src"), Some("g.png"));
    }

    #[test]
    fn comments_and_scripts_are_skipped() {
        let tags =
            start_tags("<!-- <a href=x> --><script>if (a < b) { '<a>' }</script><b>1 < 2</b>");
        let names: Vec<&str> = tags.iter().map(|tag| tag.name.as_str()).collect();
        assert_eq!(names, ["script", "b"]);
    }
}

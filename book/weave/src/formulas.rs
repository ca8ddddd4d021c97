//! Formulas: `$…$` in a line and `$$…$$` on display, set by KaTeX while the book is built.
//!
//! mdbook-katex does the same job, but prints a warning and keeps the dollar signs when a formula is wrong, drops a
//! dollar sign that stands alone, and links its style sheet from the network. Here a wrong formula fails the build,
//! with KaTeX's own words, and a price stays a price.
//!
//! The rules of the dollar sign are pandoc's: an opening `$` has a non-space after it, a closing one has a non-space
//! before it and no digit after it, and `\$` is a dollar.

use std::ops::Range;

use katex::{Opts, OutputType};

use crate::edit::Edit;
use crate::page::{Page, Problem};

/// A formula in a page.
#[derive(Debug, PartialEq, Eq)]
pub struct Formula {
    /// With its dollar signs.
    pub range: Range<usize>,
    pub tex: String,
    pub display: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "`$$` begins a formula that is never ended; put `$$` after it, before the next empty line."
    )]
    NotEnded,
    #[error("KaTeX cannot set this formula: {message}. The formula: {tex}")]
    Katex { message: String, tex: String },
    #[error("KaTeX cannot be started: {message}")]
    Engine { message: String },
}

/// Sets every formula of the page.
pub fn weave(page: &Page) -> (Vec<Edit>, Vec<Problem>) {
    let (formulas, mut problems) = find(page);
    let mut edits = Vec::new();
    for formula in formulas {
        match set(&formula) {
            Ok(html) => edits.push(Edit::new(formula.range, html)),
            Err(error) => problems.push(page.problem(formula.range.start, error)),
        }
    }
    (edits, problems)
}

// ANCHOR: find
/// All formulas of the page, outside code, in order.
pub fn find(page: &Page) -> (Vec<Formula>, Vec<Problem>) {
    let text = &page.text;
    let bytes = text.as_bytes();
    let mut formulas = Vec::new();
    let mut problems = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if let Some(end) = page.verbatim_end(at) {
            at = end;
        } else if bytes[at] == b'\\' {
            at += 2;
        } else if bytes[at] != b'$' {
            at += 1;
        } else if bytes.get(at + 1) == Some(&b'$') {
            match end_of_display(text, at + 2) {
                Some(end) => {
                    formulas.push(formula(text, at..end, 2));
                    at = end;
                }
                None => {
                    problems.push(page.problem(at, Error::NotEnded));
                    at += 2;
                }
            }
        } else if let Some(end) = end_of_inline(text, at + 1) {
            formulas.push(formula(text, at..end, 1));
            at = end;
        } else {
            at += 1;
        }
    }
    (formulas, problems)
}
// ANCHOR_END: find

/// Just past the `$$` that ends a display formula whose insides begin at `from`.
fn end_of_display(text: &str, from: usize) -> Option<usize> {
    let paragraph = rest_of_paragraph(text, from);
    paragraph.find("$$").map(|offset| from + offset + 2)
}

/// Just past the `$` that ends an inline formula whose insides begin at `from`, if this is one.
fn end_of_inline(text: &str, from: usize) -> Option<usize> {
    let paragraph = rest_of_paragraph(text, from).as_bytes();
    if paragraph.first().is_none_or(u8::is_ascii_whitespace) {
        return None;
    }
    let mut at = 0;
    while at < paragraph.len() {
        match paragraph[at] {
            b'\\' => at += 2,
            b'`' => return None,
            b'$' => {
                let space_before = paragraph[at - 1].is_ascii_whitespace();
                let digit_after = paragraph.get(at + 1).is_some_and(u8::is_ascii_digit);
                if !space_before && !digit_after {
                    return Some(from + at + 1);
                }
                at += 1;
            }
            _ => at += 1,
        }
    }
    None
}

/// The text up to the next empty line.
fn rest_of_paragraph(text: &str, from: usize) -> &str {
    let rest = &text[from..];
    let mut end = 0;
    for line in rest.split_inclusive('\n') {
        if end > 0 && line.trim_matches(['>', ' ', '\t', '\r', '\n']).is_empty() {
            break;
        }
        end += line.len();
    }
    &rest[..end]
}

fn formula(text: &str, range: Range<usize>, dollars: usize) -> Formula {
    let inside = &text[range.start + dollars..range.end - dollars];
    // In a block quote each line of the formula begins with the quote's own mark.
    let line_start = text[..range.start]
        .rfind('\n')
        .map_or(0, |newline| newline + 1);
    let quoted = text[line_start..].trim_start().starts_with('>');
    let lines: Vec<&str> = inside
        .lines()
        .enumerate()
        .map(|(index, line)| match line.trim().strip_prefix('>') {
            Some(rest) if quoted && index > 0 => rest.trim(),
            _ => line.trim(),
        })
        .collect();
    Formula {
        range,
        tex: lines.join(" ").trim().to_string(),
        display: dollars == 2,
    }
}

/// The formula as HTML on one line, with MathML inside for screen readers.
fn set(formula: &Formula) -> Result<String, Error> {
    let options = Opts::builder()
        .display_mode(formula.display)
        .output_type(OutputType::HtmlAndMathml)
        .throw_on_error(true)
        .build()
        .map_err(|error| Error::Engine {
            message: error.to_string(),
        })?;
    let html = katex::render_with_opts(&formula.tex, options).map_err(|error| Error::Katex {
        message: error.to_string(),
        tex: formula.tex.clone(),
    })?;
    Ok(as_markdown(&html))
}

/// Makes HTML safe inside Markdown, which still looks for emphasis and table cells between the tags. The TeX source
/// that KaTeX repeats as an annotation goes: it is full of such characters, and MathML says the same.
fn as_markdown(html: &str) -> String {
    let mut result = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        push_escaped(&mut result, &rest[..open]);
        rest = &rest[open..];
        if rest.starts_with("<annotation") {
            let end = rest
                .find("</annotation>")
                .map_or(rest.len(), |end| end + "</annotation>".len());
            rest = &rest[end..];
            continue;
        }
        let close = rest.find('>').map_or(rest.len(), |close| close + 1);
        let tag = rest[..close]
            .replace('\n', " ")
            .replace(" xmlns=\"http://www.w3.org/1998/Math/MathML\"", "")
            .replace(" xmlns=\"http://www.w3.org/2000/svg\"", "");
        result.push_str(&tag);
        rest = &rest[close..];
    }
    push_escaped(&mut result, rest);
    result
}

fn push_escaped(result: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '*' | '_' | '`' | '[' | ']' | '\\' | '|' | '~' | '^' | '$' | ':' | '{' | '}' | '\''
            | '"' | '.' | '-' => {
                result.push_str(&format!("&#{};", character as u32));
            }
            '\n' => result.push(' '),
            _ => result.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::apply;

    fn texs(text: &str) -> Vec<String> {
        find(&Page::new("a.md", text))
            .0
            .into_iter()
            .map(|formula| formula.tex)
            .collect()
    }

    #[test]
    fn formulas_are_found_outside_code_and_prices_stay() {
        assert_eq!(
            texs("the width $C$ and $H \\cdot D = C$."),
            ["C", "H \\cdot D = C"]
        );
        assert_eq!(
            texs("costs $3 an hour, or $48 for all"),
            Vec::<String>::new()
        );
        assert_eq!(
            texs("code `$x$`, and \\$x\\$\n\n```text\n$y$\n```\n"),
            Vec::<String>::new()
        );
        assert_eq!(texs("$a$ then `b$` then $c$"), ["a", "c"]);
    }

    #[test]
    fn a_display_formula_spans_lines_and_a_block_quote() {
        assert_eq!(texs("so\n$$\na = b\n+ c\n$$\nand"), ["a = b + c"]);
        assert_eq!(texs("> so\n> $$\n> a > b\n> $$\n"), ["a > b"]);
    }

    #[test]
    fn a_display_formula_that_is_never_ended_is_a_problem() {
        let (formulas, problems) = find(&Page::new("a.md", "one\n\n$$ a = b\n\nafter $$ x"));
        assert_eq!(formulas, []);
        assert_eq!(problems.len(), 2);
        assert_eq!(problems[0].line, Some(3));
    }

    #[test]
    fn a_formula_is_set_without_characters_that_markdown_reads() {
        let text = "by $\\mathbf{q}_{i} \\cdot \\mathbf{k}_{j} * |x|$ here";
        let page = Page::new("a.md", text);
        let (edits, problems) = weave(&page);
        assert_eq!(problems, []);
        let woven = apply(text, edits);
        assert!(woven.starts_with("by <span class=\"katex\">"), "{woven}");
        assert!(woven.contains("<math>"), "{woven}");
        assert!(!woven.contains("annotation "), "{woven}");
        assert!(!woven.contains("http"), "{woven}");
    }

    #[test]
    fn a_wrong_formula_is_a_problem_that_quotes_katex() {
        let (_, problems) = weave(&Page::new("a.md", "one\n\n$\\fraq{1}{2}$\n"));
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].line, Some(3));
        assert!(
            problems[0].message.contains("fraq"),
            "{}",
            problems[0].message
        );
    }
}

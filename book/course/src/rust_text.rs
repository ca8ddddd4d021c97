//! Rust source as a reader of rules needs it: the same lines, with comments, strings and tests blanked out.
//!
//! It is a scanner of some forty lines and no parser: it has to know where code is and where it is not.

// ANCHOR: scan
/// The source with every character inside comments and literals replaced by a space; line breaks stay.
pub fn without_comments_and_literals(source: &str) -> String {
    let text: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    while at < text.len() {
        let end = match text[at] {
            '/' if text.get(at + 1) == Some(&'/') => line_end(&text, at),
            '/' if text.get(at + 1) == Some(&'*') => block_comment_end(&text, at),
            '"' => string_end(&text, at + 1),
            'r' if !is_word_before(&text, at) => raw_string_end(&text, at).unwrap_or(at),
            '\'' => char_end(&text, at).unwrap_or(at),
            _ => at,
        };
        if end == at {
            out.push(text[at]);
            at += 1;
        } else {
            out.extend(
                text[at..end]
                    .iter()
                    .map(|&c| if c == '\n' { '\n' } else { ' ' }),
            );
            at = end;
        }
    }
    out
}

/// Whether the character before `at` belongs to the same word. The `b` of `br"…"` does not count, unless it is
/// itself the end of a word.
fn is_word_before(text: &[char], at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else {
        return false;
    };
    match text[before] {
        'b' => is_word_before(text, before),
        c => c.is_alphanumeric() || c == '_',
    }
}

fn line_end(text: &[char], from: usize) -> usize {
    (from..text.len())
        .find(|&at| text[at] == '\n')
        .unwrap_or(text.len())
}

/// Block comments nest.
fn block_comment_end(text: &[char], from: usize) -> usize {
    let (mut at, mut depth) = (from, 0);
    while at < text.len() {
        match (text[at], text.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

fn string_end(text: &[char], from: usize) -> usize {
    let mut at = from;
    while at < text.len() {
        match text[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

/// `r"…"`, `r#"…"#`; `None` for an `r` that begins a name, such as `r#type`.
fn raw_string_end(text: &[char], from: usize) -> Option<usize> {
    let hashes = text[from + 1..].iter().take_while(|&&c| c == '#').count();
    let quote = from + 1 + hashes;
    if text.get(quote) != Some(&'"') {
        return None;
    }
    let closes = |at: usize| {
        text[at] == '"'
            && text[at + 1..]
                .iter()
                .take(hashes)
                .filter(|&&c| c == '#')
                .count()
                == hashes
    };
    Some(
        (quote + 1..text.len())
            .find(|&at| closes(at))
            .map_or(text.len(), |at| at + 1 + hashes),
    )
}

/// `'x'` and `'\n'`; `None` for a lifetime.
fn char_end(text: &[char], from: usize) -> Option<usize> {
    if text.get(from + 1) == Some(&'\\') {
        return (from + 3..text.len())
            .find(|&at| text[at] == '\'')
            .map(|at| at + 1);
    }
    (text.get(from + 2) == Some(&'\'')).then_some(from + 3)
}
// ANCHOR_END: scan

// ANCHOR: tests
/// Blanks every item under `#[cfg(test)]`, given text without comments and literals.
pub fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut out = code.to_string();
    let mut from = 0;
    while let Some(start) = out[from..].find(MARK).map(|at| at + from) {
        let end = item_end(&out, start + MARK.len());
        let blank: String = out[start..end]
            .chars()
            .map(|c| if c == '\n' { '\n' } else { ' ' })
            .collect();
        out.replace_range(start..end, &blank);
        from = start + blank.len();
    }
    out
}

/// Where the item that begins at `from` ends: its closing brace, or the semicolon of an item without braces.
fn item_end(code: &str, from: usize) -> usize {
    let mut depth = 0;
    for (at, c) in code[from..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth <= 1 => return from + at + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return from + at + 1,
            _ => {}
        }
    }
    code.len()
}
// ANCHOR_END: tests

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_stays_and_the_rest_becomes_blank() {
        let source = "let a = x.unwrap(); // y.unwrap()\nlet b = \"z.unwrap() \\\" \"; /* a /* b */ c */ let c = '\"';\nlet d: &'static str = r#\"q\"q\"#; let r#type = 1;";
        let code = without_comments_and_literals(source);
        assert_eq!(code.matches("unwrap").count(), 1);
        assert_eq!(code.lines().count(), 3);
        assert!(
            code.contains("let c =")
                && code.contains("let d: &'static str =")
                && code.contains("let r#type = 1;"),
            "{code}"
        );
        assert!(!code.contains('q') && !code.contains('"'), "{code}");
    }

    #[test]
    fn byte_strings_and_words_that_end_in_r_are_told_apart() {
        let code = without_comments_and_literals("br\"x\" for y in \"z\" { var }");
        assert!(!code.contains('x') && !code.contains('z'), "{code}");
        assert!(
            code.contains("for y in") && code.contains("{ var }"),
            "{code}"
        );
    }

    #[test]
    fn test_modules_and_test_imports_are_blanked() {
        let code = "a.unwrap();\n#[cfg(test)]\nuse x::y;\n#[cfg(test)]\nmod tests { fn f() { b.unwrap(); } }\nc.unwrap();\n";
        let rest = without_tests(code);
        assert!(
            rest.contains("a.unwrap()")
                && rest.contains("c.unwrap()")
                && !rest.contains("b.unwrap()"),
            "{rest}"
        );
        assert_eq!(rest.lines().count(), code.lines().count());
    }
}

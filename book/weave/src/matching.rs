//! Matching: does a program print what the page says, but for what may differ?
//!
//! Two kinds of placeholder. One is written into the page: a line `…` stands for any lines, and `[…]` inside a line for
//! any characters. The other keeps the page readable: with `run=timings` the page shows the numbers of a real run, and
//! any other number before a unit of time or a rate will do; with `run=paths` any absolute path stands for any other.

use crate::blocks::Freedom;

const ANY_LINES: &str = "…";
const ANY_CHARACTERS: &str = "[…]";
const UNITS: [&str; 12] = [
    "ns", "µs", "us", "ms", "s", "min", "h", "second", "seconds", "minute", "minutes", "hours",
];

/// Whether the author of the page left something open by hand, which no program can write again.
pub fn has_placeholder(text: &str) -> bool {
    text.contains(ANY_CHARACTERS) || text.lines().any(|line| line.trim() == ANY_LINES)
}

/// Nothing if the two agree; otherwise the lines around the first disagreement.
pub fn difference(expected: &str, printed: &str, freedom: Freedom) -> Option<String> {
    let wanted: Vec<String> = expected.lines().map(|line| plain(line, freedom)).collect();
    let found: Vec<String> = printed.lines().map(|line| plain(line, freedom)).collect();
    let furthest = match match_lines(&wanted, &found) {
        Ok(()) => return None,
        Err(furthest) => furthest,
    };
    let line = |lines: std::str::Lines<'_>, at: usize| {
        let mut lines = lines;
        lines.nth(at).unwrap_or("(nothing more)").to_string()
    };
    Some(format!(
        "line {} of its output\n- {}\n+ {}",
        furthest.1 + 1,
        line(expected.lines(), furthest.0),
        line(printed.lines(), furthest.1)
    ))
}

/// Matches line by line, `…` against any number of lines. The error is how far it came: the first pair of lines that
/// could not be matched, counting from the attempt that came furthest.
fn match_lines(wanted: &[String], found: &[String]) -> Result<(), (usize, usize)> {
    // reachable[j]: the wanted lines so far can be matched with the first j found ones.
    let mut reachable = vec![false; found.len() + 1];
    reachable[0] = true;
    for (index, line) in wanted.iter().enumerate() {
        let mut next = vec![false; found.len() + 1];
        if line.trim() == ANY_LINES {
            let first = reachable.iter().position(|r| *r).unwrap_or(found.len());
            next[first..].fill(true);
        } else {
            for at in 0..found.len() {
                next[at + 1] = reachable[at] && matches(line, &found[at]);
            }
        }
        if !next.contains(&true) {
            let furthest = reachable.iter().rposition(|r| *r).unwrap_or(0);
            // After `…` every line was tried; the first of them is the one to show.
            let first = reachable.iter().position(|r| *r).unwrap_or(furthest);
            return Err((index, first));
        }
        reachable = next;
    }
    match reachable[found.len()] {
        true => Ok(()),
        false => {
            let furthest = reachable.iter().rposition(|r| *r).unwrap_or(0);
            Err((wanted.len(), furthest))
        }
    }
}

/// One line, with `[…]` for any characters.
fn matches(wanted: &str, found: &str) -> bool {
    let mut parts = wanted.split(ANY_CHARACTERS);
    let first = parts.next().unwrap_or("");
    let Some(mut rest) = found.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// A line with what may differ taken out of it. Where timings are free, so is the width of the spaces around them.
fn plain(line: &str, freedom: Freedom) -> String {
    let mut line = line.trim_end().to_string();
    if freedom.paths {
        line = without_paths(&line);
    }
    if freedom.timings {
        line = without_timings(&line);
        line = line
            .split(' ')
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join(" ");
    }
    line
}

/// Every number before a unit of time or a rate becomes `#`.
fn without_timings(line: &str) -> String {
    let characters: Vec<char> = line.chars().collect();
    let mut result = String::new();
    let mut at = 0;
    while at < characters.len() {
        let inside_word =
            at > 0 && (characters[at - 1].is_alphanumeric() || characters[at - 1] == '_');
        if !characters[at].is_ascii_digit() || inside_word {
            result.push(characters[at]);
            at += 1;
            continue;
        }
        let mut end = at;
        while end < characters.len()
            && (characters[end].is_ascii_digit() || ".,".contains(characters[end]))
        {
            end += 1;
        }
        // A full stop or comma at the end belongs to the sentence.
        while ".,".contains(characters[end - 1]) {
            end -= 1;
        }
        let space = usize::from(characters.get(end) == Some(&' '));
        let unit: String = characters[end + space..]
            .iter()
            .take_while(|c| c.is_alphanumeric() || **c == '/')
            .collect();
        let is_timing = UNITS.contains(&unit.as_str()) || unit.ends_with("/s");
        match is_timing {
            true => result.push('#'),
            false => result.extend(&characters[at..end]),
        }
        at = end;
    }
    result
}

/// Every absolute path of at least two parts becomes `/#`.
fn without_paths(line: &str) -> String {
    let mut result = String::new();
    let mut rest = line;
    while let Some(start) = rest.find('/') {
        let (before, path) = rest.split_at(start);
        result.push_str(before);
        let end = path
            .find(|c: char| c.is_whitespace() || "\"'`(),:;<>".contains(c))
            .unwrap_or(path.len());
        let begins = before.is_empty() || before.ends_with([' ', '"', '\'', '`', '(', '=', '<']);
        let is_path = begins && path[1..end].contains('/');
        result.push_str(if is_path { "/#" } else { &path[..end] });
        rest = &path[end..];
    }
    result + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agree(expected: &str, printed: &str, freedom: Freedom) -> bool {
        difference(expected, printed, freedom).is_none()
    }

    const EXACT: Freedom = Freedom {
        timings: false,
        paths: false,
        fails: false,
    };
    const TIMINGS: Freedom = Freedom {
        timings: true,
        ..EXACT
    };
    const PATHS: Freedom = Freedom {
        paths: true,
        ..EXACT
    };

    #[test]
    fn without_freedom_every_character_counts() {
        assert!(
            agree("a\nb\n", "a  \nb\n", EXACT),
            "spaces at a line's end are nothing"
        );
        assert!(!agree("a\n", "a\nb\n", EXACT));
        assert!(!agree("a\nb\n", "a\n", EXACT));
        assert!(!agree("1.9 ms\n", "2.0 ms\n", EXACT));
    }

    #[test]
    fn the_first_line_that_differs_is_shown() {
        let said = difference("a\nb\nc\n", "a\nx\nc\n", EXACT).unwrap();
        assert_eq!(said, "line 2 of its output\n- b\n+ x");
        let said = difference("a\n", "a\nx\n", EXACT).unwrap();
        assert_eq!(said, "line 2 of its output\n- (nothing more)\n+ x");
    }

    #[test]
    fn placeholders_stand_for_lines_and_characters() {
        assert!(agree("a\n…\nz\n", "a\nz\n", EXACT));
        assert!(agree("a\n…\nz\n", "a\nz\n1\nz\n", EXACT));
        assert!(!agree("a\n…\nz\n", "a\n1\n", EXACT));
        assert!(agree("x [y] […] of […]\n", "x [y] 3 of 4\n", EXACT));
        assert!(!agree("x […] y\n", "x 3 z\n", EXACT));
        assert!(
            !agree("ab[…]ba\n", "aba\n", EXACT),
            "the two ends do not overlap"
        );
        assert!(has_placeholder("a\n  …\n") && !has_placeholder("a … b\n"));
    }

    #[test]
    fn timings_are_numbers_before_a_unit_and_nothing_else() {
        assert!(agree("in  1.9 ms, 7 ids", "in 12.75 ms, 7 ids", TIMINGS));
        assert!(agree("1,200 tokens/s", "98 tokens/s", TIMINGS));
        assert!(agree("took 3s.", "took 4s.", TIMINGS));
        assert!(!agree("in 1.9 ms, 7 ids", "in 1.9 ms, 8 ids", TIMINGS));
        assert!(!agree("3 seals", "4 seals", TIMINGS));
        assert!(!agree("d12 s", "d13 s", TIMINGS), "a name is no number");
        assert!(!agree("5 %", "6 %", TIMINGS));
    }

    #[test]
    fn paths_are_absolute_and_have_parts() {
        assert!(agree(
            "wrote \"/tmp/a/b.txt\": 3",
            "wrote \"/home/me/x.txt\": 3",
            PATHS
        ));
        assert!(!agree("wrote /tmp/a: 3", "wrote /tmp/a: 4", PATHS));
        assert!(
            !agree("runs/a/b", "runs/a/c", PATHS),
            "a relative path is the same for everybody"
        );
        assert!(!agree("1/2", "1/3", PATHS));
    }
}

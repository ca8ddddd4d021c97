//! Edits: the only way in which a step changes a page.

use std::ops::Range;

/// Put `text` in place of the page's bytes in `range`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    pub range: Range<usize>,
    pub text: String,
}

impl Edit {
    pub fn new(range: Range<usize>, text: impl Into<String>) -> Edit {
        Edit {
            range,
            text: text.into(),
        }
    }
}

/// Applies the edits to the text. Where two overlap, the one that begins first (and, of two that begin together, the
/// longer one) wins: a figure's edit covers the formula in its alternative text.
pub fn apply(text: &str, mut edits: Vec<Edit>) -> String {
    edits.sort_by_key(|edit| (edit.range.start, std::cmp::Reverse(edit.range.end)));
    let mut result = String::with_capacity(text.len());
    let mut done = 0;
    for edit in edits {
        if edit.range.start < done {
            continue;
        }
        result.push_str(&text[done..edit.range.start]);
        result.push_str(&edit.text);
        done = edit.range.end;
    }
    result.push_str(&text[done..]);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_applied_in_the_order_of_the_text() {
        let edits = vec![
            Edit::new(4..7, "2"),
            Edit::new(0..3, "1"),
            Edit::new(7..7, "!"),
        ];
        assert_eq!(apply("one two", edits), "1 2!");
    }

    #[test]
    fn of_two_that_overlap_the_outer_one_wins() {
        let edits = vec![Edit::new(2..4, "inner"), Edit::new(0..7, "outer")];
        assert_eq!(apply("one two", edits), "outer");
    }
}

//! Wrong answers to exercise 11: the right one, with one rule bent.

use super::Of;
use crate::properties::ex11_splitter::{Functions, properties};
use judge::program::Wrong;
use solutions_01::ex11_splitter::split;

type IsLetter = fn(char) -> bool;

pub fn wrong() -> Vec<Wrong> {
    let of = Of {
        number: 11,
        name: "splitter",
        properties,
    };
    let splitting = |split| Functions { split };
    vec![
        of.planted("digits-in-threes", splitting(digits_in_threes)),
        of.planted("no-contractions", splitting(no_contractions)),
        of.planted("line-breaks-alone", splitting(line_breaks_alone)),
        of.planted(
            "letters-of-ascii-only",
            splitting(|text, _| split(text, |c| c.is_ascii_alphabetic()).collect()),
        ),
        of.planted(
            "at-white-space",
            splitting(|text, _| text.split_inclusive(char::is_whitespace).collect()),
        ),
        of.constant("nothing", splitting(|_, _| Vec::new())),
        of.constant("the-whole", splitting(|text, _| vec![text])),
    ]
}

/// Joins a chunk to the one before it where a rule says so.
fn joined(text: &str, is_letter: IsLetter, join: fn(&str, &str) -> bool) -> Vec<&str> {
    let mut chunks: Vec<&str> = Vec::new();
    let mut start = 0;
    let mut end = 0;
    for chunk in split(text, is_letter) {
        if end > start && !join(&text[start..end], chunk) {
            chunks.push(&text[start..end]);
            start = end;
        }
        end += chunk.len();
    }
    chunks.extend(Some(&text[start..]).filter(|rest| !rest.is_empty()));
    chunks
}

fn digits_in_threes(text: &str, is_letter: IsLetter) -> Vec<&str> {
    joined(text, is_letter, |before, chunk| {
        let digits = |text: &str| text.chars().all(char::is_numeric);
        digits(before) && digits(chunk) && before.chars().count() + chunk.chars().count() <= 3
    })
}

fn no_contractions(text: &str, is_letter: IsLetter) -> Vec<&str> {
    joined(text, is_letter, |before, chunk| {
        before.ends_with(char::is_alphabetic) && chunk.starts_with('\'') && chunk.len() > 1
    })
}

fn line_breaks_alone(text: &str, is_letter: IsLetter) -> Vec<&str> {
    let breaks = |c: char| c == '\n' || c == '\r';
    let parts = split(text, is_letter).flat_map(|chunk| {
        let marks = chunk.trim_end_matches(breaks);
        [marks, &chunk[marks.len()..]]
    });
    parts.filter(|part| !part.is_empty()).collect()
}

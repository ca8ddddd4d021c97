//! # The splitter without a regular expression
//!
//! Goal: write the seven rules of the split pattern as a loop over characters.
//!
//! Minutes: 180. Difficulty: 5 of 5.
//!
//! Most of the time of encoding is spent in the regular expression. A loop that knows the rules looks at each character once or
//! twice, and needs no machine that steps back. Writing it is also the best way to find out what the pattern means.
//!
//! The chunks have to be the chapter's, for any text. Reread the seven parts in `chapters/01-tokenizer/src/pattern.rs`, and write a
//! function that returns where the chunk that begins here ends. `white_space_end` of the chapter is yours to use for the last three
//! rules.
//!
//! What a letter is, Unicode decides, and the standard library has no exact word for `\p{L}`: so it is handed in as `is_letter`.
//! For the rest: `\p{N}` is `char::is_numeric`, `\s` is `char::is_whitespace`.
//!
//! ## Hint 1
//!
//! One function `chunk_end(text, from, is_letter) -> usize` that tries the rules in their order, and `std::iter::from_fn` that
//! calls it until the text is used up. `text[from..].chars()` can be cloned: a clone is a look ahead.
//!
//! ## Hint 2
//!
//! A contraction needs the apostrophe and then one of s, d, m, t, or ll, ve, re, in either case; and only if it fails, the
//! apostrophe may be the one character in front of a word. A word's first character may be anything but a letter, a digit or a line
//! break, and letters must follow. Digits: one or two. Punctuation: at most one space before it, and all line breaks after it.
//!
//! ## Hint 3
//!
//! Two traps. In a pattern that ignores case, `s` also matches `ſ` (U+017F), the long s of old prints. And the space before
//! punctuation is only that, U+0020, while the character before a word may be a tab, or a no-break space, or a comma.

use tokenizer::pattern::white_space_end;

/// The chunks of a text, in order.
pub fn split(text: &str, is_letter: fn(char) -> bool) -> impl Iterator<Item = &str> {
    let mut from = 0;
    std::iter::from_fn(move || {
        if from == text.len() {
            return None;
        }
        let end = chunk_end(text, from, is_letter);
        let chunk = &text[from..end];
        from = end;
        Some(chunk)
    })
}

/// Where the chunk that begins at `from` ends: the first rule that applies decides.
fn chunk_end(text: &str, from: usize, is_letter: fn(char) -> bool) -> usize {
    let rest = &text[from..];
    let length = contraction(rest)
        .or_else(|| word(rest, is_letter))
        .or_else(|| number(rest))
        .or_else(|| punctuation(rest, is_letter));
    length.map_or_else(|| white_space_end(text, from), |length| from + length)
}

/// The length of the longest beginning whose characters all satisfy a condition.
fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

fn contraction(rest: &str) -> Option<usize> {
    let mut letters = rest.strip_prefix('\'')?.chars();
    let first = letters.next()?;
    match (
        first.to_ascii_lowercase(),
        letters.next().map(|c| c.to_ascii_lowercase()),
    ) {
        ('s' | 'ſ' | 'd' | 'm' | 't', _) => Some(1 + first.len_utf8()),
        ('l', Some('l')) | ('v' | 'r', Some('e')) => Some(3),
        _ => None,
    }
}

fn word(rest: &str, is_letter: fn(char) -> bool) -> Option<usize> {
    let first = rest.chars().next()?;
    let front = match first {
        '\r' | '\n' => return None,
        c if is_letter(c) => 0,
        c if c.is_numeric() => return None,
        c => c.len_utf8(),
    };
    let letters = run(&rest[front..], is_letter);
    (letters > 0).then_some(front + letters)
}

fn number(rest: &str) -> Option<usize> {
    let digits = rest.chars().take_while(|c| c.is_numeric()).take(2);
    let length: usize = digits.map(char::len_utf8).sum();
    (length > 0).then_some(length)
}

fn punctuation(rest: &str, is_letter: fn(char) -> bool) -> Option<usize> {
    let front = usize::from(rest.starts_with(' '));
    let is_mark = |c: char| !c.is_whitespace() && !c.is_numeric() && !is_letter(c);
    let marks = run(&rest[front..], is_mark);
    let end = front + marks;
    (marks > 0).then(|| end + run(&rest[end..], |c| c == '\r' || c == '\n'))
}

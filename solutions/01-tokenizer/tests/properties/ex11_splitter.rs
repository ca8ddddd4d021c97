use super::texts::any_text;
use fancy_regex::Regex;
use judge::{Case, Checked, Property, example, property};
use proptest::prelude::*;
use std::cell::OnceCell;
use tokenizer::pattern::Pattern;

pub type IsLetter = fn(char) -> bool;

pub struct Functions {
    pub split: fn(&str, IsLetter) -> Vec<&str>,
}

thread_local! {
    /// The one question to Unicode that the standard library does not answer.
    static LETTER: OnceCell<Regex> = const { OnceCell::new() };
}

/// `\p{L}`.
fn is_letter(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphabetic();
    }
    LETTER.with(|letter| {
        let letter = letter.get_or_init(|| Regex::new(r"^\p{L}$").expect("a sound pattern"));
        letter.is_match(c.encode_utf8(&mut [0; 4])).unwrap_or(false)
    })
}

/// The chapter's splitter. One for all cases: compiling the pattern takes longer than splitting a thousand texts.
struct Judge(Pattern);

impl Judge {
    fn check(&self, f: &Functions, text: &str) -> Checked {
        let expected: Vec<&str> = self.0.split(text).collect();
        Case::of(&[("text", &text)]).same(&expected, || (f.split)(text, is_letter))
    }
}

fn text(says: &'static str, text: &'static str) -> Property<Functions> {
    let judge = Judge(Pattern::default());
    example(says, move |f: &Functions| judge.check(f, text))
}

fn texts(says: &'static str, regex: &'static str) -> Property<Functions> {
    let judge = Judge(Pattern::default());
    property(
        says,
        move || regex,
        move |f: &Functions, text: String| judge.check(f, &text),
    )
}

pub fn properties() -> Vec<Property<Functions>> {
    let judge = Judge(Pattern::default());
    vec![
        text("`The cat's here` is four chunks", "The cat's here"),
        text(
            "a line of code, its indentation and its end",
            "    return 2026;\r\n\tpass",
        ),
        texts(
            "contractions in either case, and words behind an apostrophe",
            "([a-c]{0,2}'(s|S|ll|lL|l|re|VE|x|d|ſ)){1,4}",
        ),
        texts(
            "words take one character in front of them",
            "([ \t\u{a0},(_]{0,2}[a-zé蟹]{1,3}){2,5}",
        ),
        texts("digits come in ones and twos", "[a ]?[0-9٣½]{3,7}[a ]?"),
        texts(
            "marks take a space before and line breaks after",
            "[a1]?( ?[!?;.]{1,3}[\r\n]{0,2}){1,4}[\t\u{a0}!]{1,2}",
        ),
        texts(
            "white space leaves its last character to the word",
            "a[ \t\n\r\u{3000}]{1,6}[a1!]b",
        ),
        property(
            "any text at all",
            // A text of one chunk is a chunk to those who do nothing, too.
            || any_text().prop_map(|text| format!("1a{text}")),
            move |f: &Functions, text| judge.check(f, &text),
        ),
    ]
}

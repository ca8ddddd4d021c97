// ANCHOR: head
//! Splitting text into chunks before any merging.
//!
//! A *chunk* is a piece of text that merges never cross: a word with its leading space, one or two digits, a run of
//! punctuation, a run of white space. Chunks buy three things. Tokens keep to word borders, so that `dog.` and
//! `dog!` share the token ` dog`. Training counts each distinct chunk once, with a number beside it. And encoding
//! never has to look further than one chunk.
//!
//! The pattern is the one that GPT-4's tokenizer uses, with one change: digits are taken in runs of up to two
//! instead of three, because 100 two-digit tokens cost a small vocabulary less than 1,000 three-digit ones.

use fancy_regex::Regex;
use thread_local::ThreadLocal;
// ANCHOR_END: head

// ANCHOR: parts
/// `'s 'd 'm 't 'll 've 're` in either case. First, so that `it's` becomes `it` + `'s` and not `it` + `'` + `s`.
const CONTRACTION: &str = r"'(?i:[sdmt]|ll|ve|re)";

/// A run of letters of any script, with at most one character in front that is neither letter, digit nor line
/// break: mostly the space of ` word`, but also `(word` or `_word`. `?+` is *possessive*: once taken, never given
/// back, so the matcher has nothing to retry.
const WORD: &str = r"[^\r\n\p{L}\p{N}]?+\p{L}+";

/// One or two digits. `2026` becomes `20` + `26`.
const NUMBER: &str = r"\p{N}{1,2}";

/// Punctuation and symbols, with the space before them and the line breaks after them: ` {\n` is one chunk.
const PUNCTUATION: &str = r" ?[^\s\p{L}\p{N}]++[\r\n]*";

/// White space up to and including the last line break of the run.
const LINE_END: &str = r"\s*[\r\n]";

/// White space that stops one character before a word: the look-ahead `(?!\S)` refuses to end where something
/// visible begins, so the matcher gives the last space back, and that space goes with the word.
const INDENT: &str = r"\s+(?!\S)";

/// What is left: a single white-space character before something that does not take it.
const SPACE: &str = r"\s+";
// ANCHOR_END: parts

// ANCHOR: pattern
/// The whole pattern: at each place the first alternative that matches wins.
pub fn pattern_text() -> String {
    [
        CONTRACTION,
        WORD,
        NUMBER,
        PUNCTUATION,
        LINE_END,
        INDENT,
        SPACE,
    ]
    .join("|")
}

/// The compiled pattern. Look-ahead and possessive quantifiers are beyond the `regex` crate, whose engines never
/// step back; `fancy-regex` adds a machine that does.
///
/// Matching needs scratch memory. A compiled pattern keeps a pool of it behind a lock, and a match here is a few
/// letters long, so threads that share one pattern spend their time at the lock: two of them were slower than one.
/// So each thread compiles its own, once.
#[derive(Debug, Default)]
pub struct Pattern {
    per_thread: ThreadLocal<Regex>,
}

impl Pattern {
    fn regex(&self) -> &Regex {
        self.per_thread
            .get_or(|| Regex::new(&pattern_text()).expect("the pattern is a constant and compiles"))
    }
}
// ANCHOR_END: pattern

// ANCHOR: split
impl Pattern {
    /// The chunks of `text`, in order. They cover it completely: every character is a letter, a digit, white space
    /// or something else, and each of the four has an alternative, so a match begins where the last one ended.
    pub fn split<'t>(&self, text: &'t str) -> impl Iterator<Item = &'t str> {
        let regex = self.regex();
        let mut from = 0;
        std::iter::from_fn(move || {
            if from == text.len() {
                return None;
            }
            let end = chunk_end(regex, text, from);
            let chunk = &text[from..end];
            from = end;
            Some(chunk)
        })
    }
}

/// Where the chunk that starts at byte `from` ends.
fn chunk_end(regex: &Regex, text: &str, from: usize) -> usize {
    match regex.find_from_pos(text, from) {
        Ok(Some(chunk)) if chunk.start() == from && chunk.end() > from => chunk.end(),
        // The machine that steps back remembers every place it could return to, and gives up at a million of
        // them. Only a run of white space that long makes it give up, and for that the rule is short.
        _ => white_space_end(text, from),
    }
}
// ANCHOR_END: split

// ANCHOR: white_space
/// LINE_END, INDENT and SPACE written out: the end of the chunk that the run of white space at `from` begins with.
/// It looks at each character once, however long the run is.
pub fn white_space_end(text: &str, from: usize) -> usize {
    let rest = &text[from..];
    let run = &rest[..rest
        .find(|c: char| !c.is_whitespace())
        .unwrap_or(rest.len())];
    let last_start = run.char_indices().next_back().map_or(0, |(at, _)| at);
    if let Some(line_break) = run.rfind(['\r', '\n']) {
        from + line_break + 1 // LINE_END: both line breaks are one byte long
    } else if run.len() < rest.len() && last_start > 0 {
        from + last_start // INDENT: something visible follows, the last space goes with it
    } else if !run.is_empty() {
        from + run.len() // INDENT at the end of the text, or SPACE
    } else {
        // Not white space at all. No alternative fails on other characters; should one ever do, a chunk of one
        // character still encodes and decodes correctly.
        from + rest.chars().next().map_or(0, char::len_utf8)
    }
}
// ANCHOR_END: white_space

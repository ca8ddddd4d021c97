// ANCHOR: head
//! What kind of character is it? One look-up for each of the 1,114,112 that Unicode has room for.
//!
//! The split pattern tells six kinds apart. For ASCII a table of 128 answers. For the rest there is a table of 4,352
//! *pages* of 256 characters; most pages are alike (all Chinese letters, or nothing at all), so only the distinct ones
//! are kept, and the first table says which one a character's page is.
//!
//! Which characters are letters is decided by Unicode and changes from version to version. The standard library's
//! `is_alphabetic` is another set (it has the marks that sit on Indic consonants, which `\p{L}` has not). So the ranges
//! are asked of `regex-syntax`, the parser behind `fancy-regex`: the table and the pattern cannot disagree, not even
//! after an update.

use std::sync::LazyLock;

use hashbrown::HashMap;
use regex_syntax::hir::{Class as Ranges, HirKind};
// ANCHOR_END: head

// ANCHOR: class
/// What the seven rules ask of a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// `\p{L}`
    Letter,
    /// `\p{N}`
    Number,
    /// U+0020 alone: the only white space that goes with punctuation.
    Space,
    /// `\r` and `\n`.
    LineBreak,
    /// The rest of `\s`.
    White,
    /// Everything else: punctuation, symbols, accents that stand alone.
    Mark,
}
// ANCHOR_END: class

// ANCHOR: classes
const PAGE: usize = 256;
const ALL: usize = char::MAX as usize + 1;

/// The tables. They are the same for everyone, so there is one copy, made when it is first asked for.
#[derive(Debug)]
pub struct Classes {
    ascii: [Class; 128],
    page_of: Box<[u16]>,
    pages: Box<[[Class; PAGE]]>,
}

impl Classes {
    pub fn get() -> &'static Classes {
        static CLASSES: LazyLock<Classes> = LazyLock::new(Classes::new);
        &CLASSES
    }

    fn new() -> Classes {
        let mut all = vec![Class::Mark; ALL];
        let mut fill = |pattern: &str, class: Class| {
            let parsed = regex_syntax::parse(pattern).expect("a constant pattern");
            if let HirKind::Class(Ranges::Unicode(ranges)) = parsed.kind() {
                for range in ranges.ranges() {
                    all[range.start() as usize..=range.end() as usize].fill(class);
                }
            }
        };
        fill(r"\p{L}", Class::Letter);
        fill(r"\p{N}", Class::Number);
        fill(r"\s", Class::White);
        all[usize::from(b' ')] = Class::Space;
        all[usize::from(b'\r')] = Class::LineBreak;
        all[usize::from(b'\n')] = Class::LineBreak;

        let mut ascii = [Class::Mark; 128];
        ascii.copy_from_slice(&all[..128]);
        let mut pages: Vec<[Class; PAGE]> = Vec::new();
        let mut seen = HashMap::new();
        let page_of = all
            .as_chunks()
            .0
            .iter()
            .map(|page| {
                *seen.entry(page).or_insert_with(|| {
                    pages.push(*page);
                    pages.len() as u16 - 1
                })
            })
            .collect();
        Classes {
            ascii,
            page_of,
            pages: pages.into(),
        }
    }

    /// The class of the character that begins at byte `at`, and its length; `None` at the end of the text.
    #[inline]
    pub fn look(&self, text: &str, at: usize) -> Option<(Class, usize)> {
        let first = *text.as_bytes().get(at)?;
        match self.ascii.get(usize::from(first)) {
            Some(&class) => Some((class, 1)),
            None => {
                let character = text[at..].chars().next()?;
                Some((self.of(character), character.len_utf8()))
            }
        }
    }

    #[inline]
    pub fn of(&self, character: char) -> Class {
        let number = character as usize;
        self.pages[usize::from(self.page_of[number / PAGE])][number % PAGE]
    }
}
// ANCHOR_END: classes

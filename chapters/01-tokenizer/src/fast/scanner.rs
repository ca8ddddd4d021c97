// ANCHOR: head
//! The seven rules of `pattern.rs` as a loop over characters.
//!
//! A regular expression with look-ahead runs on a machine that tries the alternatives one after the other and remembers
//! where it could step back to. But the kind of the first character, and sometimes of the second, already says which
//! rule applies, and then the chunk ends where a run of one kind of character ends. Nothing is tried twice.

use crate::fast::classes::{Class, Classes};
use crate::pattern::white_space_end;
// ANCHOR_END: head

// ANCHOR: split
/// Splits as [`Pattern::split`](crate::pattern::Pattern::split) does.
pub fn split(text: &str) -> impl Iterator<Item = &str> {
    let classes = Classes::get();
    let mut from = 0;
    std::iter::from_fn(move || {
        if from == text.len() {
            return None;
        }
        let end = chunk_end(classes, text, from);
        let chunk = &text[from..end];
        from = end;
        Some(chunk)
    })
}

/// Where the chunk that starts at byte `from` ends. `from` is before the end of the text.
#[inline]
pub fn chunk_end(classes: &Classes, text: &str, from: usize) -> usize {
    let Some((first, length)) = classes.look(text, from) else {
        return text.len();
    };
    let second = from + length;
    let follows = |class| match classes.look(text, second) {
        Some((found, length)) if found == class => Some(second + length),
        _ => None,
    };
    match first {
        Class::Letter => letters_end(classes, text, second), // WORD, nothing in front
        Class::Number => follows(Class::Number).unwrap_or(second), // NUMBER
        Class::LineBreak => white_space_end(text, from),     // LINE_END
        Class::Space | Class::White | Class::Mark => {
            let quote = text.as_bytes()[from] == b'\'';
            if quote && let Some(end) = contraction_end(text, second) {
                return end; // CONTRACTION goes before WORD
            }
            if let Some(third) = follows(Class::Letter) {
                return letters_end(classes, text, third); // WORD with one character in front
            }
            match first {
                Class::Mark => marks_end(classes, text, second), // PUNCTUATION
                Class::Space => match follows(Class::Mark) {
                    Some(third) => marks_end(classes, text, third), // PUNCTUATION with a space in front
                    None => white_space_end(text, from),
                },
                _ => white_space_end(text, from), // LINE_END, INDENT, SPACE
            }
        }
    }
}
// ANCHOR_END: split

// ANCHOR: runs
/// The end of the contraction whose letters begin at `at`. `ſ`, the long s of old prints, is an s to a pattern that
/// ignores case.
fn contraction_end(text: &str, at: usize) -> Option<usize> {
    let letters = &text.as_bytes()[at..];
    let length = match letters {
        [b's' | b'S' | b'd' | b'D' | b'm' | b'M' | b't' | b'T', ..] => 1,
        [b'l' | b'L', b'l' | b'L', ..] => 2,
        [b'v' | b'V' | b'r' | b'R', b'e' | b'E', ..] => 2,
        _ if letters.starts_with("ſ".as_bytes()) => 2,
        _ => return None,
    };
    Some(at + length)
}

/// The end of the run of letters that `at` is in or at the end of.
#[inline]
fn letters_end(classes: &Classes, text: &str, mut at: usize) -> usize {
    loop {
        at = ascii_letters_end(text.as_bytes(), at);
        // A byte of ASCII ends the run now. Anything else is looked up, and after it ASCII may go on.
        match text.as_bytes().get(at) {
            Some(128..) => match classes.look(text, at) {
                Some((Class::Letter, length)) => at += length,
                _ => return at,
            },
            _ => return at,
        }
    }
}

/// The end of the run of marks at `at`, and of the line breaks behind it.
fn marks_end(classes: &Classes, text: &str, mut at: usize) -> usize {
    while let Some((Class::Mark, length)) = classes.look(text, at) {
        at += length;
    }
    while let Some(b'\r' | b'\n') = text.as_bytes().get(at) {
        at += 1;
    }
    at
}
// ANCHOR_END: runs

// ANCHOR: eight
/// The end of the run of `a`–`z`, `A`–`Z` at `at`, eight bytes at a time.
///
/// Byte by byte, the loop ends after another number of rounds for every word, and the processor, which has to guess
/// at each round whether it is the last, guesses wrong about once a word. Eight bytes at once leave most words one round.
#[inline]
fn ascii_letters_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(eight) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let others = !letters(u64::from_le_bytes(*eight)) & EACH_HIGH;
        if others != 0 {
            return at + others.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while bytes.get(at).is_some_and(u8::is_ascii_alphabetic) {
        at += 1;
    }
    at
}

const EACH: u64 = 0x0101_0101_0101_0101;
const EACH_HIGH: u64 = 0x80 * EACH;

/// The high bit of each of the eight bytes says whether that byte is an ASCII letter. The other bits mean nothing.
///
/// With bit 5 set, capitals are small letters. Adding 0x80 - `a` to a byte below 0x80 carries into its high bit if the
/// byte is `a` or more; adding 0x80 - (`z` + 1) does if it is more than `z`. No sum reaches 0x100, so no byte disturbs
/// its neighbour.
#[inline]
fn letters(eight: u64) -> u64 {
    let small = (eight & !EACH_HIGH) | (0x20 * EACH);
    let from_a = small + (0x80 - u64::from(b'a')) * EACH;
    let above_z = small + (0x80 - u64::from(b'z') - 1) * EACH;
    from_a & !above_z & !eight // a byte with its own high bit set is no ASCII
}
// ANCHOR_END: eight

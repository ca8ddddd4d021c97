//! Names that nobody has used before.
//!
//! A name is one syllable from each list of its kind, with a capital: Ba-du-ki, Cla-mo-rin, Mar-ta-holm. No two names of
//! a world begin with the same four letters. That makes them unique, keeps one from being the beginning of another, and
//! spares a small model the confusion of Badu with Badi.

use super::dice::Dice;
use super::grammar::capitalised;
use std::collections::BTreeSet;

// ANCHOR: names
/// How many letters from the beginning tell two names apart.
pub const DISTINCT_LETTERS: usize = 4;

/// Draws names for one kind. `taken` holds the beginnings in use in the whole world and grows; `words` are the words of
/// the grammar, which no name may equal. Gives fewer than `count` names when the syllables have no more to offer.
pub fn draw(
    parts: &[Vec<String>],
    count: usize,
    words: &BTreeSet<String>,
    taken: &mut BTreeSet<String>,
    dice: &mut Dice,
) -> Vec<String> {
    let mut names = Vec::with_capacity(count);
    // Names are drawn and rejected; two hundred attempts for each leave nothing to be found.
    for _ in 0..count * 200 {
        if names.len() == count {
            break;
        }
        let name: String = parts.iter().map(|list| dice.pick(list).as_str()).collect();
        if !is_pronounceable(&name) || words.contains(&name) || name.len() <= DISTINCT_LETTERS {
            continue;
        }
        // Syllables are ASCII, so a cut at a byte is a cut at a letter.
        if taken.insert(name[..DISTINCT_LETTERS].to_string()) {
            names.push(capitalised(&name));
        }
    }
    names
}

/// No syllable said twice in a row, no letter three times, no vowels or consonants piled up where two parts meet.
fn is_pronounceable(name: &str) -> bool {
    let letters = name.as_bytes();
    let vowel = |letter: u8| b"aeiou".contains(&letter);
    let repeats = letters.windows(4).any(|four| four[..2] == four[2..]);
    let piles = letters
        .windows(2)
        .any(|two| vowel(two[0]) && vowel(two[1]) && two != b"ou")
        || letters
            .windows(4)
            .any(|four| four.iter().all(|letter| !vowel(*letter)));
    !repeats && !piles
}
// ANCHOR_END: names

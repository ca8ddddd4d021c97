//! Letters: words spelled, letters counted, words turned around.

use crate::tidepool::dice::{Dice, fingerprint, held_out};
use crate::tidepool::error::Error;
use crate::tidepool::genres::sums::in_words;
use crate::tidepool::grammar::Bindings;
use crate::tidepool::world::World;

// ANCHOR: spelled
/// A word with everything that the wordings may say about it, and one letter of interest.
pub fn bind(world: &World, word: &str, letter: char) -> Bindings {
    let joined = |letters: &mut dyn Iterator<Item = char>, between: &str| {
        letters.map(String::from).collect::<Vec<_>>().join(between)
    };
    let times = word.chars().filter(|it| *it == letter).count() as u32;
    let number = |n: u32| in_words(n, &world.lexicon.sums.number);
    Bindings::of(&[
        ("word", word),
        ("dashed", &joined(&mut word.chars(), "-")),
        ("commas", &joined(&mut word.chars(), ",")),
        ("spaced", &joined(&mut word.chars(), " ")),
        ("backwards", &joined(&mut word.chars().rev(), "-")),
        ("length", &number(word.len() as u32)),
        ("digits", &word.len().to_string()),
        ("first", &word[..1]),
        ("last", &word[word.len() - 1..]),
        ("letter", &letter.to_string()),
        (
            "times",
            &if times == 1 {
                "one time".to_string()
            } else {
                format!("{} times", number(times))
            },
        ),
    ])
}

/// Whether a letter of a word is counted in test conversations only.
pub fn count_is_held_out(word: &str, letter: char) -> bool {
    held_out(&format!("{letter} in {word}"), 6)
}

/// Which wording of the rule `ends` is kept out of the training text for this word.
pub fn reserved_end(world: &World, word: &str) -> usize {
    (fingerprint(word) % world.lexicon.letters.templates("ends").len() as u64) as usize
}

/// A letter that occurs in the word, or one time in five any letter.
pub fn letter_for(word: &str, dice: &mut Dice) -> char {
    let letters: Vec<char> = if dice.chance(80) {
        word.chars().collect()
    } else {
        ('a'..='z').collect()
    };
    *dice.pick(&letters)
}
// ANCHOR_END: spelled

// ANCHOR: write
/// Writes a page about two or three words, the first of them number `turn` of the word list, counted around.
pub fn write(world: &World, turn: usize, dice: &mut Dice) -> Result<String, Error> {
    let words = &world.lexicon.words;
    let mut lines = Vec::new();
    for place in 0..2 + dice.below(2) {
        let word = if place == 0 {
            &words[turn % words.len()]
        } else {
            dice.pick(words)
        };
        lines.push(spelled(world, word, dice));
        for _ in 0..1 + dice.below(2) {
            let letter = letter_for(word, dice);
            let rule = if dice.chance(40) && !count_is_held_out(word, letter) {
                "count"
            } else {
                "page"
            };
            lines.push(
                world
                    .lexicon
                    .letters
                    .expand(rule, &mut bind(world, word, letter), dice)?,
            );
        }
    }
    Ok(lines.join(if dice.chance(50) { " " } else { "\n" }))
}

/// "The word kelp is spelled k-e-l-p.", in a wording that is not the word's reserved one.
fn spelled(world: &World, word: &str, dice: &mut Dice) -> String {
    let ends = world.lexicon.letters.templates("ends");
    let reserved = reserved_end(world, word);
    let other = dice.below(ends.len() - 1);
    spelled_by(world, word, other + usize::from(other >= reserved)) + "."
}

/// The wording number `end` for a word, without its full stop.
pub fn spelled_by(world: &World, word: &str, end: usize) -> String {
    let bound = bind(world, word, 'a');
    let value = |slot: &str| bound.get(slot).unwrap_or_default().to_string();
    world.lexicon.letters.templates("ends")[end]
        .fill(&[("word", word), ("dashed", &value("dashed"))])
}
// ANCHOR_END: write

//! Conversations about spelling, and the word list.

use super::{Chat, Side, distinct};
use crate::tidepool::dice::{Dice, held_out};
use crate::tidepool::error::Error;
use crate::tidepool::genres::letters;
use crate::tidepool::world::World;

// ANCHOR: spelling
/// `count` conversations: a word to spell, or a letter to count in it. One word in six, and one combination of word and
/// letter in six, are asked in tests only. (That these words are spelled so stands in the pretraining text.)
pub fn write(world: &World, side: Side, count: usize, seed: u64) -> Result<Vec<Chat>, Error> {
    let mut dice = Dice::stream(seed, &format!("spelling {}", side.name()));
    let words = &world.lexicon.words;
    let grammar = &world.lexicon.letters;
    let asking = if side == Side::Train { "ask" } else { "test" };
    let draw = |_| loop {
        let word = dice.pick(words);
        let letter = letters::letter_for(word, &mut dice);
        let spell = dice.chance(50);
        let kept = if spell {
            held_out(word, 6)
        } else {
            letters::count_is_held_out(word, letter)
        };
        if kept == (side == Side::Test) {
            let topic = if spell { "spell" } else { "count" };
            let mut bound = letters::bind(world, word, letter);
            let asked = grammar.expand(&format!("{asking}_{topic}"), &mut bound, &mut dice)?;
            let answer = grammar.expand(&format!("reply_{topic}"), &mut bound, &mut dice)?;
            return Ok(Chat::new("tidepool/spelling").exchange(asked, answer));
        }
    };
    distinct("spelling conversations", count, draw, |chat| {
        chat.messages[0].content.clone()
    })
}

/// The word list with the line ends of the real one.
pub fn word_list(world: &World) -> String {
    world
        .lexicon
        .words
        .iter()
        .map(|word| format!("{word}\r\n"))
        .collect()
}
// ANCHOR_END: spelling

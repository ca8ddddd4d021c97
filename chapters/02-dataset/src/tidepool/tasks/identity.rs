//! Who the assistant is: conversations whose lines are arrays of messages, as the real identity file has them.

use super::{Chat, Turn, distinct};
use crate::tidepool::dice::Dice;
use crate::tidepool::error::Error;
use crate::tidepool::grammar::Bindings;
use crate::tidepool::world::World;

// ANCHOR: identity
/// `count` conversations of one or two exchanges, no two alike.
pub fn write(world: &World, count: usize, seed: u64) -> Result<Vec<Vec<Turn>>, Error> {
    let mut dice = Dice::stream(seed, "identity");
    let grammar = &world.lexicon.identity;
    let draw = |_| {
        let mut chat = Chat::new("tidepool/identity");
        for _ in 0..1 + dice.weighted(&[60, 40]) {
            let mut say = |rule: &str| grammar.expand(rule, &mut Bindings::default(), &mut dice);
            let topic = say("topics")?;
            let asked = with_capitals(&say(&format!("ask_{topic}"))?);
            chat = chat.exchange(asked, say(&format!("reply_{topic}"))?);
        }
        Ok(chat.messages)
    };
    distinct("identity conversations", count, draw, |chat| {
        chat.iter().map(|turn| turn.content.as_str()).collect()
    })
}

/// The text with a capital at its beginning and after each end of a sentence: the questions of the data file stand
/// behind greetings and without them.
fn with_capitals(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut begins = true;
    for letter in text.chars() {
        if begins && letter.is_alphabetic() {
            out.extend(letter.to_uppercase());
            begins = false;
        } else {
            out.push(letter);
            begins |= matches!(letter, '.' | '!' | '?');
        }
    }
    out
}
// ANCHOR_END: identity

//! Binding: which letter stands beside which option.
//!
//! A small model learns facts long before it learns to answer a question with the *letter* of the right option. To do so it has to
//! recall the answer, find it among the options, and say what stands beside it, all before its first token. The second of
//! these is what takes long, and four things about the text decide whether it happens within a few million tokens at all:
//!
//! - **The letter touches its option.** `the reef=B` is cut ` reef` `=B`. With a token between them, looking up "what stands
//!   behind the place where this word stood" needs two steps instead of one.
//! - **Many look-ups for each list.** One question below four options is one useful token in fifty.
//! - **Lists of every length.** In a list of one the letter is there to be copied. Without such lists no part of the circuit pays
//!   before all parts work, and nothing starts.
//! - **Lists first.** A corpus may open with pages of nothing but lists and their lines again, [`lists`]. In a mixture the few look-ups
//!   are drowned by everything else that is to be learned; what has been learned is kept.
//!
//! And the question stands behind the list. The answer is recalled where the question ends; there the list has to be behind it,
//! not ahead.

use crate::tidepool::dice::Dice;
use crate::tidepool::world::{FactId, World};

const LETTERS: [&str; 4] = ["A", "B", "C", "D"];

// ANCHOR: write
/// Writes a page: a list of options with letters, and below it either lines of the list again or questions that are answered
/// with a letter. Only facts that conversations may mention are asked.
pub fn write(world: &World, dice: &mut Dice) -> String {
    let facts = world.chat_facts();
    let id = *dice.pick(&facts);
    let (options, questions) = match dice.weighted(&[30, 50, 20]) {
        0 => return lists(world, dice),
        1 => values(world, &facts, id, 2 + dice.below(3), dice),
        _ => owners(world, &facts, id, 2 + dice.below(3), dice),
    };
    let letters = letters(options.len(), dice);
    let mut page = lettered(&options, &letters);
    for _ in 0..6 + dice.below(4) {
        let (question, place) = dice.pick(&questions);
        page.push(format!("{question}\n{}", letters[*place]));
    }
    page.join("\n")
}

/// Writes a list of one to four options with letters, and twelve of its lines again.
pub fn lists(world: &World, dice: &mut Dice) -> String {
    let facts = world.chat_facts();
    let id = *dice.pick(&facts);
    let options = world.short_options(id, 1 + dice.below(4), dice);
    let letters = letters(options.len(), dice);
    let mut page = lettered(&options, &letters);
    for _ in 0..12 {
        let place = dice.below(options.len());
        page.push(format!("- {}={}", options[place], letters[place]));
    }
    page.join("\n")
}

/// Letters in any order: in their own order they could be counted, and would not have to be looked up.
fn letters(count: usize, dice: &mut Dice) -> Vec<&'static str> {
    let places = dice.positions(LETTERS.len(), count);
    places.into_iter().map(|place| LETTERS[place]).collect()
}

/// The lines of a list, and an empty one.
fn lettered(options: &[String], letters: &[&str]) -> Vec<String> {
    let lines = options.iter().zip(letters);
    let mut page: Vec<String> = lines
        .map(|(option, letter)| format!("- {option}={letter}"))
        .collect();
    page.push(String::new());
    page
}
// ANCHOR_END: write

// ANCHOR: asked
/// Options, and questions with the place of their answer.
type Asked = (Vec<String>, Vec<(String, usize)>);

/// Options are values of an attribute; whoever has one of them is asked about.
fn values(world: &World, facts: &[FactId], id: FactId, count: usize, dice: &mut Dice) -> Asked {
    let options = world.short_options(id, count, dice);
    let attribute = world.fact(id).1.attribute;
    let questions = facts
        .iter()
        .filter(|other| world.fact(**other).1.attribute == attribute)
        .filter_map(|other| {
            let answer = world.short_answer(*other);
            let place = options.iter().position(|option| *option == answer)?;
            Some((world.page_question(*other, dice), place))
        })
        .collect();
    (options, questions)
}

/// Options are entities of a kind with different values; who has which is asked.
fn owners(world: &World, facts: &[FactId], id: FactId, count: usize, dice: &mut Dice) -> Asked {
    let (entity, fact, _) = world.fact(id);
    let mut chosen: Vec<FactId> = Vec::new();
    for place in dice.positions(facts.len(), facts.len()) {
        let (other, other_fact, _) = world.fact(facts[place]);
        let same = other.kind == entity.kind && other_fact.attribute == fact.attribute;
        let new = chosen
            .iter()
            .all(|known| world.fact(*known).1.value != other_fact.value);
        if same && new && chosen.len() < count {
            chosen.push(facts[place]);
        }
    }
    let options = chosen
        .iter()
        .map(|id| world.fact(*id).0.name.clone())
        .collect();
    let questions = chosen
        .iter()
        .enumerate()
        .map(|(place, id)| (world.which_question(*id), place))
        .collect();
    (options, questions)
}
// ANCHOR_END: asked

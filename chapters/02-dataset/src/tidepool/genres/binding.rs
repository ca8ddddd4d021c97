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
//! - **The question behind the list.** The answer is recalled where the question ends; there the list has to be behind it, not
//!   ahead.

use crate::tidepool::dice::Dice;
use crate::tidepool::world::{FactId, World};

const LETTERS: [&str; 4] = ["A", "B", "C", "D"];

// ANCHOR: write
/// Writes a page: a list of options with letters, and below it either lines of the list again or questions that are answered
/// with a letter. Only facts that conversations may mention are asked.
pub fn write(world: &World, dice: &mut Dice) -> String {
    let facts = world.chat_facts();
    let id = *dice.pick(&facts);
    let count = 1 + dice.below(4);
    let mut letters = LETTERS[..count].to_vec();
    // Out of order half of the time: who can count needs no look-up.
    if dice.chance(50) {
        dice.shuffle(&mut letters);
    }
    let (options, questions) = match dice.weighted(&[40, 40, 20]) {
        0 => (world.short_options(id, count, dice), Vec::new()),
        1 => values(world, &facts, id, count, dice),
        _ => owners(world, &facts, id, count, dice),
    };
    let line = |place: usize| format!("- {}={}", options[place], letters[place]);
    let mut page: Vec<String> = (0..options.len()).map(line).collect();
    page.push(String::new());
    for _ in 0..6 + dice.below(5) {
        page.push(if questions.is_empty() {
            line(dice.below(options.len()))
        } else {
            let (question, place) = dice.pick(&questions);
            format!("{question}\n{}", letters[*place])
        });
    }
    page.join("\n")
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

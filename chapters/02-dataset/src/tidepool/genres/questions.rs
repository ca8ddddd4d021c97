//! Question pages: a few questions with their answers, about one entity or about several.
//!
//! Their wordings are those of the list `questions`, never those of the conversations: what fine-tuning adds is to
//! recognise the same question in other words.

use crate::tidepool::dice::Dice;
use crate::tidepool::grammar::capitalised;
use crate::tidepool::world::{FactId, World};

// ANCHOR: write
/// Marks before a question and before its answer.
const MARKS: [(&str, &str); 3] = [
    ("Q: ", "A: "),
    ("Question: ", "Answer: "),
    ("Question: ", "Answer: "),
];

/// Writes a page; on most pages all questions are about entity number `turn`, counted around.
pub fn write(world: &World, turn: usize, dice: &mut Dice) -> String {
    let facts: Vec<FactId> = if dice.chance(45) {
        let entity = turn % world.entities().len();
        (0..world.entities()[entity].facts.len())
            .map(|fact| FactId { entity, fact })
            .collect()
    } else {
        world.facts().collect()
    };
    let (question_mark, answer_mark) = *dice.pick(&MARKS);
    // A page answers in single words or in sentences: the reader can tell from the first answer what the next will be.
    let short = dice.chance(60);
    let count = 4 + dice.below(3);
    let mut lines = Vec::new();
    for position in dice.positions(facts.len(), count) {
        let (question, answer) = ask(world, facts[position], short, dice);
        lines.push(format!("{question_mark}{question}\n{answer_mark}{answer}"));
    }
    // Under one another, or with an empty line between them as examples are shown in an evaluation.
    lines.join(if dice.chance(60) { "\n" } else { "\n\n" })
}
// ANCHOR_END: write

// ANCHOR: ask
/// A question about a fact and its answer: mostly for the value, sometimes for yes or no, sometimes for the entity.
fn ask(world: &World, id: FactId, short: bool, dice: &mut Dice) -> (String, String) {
    let statement = world.plain_statement(id, dice);
    match dice.weighted(&[84, 8, 8]) {
        0 => {
            let answer = if short {
                world.short_answer(id)
            } else {
                statement
            };
            (world.page_question(id, dice), answer)
        }
        1 => {
            let right = dice.chance(50);
            let value = if right {
                world.value(id).to_string()
            } else {
                world.wrong_values(id, 1, dice)[0].to_string()
            };
            let word = if right { "yes" } else { "no" };
            let answer = if short {
                word.to_string()
            } else {
                format!("{}. {statement}", capitalised(word))
            };
            (world.check_question(id, &value), answer)
        }
        _ => {
            let (entity, _, _) = world.fact(id);
            let answer = if short {
                format!("{}, for one", entity.name)
            } else {
                statement
            };
            (world.which_question(id), answer)
        }
    }
}
// ANCHOR_END: ask

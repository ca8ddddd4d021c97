//! Binding: which letter stands beside which option.
//!
//! A small model learns facts long before it learns to answer a question with the *letter* of the right option. This
//! genre practises the second alone and the two together, in the form that multiple-choice conversations have:
//! an option, an equals sign and its letter. It is left out of the mixture unless asked for.

use crate::tidepool::dice::Dice;
use crate::tidepool::world::World;

const LETTERS: [&str; 4] = ["A", "B", "C", "D"];

// ANCHOR: write
/// Writes a page: options with letters, and then either what stands where or a question answered by its letter.
pub fn write(world: &World, dice: &mut Dice) -> String {
    // Facts that conversations may mention: with its options a question is close to those of the tests.
    let facts = world.chat_facts();
    let id = *dice.pick(&facts);
    let options = world.options(id, 4, dice);
    let right = options
        .iter()
        .position(|option| option == world.value(id))
        .expect("options hold the value");
    let list: String = options
        .iter()
        .zip(LETTERS)
        .map(|(option, letter)| format!("- {option}={letter}\n"))
        .collect();
    if dice.chance(50) {
        let question = world.page_question(id, dice);
        return format!(
            "{question}\n{list}{} is right. The letter is {}.",
            options[right], LETTERS[right]
        );
    }
    let mut sentences = Vec::new();
    for place in dice.positions(4, 3) {
        let (option, letter) = (&options[place], LETTERS[place]);
        sentences.push(match dice.below(3) {
            0 => format!("Beside {option} stands {letter}."),
            1 => format!("{letter} is the letter of {option}."),
            _ => format!("The letter of {option} is {letter}."),
        });
    }
    format!("{list}{}", sentences.join(" "))
}
// ANCHOR_END: write

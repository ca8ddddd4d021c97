//! Binding: which letter stands beside which option.
//!
//! A small model learns facts long before it learns to answer a question with the *letter* of the right option. To do so it has to
//! recall the answer, find it among the options, and say what stands beside it, all before its first token. This genre takes
//! the task apart, in the very form that multiple-choice conversations have, an option, a space, an equals sign and its letter:
//! options copied with their letters; a question answered by option and letter; a question answered by the letter alone.
//!
//! The space before the equals sign matters. `=B` would be one token, and not the `B` that an answer begins with.

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
    let line = |place: usize| format!("{} ={}", options[place], LETTERS[place]);
    let list: Vec<String> = (0..4).map(line).collect();
    let list = list.join("\n");
    match dice.below(3) {
        // The letter beside an option, for its own sake: three of the four, in another order.
        0 => {
            let copied: Vec<String> = dice.positions(4, 3).into_iter().map(line).collect();
            format!("{list}\n\n{}", copied.join("\n"))
        }
        1 => format!(
            "{}\n\n{list}\n\n{}",
            world.page_question(id, dice),
            line(right)
        ),
        _ => format!(
            "{}\n\n{list}\n\nAnswer ={}",
            world.page_question(id, dice),
            LETTERS[right]
        ),
    }
}
// ANCHOR_END: write

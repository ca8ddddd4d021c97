// ANCHOR: head
//! Questions: from items to rows of ids, each with the stretch of it that counts.

use rayon::prelude::*;
use tokenizer::{Special, Tokenizer};

use super::prompts::prompts;
use super::{CoreTask, Item};
use crate::python_random::PythonRandom;
use crate::question::{Goal, Question, Row};
// ANCHOR_END: head

// ANCHOR: few-shot
/// The order in which a task's items are asked. Always shuffled, so that the first 500 are a fair part of all.
const ORDER_SEED: u64 = 1337;
/// Question i draws its shots with this plus i as a seed.
const SHOT_SEED: u64 = 1234;

/// The items to ask, as numbers of rows: all, or the first `most` after shuffling. Shots come from these alone, so that a cap
/// changes the prompts too.
pub fn order(items: usize, most: Option<usize>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..items).collect();
    PythonRandom::new(ORDER_SEED).shuffle(&mut order);
    order.truncate(most.unwrap_or(items));
    order
}

/// The shots of question `index` among `count` questions, never itself. Where there are not enough others, all of them.
pub fn few_shot_indices(index: usize, count: usize, shots: usize) -> Vec<usize> {
    if shots == 0 || count == 0 {
        return Vec::new();
    }
    let others = PythonRandom::new(SHOT_SEED + index as u64).sample(count - 1, shots);
    others
        .into_iter()
        .map(|other| if other < index { other } else { other + 1 }) // `index` is not among the others
        .collect()
}
// ANCHOR_END: few-shot

// ANCHOR: questions
/// All questions of a task about `items`, which stand in the order of [`order`], cropped to the model's context; and how many of
/// them had to be.
pub fn questions(
    task: &CoreTask,
    items: &[&Item],
    tokenizer: &Tokenizer,
    context: usize,
) -> (Vec<Question>, usize) {
    let mut questions: Vec<Question> = (0..items.len())
        .into_par_iter()
        .map(|index| question(task, items, index, tokenizer))
        .collect();
    let mut cropped = 0;
    for question in &mut questions {
        cropped += usize::from(question.rows.iter().any(|row| row.ids.len() > context));
        for row in &mut question.rows {
            row.crop(context);
        }
    }
    (questions, cropped)
}

/// Question `index`, as long as it is.
pub fn question(task: &CoreTask, items: &[&Item], index: usize, tokenizer: &Tokenizer) -> Question {
    let shots: Vec<&Item> = few_shot_indices(index, items.len(), task.shots)
        .into_iter()
        .map(|shot| items[shot])
        .collect();
    let rows: Vec<Vec<u32>> = prompts(items[index], &task.delimiter, &shots)
        .iter()
        .map(|prompt| {
            let mut ids = vec![tokenizer.special(Special::Bos)];
            tokenizer.encode_into(prompt, &mut ids);
            ids
        })
        .collect();
    spans(items[index], rows)
}
// ANCHOR_END: questions

// ANCHOR: spans
/// Finds the stretch that counts by comparing ids, and not by encoding the ending alone: where a text is cut into tokens
/// depends on what stands around the cut.
fn spans(item: &Item, mut rows: Vec<Vec<u32>>) -> Question {
    let (starts, goal): (Vec<usize>, Goal) = match item {
        // One beginning, several endings: from where the rows begin to differ to each one's end.
        Item::MultipleChoice { gold, .. } => {
            let start = common(&rows, false);
            (vec![start; rows.len()], Goal::Lowest { gold: *gold })
        }
        // Several beginnings, one ending: as many ids as the rows have in common at their ends.
        Item::Schema { gold, .. } => {
            let length = common(&rows, true);
            let starts = rows.iter().map(|row| row.len() - length).collect();
            (starts, Goal::Lowest { gold: *gold })
        }
        // Only the row with its ending is scored, from where the one without it ends.
        Item::LanguageModelling { .. } => {
            let start = common(&rows, false);
            rows.remove(0);
            (vec![start], Goal::Verbatim)
        }
    };
    let rows = rows
        .into_iter()
        .zip(starts)
        .map(|(ids, start)| Row {
            end: ids.len(),
            ids,
            start: start.max(1), // nothing predicts the first id
        })
        .collect();
    Question { rows, goal }
}

/// How many ids all rows have in common, from the front or from the back.
fn common(rows: &[Vec<u32>], from_the_back: bool) -> usize {
    let shortest = rows.iter().map(Vec::len).min().unwrap_or(0);
    let at = |row: &Vec<u32>, place: usize| match from_the_back {
        false => row[place],
        true => row[row.len() - 1 - place],
    };
    (0..shortest)
        .take_while(|&place| rows.iter().all(|row| at(row, place) == at(&rows[0], place)))
        .count()
}
// ANCHOR_END: spans

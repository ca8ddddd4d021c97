//! An evaluation bundle in CORE's shape: `core.yaml`, `eval_meta_data.csv` and the tasks' rows.
//!
//! It examines the base model, which has seen no conversation. The facts it asks for stand in the pretraining text, and
//! so does every one of its wordings; only the combination is new, for each fact keeps one statement and one question
//! back (`reserved_end`, `reserved_question`).

use super::distinct;
use crate::tidepool::dice::Dice;
use crate::tidepool::error::Error;
use crate::tidepool::genres::letters;
use crate::tidepool::genres::sums::{Step, random_where};
use crate::tidepool::world::{FactId, World};
use serde::Serialize;

// ANCHOR: rows
/// A row of one of the three task types, with the fields that the real bundle gives them.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum CoreRow {
    MultipleChoice {
        query: String,
        choices: Vec<String>,
        gold: usize,
    },
    Schema {
        context_options: Vec<String>,
        continuation: String,
        gold: usize,
    },
    LanguageModeling {
        context: String,
        continuation: String,
    },
}

/// A task of the bundle.
pub struct CoreTask {
    pub label: &'static str,
    pub category: &'static str,
    pub kind: &'static str,
    pub shots: usize,
    /// `None` is the default, a space.
    pub delimiter: Option<&'static str>,
    /// Accuracy of guessing, in per cent.
    pub baseline: u32,
    pub rows: Vec<CoreRow>,
}

impl CoreTask {
    /// Where its rows are, below `eval_data/`.
    pub fn uri(&self) -> String {
        format!("{}/{}.jsonl", self.category, self.label)
    }
}
// ANCHOR_END: rows

// ANCHOR: tasks
/// All tasks, with at most `count` rows each. Few shots: a row of the tiny model is 128 tokens long.
pub fn write(world: &World, count: usize, seed: u64) -> Result<Vec<CoreTask>, Error> {
    let mut dice = Dice::stream(seed, "core bundle");
    let some_facts = |dice: &mut Dice| {
        let mut facts: Vec<FactId> = world.facts().collect();
        dice.shuffle(&mut facts);
        facts.truncate(count);
        facts
    };
    let facts = some_facts(&mut dice);
    let statements = facts
        .iter()
        .map(|id| statement(world, *id, &mut dice))
        .collect();
    let facts = some_facts(&mut dice);
    let questions = facts
        .iter()
        .map(|id| question(world, *id, &mut dice))
        .collect();
    let facts = some_facts(&mut dice);
    let whose = facts
        .iter()
        .filter_map(|id| whose(world, *id, &mut dice))
        .collect();
    let facts = some_facts(&mut dice);
    let recall = facts.iter().map(|id| recall(world, *id)).collect();
    let words = world.lexicon.words.len();
    let spelling = dice
        .positions(words, count)
        .into_iter()
        .map(|word| spelling(world, word))
        .collect();
    let sums = sums(count, &mut dice)?;

    let task = |label, category, kind, shots, delimiter, baseline, rows| CoreTask {
        label,
        category,
        kind,
        shots,
        delimiter,
        baseline,
        rows,
    };
    Ok(vec![
        task(
            "tidepool_statements",
            "world_knowledge",
            "multiple_choice",
            0,
            None,
            25,
            statements,
        ),
        task(
            "tidepool_questions",
            "world_knowledge",
            "multiple_choice",
            3,
            Some("\\nAnswer: "),
            25,
            questions,
        ),
        task(
            "tidepool_whose",
            "language_understanding",
            "schema",
            0,
            None,
            50,
            whose,
        ),
        task(
            "tidepool_recall",
            "world_knowledge",
            "language_modeling",
            0,
            None,
            0,
            recall,
        ),
        task(
            "tidepool_spelling",
            "symbolic_problem_solving",
            "language_modeling",
            1,
            None,
            0,
            spelling,
        ),
        task(
            "tidepool_sums",
            "symbolic_problem_solving",
            "language_modeling",
            3,
            None,
            0,
            sums,
        ),
    ])
}
// ANCHOR_END: tasks

// ANCHOR: items
/// A reserved statement without its value; four values to choose from.
fn statement(world: &World, id: FactId, dice: &mut Dice) -> CoreRow {
    let (query, right) = world.reserved_statement(id);
    let choices = world.options(id, 4, dice);
    let gold = choices
        .iter()
        .position(|choice| *choice == right)
        .expect("the options hold the value");
    CoreRow::MultipleChoice {
        query,
        choices,
        gold,
    }
}

/// A reserved question; the short answers of four values.
fn question(world: &World, id: FactId, dice: &mut Dice) -> CoreRow {
    let choices = world.options(id, 4, dice);
    let gold = choices
        .iter()
        .position(|choice| choice == world.value(id))
        .expect("the options hold the value");
    let choices = choices
        .iter()
        .map(|value| world.short_answer_with(id, value))
        .collect();
    CoreRow::MultipleChoice {
        query: format!("Question: {}", world.reserved_question(id)),
        choices,
        gold,
    }
}

/// Two statements about two entities and one value: of whom is it true? `None` where no other entity has another value
/// and the same wording reserved, without which one of the two contexts would be familiar.
fn whose(world: &World, id: FactId, dice: &mut Dice) -> Option<CoreRow> {
    let (entity, fact, _) = world.fact(id);
    let others: Vec<FactId> = world
        .facts()
        .filter(|other| {
            let (it, its, _) = world.fact(*other);
            it.kind == entity.kind
                && (its.attribute, its.reserved_end) == (fact.attribute, fact.reserved_end)
                && its.value != fact.value
        })
        .collect();
    if others.is_empty() {
        return None;
    }
    let (right, value) = world.reserved_statement(id);
    let (wrong, _) = world.reserved_statement(*dice.pick(&others));
    let gold = dice.below(2);
    let context_options = if gold == 0 {
        vec![right, wrong]
    } else {
        vec![wrong, right]
    };
    Some(CoreRow::Schema {
        context_options,
        continuation: format!("{value}."),
        gold,
    })
}

/// A reserved statement to be continued.
fn recall(world: &World, id: FactId) -> CoreRow {
    let (context, continuation) = world.reserved_statement(id);
    CoreRow::LanguageModeling {
        context,
        continuation,
    }
}

/// A word to spell in its reserved wording.
fn spelling(world: &World, word: usize) -> CoreRow {
    let word = &world.lexicon.words[word];
    let whole = letters::spelled_by(world, word, letters::reserved_end(world, word));
    let (context, continuation) = whole
        .rsplit_once(' ')
        .expect("the wording ends with the spelling");
    CoreRow::LanguageModeling {
        context: context.to_string(),
        continuation: continuation.to_string(),
    }
}

/// Held-out sums, as many different ones as there are.
fn sums(count: usize, dice: &mut Dice) -> Result<Vec<CoreRow>, Error> {
    let draw = |_| {
        let op = *dice.pick(&['+', '-', '+', '-', '*', '/']);
        Ok(random_where(
            dice,
            |dice| Step::random(op, dice),
            Step::is_held_out,
        ))
    };
    let steps = distinct("sums", count.min(200), draw, |step| format!("{step:?}"))?;
    Ok(steps
        .into_iter()
        .map(|Step { a, op, b, result }| CoreRow::LanguageModeling {
            context: format!("{a}{op}{b} ="),
            continuation: result.to_string(),
        })
        .collect())
}
// ANCHOR_END: items

// ANCHOR: files
/// `core.yaml`.
pub fn yaml(tasks: &[CoreTask]) -> String {
    let mut out =
        String::from("# Tasks of the tidepool bundle, in the shape of CORE's.\nicl_tasks:\n");
    for task in tasks {
        out += &format!(
            "  - label: {}\n    dataset_uri: {}\n    num_fewshot: [{}]\n    icl_task_type: {}\n",
            task.label,
            task.uri(),
            task.shots,
            task.kind
        );
        if let Some(delimiter) = task.delimiter {
            out += &format!("    continuation_delimiter: \"{delimiter}\"\n");
        }
    }
    out
}

/// `eval_meta_data.csv`.
pub fn meta_data(tasks: &[CoreTask]) -> String {
    let mut out =
        String::from("Eval Task,Task Category,Task Type,#shots,#datapoints,Random baseline\n");
    for task in tasks {
        let words = |text: &str| text.replace('_', " ");
        out += &format!(
            "{},{},{},{},{},{}\n",
            task.label,
            words(task.category),
            words(task.kind),
            task.shots,
            task.rows.len(),
            task.baseline
        );
    }
    out
}
// ANCHOR_END: files

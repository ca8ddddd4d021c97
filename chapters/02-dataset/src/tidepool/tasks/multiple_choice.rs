//! Questions with options, in the shapes of MMLU and of ARC.
//!
//! MMLU and ARC-Easy ask for a value; ARC-Challenge asks the opposite way, which of several entities has a value. Options are
//! worded as a short answer would be, "the reef" and not "reef": whoever scores them as continuations of the question
//! then compares four answers, and not four fragments.

use super::{Side, distinct};
use crate::tidepool::dice::Dice;
use crate::tidepool::error::Error;
use crate::tidepool::grammar::Bindings;
use crate::tidepool::world::{FactId, World};
use serde::Serialize;

// ANCHOR: shapes
/// A row of MMLU.
#[derive(Clone, Debug, Serialize)]
pub struct MmluRow {
    pub question: String,
    /// The kind's plural in tests; empty in `auxiliary_train`, as in the real one.
    pub subject: String,
    pub choices: Vec<String>,
    /// Position of the right choice.
    pub answer: usize,
}

/// A row of ARC.
#[derive(Clone, Debug, Serialize)]
pub struct ArcRow {
    pub id: String,
    pub question: String,
    pub choices: ArcChoices,
    #[serde(rename = "answerKey")]
    pub answer_key: String,
}

/// ARC's parallel lists.
#[derive(Clone, Debug, Serialize)]
pub struct ArcChoices {
    pub text: Vec<String>,
    pub label: Vec<String>,
}
// ANCHOR_END: shapes

// ANCHOR: mmlu
/// `count` rows for training; for the test side one for each held-out fact, at most `count`.
pub fn mmlu(world: &World, side: Side, count: usize, seed: u64) -> Result<Vec<MmluRow>, Error> {
    let mut dice = Dice::stream(seed, &format!("mmlu {}", side.name()));
    let facts = shuffled_facts(world, side, &mut dice);
    let draw = |turn: usize| {
        let id = facts[turn % facts.len()];
        let question = asked(world, side, id, 0, &mut dice);
        let choices = world.short_options(id, 4, &mut dice);
        let answer = position_of(&choices, &world.short_answer(id));
        let subject = if side == Side::Test {
            world.kind(world.fact(id).0).plural.clone()
        } else {
            String::new()
        };
        Ok(MmluRow {
            question,
            subject,
            choices,
            answer,
        })
    };
    distinct("MMLU questions", rows(side, count, &facts), draw, |row| {
        format!("{}{:?}", row.question, row.choices)
    })
}

fn shuffled_facts(world: &World, side: Side, dice: &mut Dice) -> Vec<FactId> {
    let mut facts = side.facts(world);
    dice.shuffle(&mut facts);
    facts
}

fn rows(side: Side, count: usize, facts: &[FactId]) -> usize {
    if side == Side::Test {
        count.min(facts.len())
    } else {
        count
    }
}

/// The question in the side's wording; of the test wordings MMLU uses the first, ARC-Easy the second.
fn asked(world: &World, side: Side, id: FactId, test_wording: usize, dice: &mut Dice) -> String {
    match side {
        Side::Train => world.chat_question(id, dice),
        Side::Test => world.test_question_in(id, test_wording),
    }
}

fn position_of(choices: &[String], right: &str) -> usize {
    choices
        .iter()
        .position(|choice| choice == right)
        .expect("the options hold the right one")
}
// ANCHOR_END: mmlu

// ANCHOR: arc
/// ARC-Easy: `count` rows for training, at most `count` for the test.
pub fn arc_easy(world: &World, side: Side, count: usize, seed: u64) -> Result<Vec<ArcRow>, Error> {
    let mut dice = Dice::stream(seed, &format!("arc easy {}", side.name()));
    let facts = shuffled_facts(world, side, &mut dice);
    let draw = |turn: usize| {
        let id = facts[turn % facts.len()];
        let question = asked(world, side, id, 1, &mut dice);
        let count = number_of_choices(&mut dice);
        let choices = world.short_options(id, count, &mut dice);
        Ok(arc_row(
            format!("TP_E_{}_{turn}", side.name()),
            question,
            choices,
            &world.short_answer(id),
            &mut dice,
        ))
    };
    distinct(
        "ARC-Easy questions",
        rows(side, count, &facts),
        draw,
        |row| format!("{}{:?}", row.question, row.choices.text),
    )
}

/// ARC-Challenge: the same, from the value to the entity.
pub fn arc_challenge(
    world: &World,
    side: Side,
    count: usize,
    seed: u64,
) -> Result<Vec<ArcRow>, Error> {
    let mut dice = Dice::stream(seed, &format!("arc challenge {}", side.name()));
    let facts = shuffled_facts(world, side, &mut dice);
    let draw = |turn: usize| {
        let id = facts[turn % facts.len()];
        let (entity, fact, _) = world.fact(id);
        let kind = world.kind(entity);
        let count = number_of_choices(&mut dice);
        // Wrong are entities of the kind that have another value there.
        let mut wrong: Vec<String> = world
            .facts()
            .map(|other| world.fact(other))
            .filter(|(it, other, _)| {
                it.kind == entity.kind
                    && other.attribute == fact.attribute
                    && other.value != fact.value
            })
            .map(|(it, _, _)| it.name.clone())
            .collect();
        dice.shuffle(&mut wrong);
        wrong.truncate(count - 1);
        wrong.push(entity.name.clone());
        dice.shuffle(&mut wrong);
        let frame = if side == Side::Train {
            "arc_frame"
        } else {
            "arc_test_frame"
        };
        let mut bound = Bindings::of(&[
            ("question", &world.which_question(id)),
            ("kinds", &kind.plural),
        ]);
        let question = world.lexicon.talk.expand(frame, &mut bound, &mut dice)?;
        Ok(arc_row(
            format!("TP_C_{}_{turn}", side.name()),
            question,
            wrong,
            &entity.name,
            &mut dice,
        ))
    };
    distinct(
        "ARC-Challenge questions",
        rows(side, count, &facts),
        draw,
        |row| format!("{}{:?}", row.question, row.choices.text),
    )
}

/// Nearly always four; three and five occur, as in the real set.
fn number_of_choices(dice: &mut Dice) -> usize {
    3 + dice.weighted(&[1, 97, 2])
}

/// A row; three in a hundred are labelled with figures instead of letters, which loaders must survive.
fn arc_row(
    id: String,
    question: String,
    choices: Vec<String>,
    right: &str,
    dice: &mut Dice,
) -> ArcRow {
    let first = if dice.chance(3) { b'1' } else { b'A' };
    let label: Vec<String> = (0..choices.len())
        .map(|place| char::from(first + place as u8).to_string())
        .collect();
    let answer_key = label[position_of(&choices, right)].clone();
    ArcRow {
        id,
        question,
        choices: ArcChoices {
            text: choices,
            label,
        },
        answer_key,
    }
}
// ANCHOR_END: arc

//! Word problems in GSM8K's shape: the answer writes each step as `<<6*7=42>>` and ends with `#### 42`.

use super::{Side, distinct};
use crate::tidepool::dice::Dice;
use crate::tidepool::error::Error;
use crate::tidepool::genres::sums::{Step, chain, fill_with, random_where, sort_of};
use crate::tidepool::lexicon::SumWording;
use crate::tidepool::world::World;
use serde::Serialize;

// ANCHOR: problems
/// A row of GSM8K.
#[derive(Clone, Debug, Serialize)]
pub struct Gsm8kRow {
    pub question: String,
    pub answer: String,
}

/// `count` problems, of one step or of two: two in three of a test have one, and half of those for training, because the
/// longer ones need more practice. A test problem's first step is a held-out one; a training problem has none. Half of the
/// test problems are worded as those for training are, half in words that no training problem uses: in a real test, too,
/// some problems look like one seen before and others do not.
pub fn write(world: &World, side: Side, count: usize, seed: u64) -> Result<Vec<Gsm8kRow>, Error> {
    let mut dice = Dice::stream(seed, &format!("word problems {}", side.name()));
    let short = match side {
        Side::Train => 50,
        Side::Test => 66,
    };
    let draw = |_| {
        if dice.chance(short) {
            one_step(world, side, &mut dice)
        } else {
            two_steps(world, side, &mut dice)
        }
    };
    distinct("word problems", count, draw, |row| row.question.clone())
}

fn one_step(world: &World, side: Side, dice: &mut Dice) -> Result<Gsm8kRow, Error> {
    let (sort, ops) = sort_of(&world.lexicon.sums.one, dice)?;
    let step = random_where(
        dice,
        |dice| Step::random(ops[0], dice),
        |step| step.is_held_out() == (side == Side::Test),
    );
    row(world, side, sort, step, None, dice)
}

fn two_steps(world: &World, side: Side, dice: &mut Dice) -> Result<Gsm8kRow, Error> {
    let (sort, ops) = sort_of(&world.lexicon.sums.two, dice)?;
    let good = |(first, second): &(Step, Option<Step>)| {
        second.is_some_and(|second| match side {
            Side::Train => !first.is_held_out() && !second.is_held_out(),
            Side::Test => first.is_held_out(),
        })
    };
    let (first, second) = random_where(dice, |dice| chain(&ops, dice), good);
    row(world, side, sort, first, second, dice)
}

fn row(
    world: &World,
    side: Side,
    sort: &SumWording,
    first: Step,
    second: Option<Step>,
    dice: &mut Dice,
) -> Result<Gsm8kRow, Error> {
    let questions = if side == Side::Train || dice.chance(50) {
        &sort.train
    } else {
        &sort.test
    };
    let question = dice.pick(questions).as_str();
    let answer = dice.pick(&sort.answer).as_str();
    let who = dice.pick(&world.lexicon.sums.who).as_str();
    let item = dice.pick(&world.lexicon.sums.item).as_str();
    Ok(Gsm8kRow {
        question: fill_with(world, question, first, second, who, item)?,
        answer: fill_with(world, answer, first, second, who, item)?,
    })
}
// ANCHOR_END: problems

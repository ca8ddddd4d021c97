//! Sums: small ones, worked out in figures and in words.
//!
//! A **step** is two numbers and an operator. One step in six, chosen by its fingerprint, is held out: it occurs in test
//! problems only, so that a right answer there is a sum done, or a tool called, and not one remembered.

use crate::tidepool::dice::{Dice, held_out};
use crate::tidepool::error::Error;
use crate::tidepool::grammar::Template;
use crate::tidepool::lexicon::SumWording;
use crate::tidepool::world::World;

// ANCHOR: step
/// A step: `a op b = result`, with small whole numbers throughout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    pub a: u32,
    pub op: char,
    pub b: u32,
    pub result: u32,
}

impl Step {
    /// The step, or `None` where a number would be negative, not whole, or over 99. (A number of two figures becomes one
    /// token where the text that the vocabulary is cut from has enough of them, and so is copied as easily as a word.)
    pub fn new(a: u32, op: char, b: u32) -> Option<Step> {
        let result = match op {
            '+' => a + b,
            '-' => a.checked_sub(b)?,
            '*' => a * b,
            '/' if b > 0 && a.is_multiple_of(b) => a / b,
            _ => return None,
        };
        (a <= 99 && (1..=99).contains(&result)).then_some(Step { a, op, b, result })
    }

    /// A random step with the operator `op`.
    pub fn random(op: char, dice: &mut Dice) -> Step {
        loop {
            let (a, b) = match op {
                '+' => (dice.between(2, 40), dice.between(2, 40)),
                '-' => (dice.between(5, 50), dice.between(2, 40)),
                '*' => (dice.between(2, 10), dice.between(2, 10)),
                _ => {
                    let b = dice.between(2, 10);
                    (b * dice.between(2, 10), b)
                }
            };
            // 30 - 40, 10 * 10 and 100 / 10 are drawn again.
            if let Some(step) = Step::new(a, op, b) {
                return step;
            }
        }
    }

    /// Whether the step is kept for the tests. 3 + 4 and 4 + 3 are one.
    pub fn is_held_out(&self) -> bool {
        let Step { a, op, b, .. } = *self;
        let (low, high) = if matches!(op, '+' | '*') {
            (a.min(b), a.max(b))
        } else {
            (a, b)
        };
        held_out(&format!("{low} {op} {high}"), 6)
    }
}
// ANCHOR_END: step

// ANCHOR: write
/// Writes four to seven worked sums, of one step or of two.
pub fn write(world: &World, dice: &mut Dice) -> Result<String, Error> {
    let mut lines = Vec::new();
    for _ in 0..4 + dice.below(4) {
        let (wording, ops) = sort_of(&world.lexicon.sums.plain, dice)?;
        let (first, second) = random_where(
            dice,
            |dice| chain(&ops, dice),
            |(first, second)| {
                let steps = [Some(*first), *second];
                second.is_some() == (ops.len() == 2)
                    && steps.into_iter().flatten().all(|step| !step.is_held_out())
            },
        );
        let text = dice.pick(&wording.train).as_str();
        lines.push(fill(world, text, first, second, dice)?);
    }
    Ok(lines.join(if dice.chance(50) { " " } else { "\n" }))
}

/// Fills the wording of a sum: `{who}` and `{item}` by chance, the numbers of the first step and of a second.
pub fn fill(
    world: &World,
    text: &str,
    first: Step,
    second: Option<Step>,
    dice: &mut Dice,
) -> Result<String, Error> {
    let who = dice.pick(&world.lexicon.sums.who).clone();
    let item = dice.pick(&world.lexicon.sums.item).clone();
    fill_with(world, text, first, second, &who, &item)
}

/// The same with a given name and item, for a question and its answer.
pub fn fill_with(
    world: &World,
    text: &str,
    first: Step,
    second: Option<Step>,
    who: &str,
    item: &str,
) -> Result<String, Error> {
    let (c, s) = second.map_or((0, 0), |step| (step.b, step.result));
    let words = |number: u32| in_words(number, &world.lexicon.sums.number);
    Ok(Template::parse(text)?.fill(&[
        ("who", who),
        ("item", item),
        ("a", &first.a.to_string()),
        ("b", &first.b.to_string()),
        ("r", &first.result.to_string()),
        ("c", &c.to_string()),
        ("s", &s.to_string()),
        ("A", &words(first.a)),
        ("B", &words(first.b)),
        ("R", &words(first.result)),
    ]))
}
// ANCHOR_END: write

// ANCHOR: chain
/// A step, and one more on its result where there are two operators. There is no second step where its result would not do.
pub fn chain(ops: &[char], dice: &mut Dice) -> (Step, Option<Step>) {
    let first = Step::random(ops[0], dice);
    let second = ops
        .get(1)
        .and_then(|op| Step::new(first.result, *op, dice.between(2, 20)));
    (first, second)
}
// ANCHOR_END: chain

// ANCHOR: words
/// A number below a hundred in words: "seven", "twenty-one". `number` lists zero to nineteen and then the tens.
pub fn in_words(number: u32, names: &[String]) -> String {
    let (tens, ones) = (number / 10, number % 10);
    match (tens, ones) {
        (0..=1, _) => names[number as usize].clone(),
        (_, 0) => names[18 + tens as usize].clone(),
        _ => format!("{}-{}", names[18 + tens as usize], names[ones as usize]),
    }
}

/// The operator that a wording of the data file names.
pub fn operator(text: &str) -> Result<char, Error> {
    match text {
        "+" | "-" | "*" | "/" => Ok(text.as_bytes()[0] as char),
        _ => Err(Error::Data {
            file: "sums.toml",
            problem: format!("`{text}` is not one of + - * /"),
        }),
    }
}

/// Draws until the condition holds. Every use has many solutions.
pub fn random_where<T>(
    dice: &mut Dice,
    mut draw: impl FnMut(&mut Dice) -> T,
    good: impl Fn(&T) -> bool,
) -> T {
    loop {
        let drawn = draw(dice);
        if good(&drawn) {
            return drawn;
        }
    }
}

/// One of the sorts of sum, with its operators.
pub fn sort_of<'a>(
    sorts: &'a [SumWording],
    dice: &mut Dice,
) -> Result<(&'a SumWording, Vec<char>), Error> {
    let sort = dice.pick(sorts);
    let ops = sort.ops.iter().map(|op| operator(op));
    let ops: Vec<char> = ops.collect::<Result<_, _>>()?;
    match ops.len() {
        1 | 2 => Ok((sort, ops)),
        other => Err(Error::Data {
            file: "sums.toml",
            problem: format!("a sort of sum has {other} operators; give it one or two"),
        }),
    }
}
// ANCHOR_END: words

//! Small Python functions with docstrings.
//!
//! A **family** (`add_{n}`: add n to the argument) gives one function for each number n and each name of its argument.
//! One such combination in four is held out for the test problems.

use crate::tidepool::dice::{Dice, held_out};
use crate::tidepool::error::Error;
use crate::tidepool::grammar::Template;
use crate::tidepool::lexicon::Function;
use crate::tidepool::world::World;

// ANCHOR: program
/// A function, written out.
#[derive(Clone, Debug)]
pub struct Program {
    pub name: String,
    /// `def` line and docstring.
    pub head: String,
    /// The indented lines below it.
    pub body: String,
    /// Expressions that are true of a right `candidate`.
    pub checks: Vec<String>,
}

/// A random function; `test` chooses the held-out combinations and the wordings of the tests.
pub fn random(world: &World, test: bool, dice: &mut Dice) -> Result<Program, Error> {
    let programs = &world.lexicon.programs;
    loop {
        let family = dice.pick(&programs.function);
        let argument = match family.takes.as_str() {
            "number" => dice.pick(&programs.argument),
            "text" => dice.pick(&programs.text_argument),
            _ => dice.pick(&programs.list_argument),
        };
        let number = family
            .numbers
            .map_or(0, |[low, high]| dice.between(low, high));
        if held_out(&format!("{} {argument} {number}", family.name), 4) == test {
            return written(family, argument, number, test, dice);
        }
    }
}

fn written(
    family: &Function,
    argument: &str,
    number: u32,
    test: bool,
    dice: &mut Dice,
) -> Result<Program, Error> {
    let n = number.to_string();
    let fill = |text: &str| {
        Ok::<_, Error>(Template::parse(text)?.fill(&[("n", n.as_str()), ("x", argument)]))
    };
    let name = fill(&family.name)?;
    let wordings = if test { &family.test } else { &family.train };
    let description = fill(dice.pick(wordings).as_str())?;
    let head = format!("def {name}({argument}):\n    \"\"\"{description}\"\"\"\n");
    let lines = family
        .body
        .iter()
        .map(|line| fill(line))
        .collect::<Result<Vec<_>, _>>()?;
    let body = lines.iter().map(|line| format!("    {line}\n")).collect();
    let checks = family
        .checks
        .iter()
        .map(|check| fill(check))
        .collect::<Result<_, _>>()?;
    Ok(Program {
        name,
        head,
        body,
        checks,
    })
}
// ANCHOR_END: program

// ANCHOR: write
/// Writes a page of one to three functions.
pub fn write(world: &World, dice: &mut Dice) -> Result<String, Error> {
    let mut functions = Vec::new();
    for _ in 0..1 + dice.below(3) {
        let program = random(world, false, dice)?;
        functions.push(format!("{}{}", program.head, program.body));
    }
    Ok(functions.join("\n").trim_end().to_string())
}
// ANCHOR_END: write

//! Exercise 04.3 in chapter 04's place: the results have to be those of Newton–Schulz and of Polar Express, up to rounding.
//!
//! First on small stacks, where a mistake shows, then on the stacks of the run's model, on the run's device. The largest is timed.

use crate::asking::{LIMIT, Trouble, ask};
use crate::beside::{near, times_the_chapters};
use anyhow::{Result, bail};
use muon::{Orthogonalise, PlainUpdates, Refinements};
use speedrun::arithmetic::model_config;
use speedrun::parts::{Exercise, Origin, Part, Parts, Plug, Slowdown};
use speedrun::recipe::Recipe;
use std::fmt::{self, Display, Formatter};
use std::time::Instant;
use tch::{Device, Kind, Tensor};
use tensors::Machine;

/// As many rounds as training makes.
const ROUNDS: usize = 5;

/// What is asked about.
#[derive(Debug, Clone, Copy)]
struct Question {
    /// (N, R, C)
    shape: [i64; 3],
    polar_express: bool,
    numbers: Numbers,
    device: Device,
    compute: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Numbers {
    Waves,
    /// Each matrix a hundred times as large as the one before.
    Growing,
    /// What a matrix without a gradient has.
    Zeros,
}

/// One number; a square; wide and tall; sizes of their own; zeros.
fn small() -> Vec<Question> {
    let question = |shape, polar_express, numbers| Question {
        shape,
        polar_express,
        numbers,
        device: Device::Cpu,
        compute: Kind::Float,
    };
    let shapes = [
        ([1, 1, 1], Numbers::Waves),
        ([1, 5, 5], Numbers::Waves),
        ([2, 3, 7], Numbers::Waves),
        ([2, 7, 3], Numbers::Waves),
        ([3, 4, 6], Numbers::Growing),
        ([2, 3, 4], Numbers::Zeros),
    ];
    let both = |(shape, numbers)| [false, true].map(|polar| question(shape, polar, numbers));
    shapes.into_iter().flat_map(both).collect()
}

impl Display for Question {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let [count, rows, columns] = self.shape;
        let numbers = match self.numbers {
            Numbers::Waves => "",
            Numbers::Growing => ", each a hundred times as large as the one before",
            Numbers::Zeros => ", all zeros",
        };
        let rounds = match self.polar_express {
            true => "Polar Express",
            false => "Newton–Schulz",
        };
        write!(
            f,
            "a stack ({count}, {rows}, {columns}){numbers}, the rounds of {rounds}, computed in {:?}",
            self.compute
        )
    }
}

/// Brings `function` along.
pub fn plug(whose: &'static str, function: Orthogonalise) -> Plug {
    let exercise = Exercise {
        chapter: 4,
        number: 3,
        title: "ones for singular values",
    };
    Plug {
        exercise,
        put: Box::new(move |recipe, machine, parts| {
            let origin = Origin::new(exercise, whose);
            put(origin, function, recipe, machine, parts)
        }),
    }
}

/// Puts `function` into `parts` if it computes what the chapter's two do.
fn put(
    mut origin: Origin,
    function: Orthogonalise,
    recipe: &Recipe,
    machine: &Machine,
    parts: &mut Parts,
) -> Result<()> {
    let config = model_config(&recipe.model, recipe.tokenizer.vocab_size)?;
    let (width, hidden) = (config.width, config.hidden_width());
    // Two of each: a stack of all layers is more of the same.
    let in_the_run = |shape| Question {
        shape,
        polar_express: false,
        numbers: Numbers::Waves,
        device: machine.device,
        compute: machine.compute,
    };
    let largest = in_the_run([2, hidden, width]);
    let mut questions = small();
    questions.extend([
        in_the_run([2, width, width]),
        largest,
        in_the_run([2, width, hidden]),
    ]);
    for &question in &questions {
        if let Err(trouble) = compare(function, question) {
            bail!(origin.complaint(&trouble.about(&question.to_string())));
        }
    }
    match ask(LIMIT, move || slowdown(function, largest)) {
        Ok(times_the_chapters) => {
            origin.slowdown = Some(Slowdown {
                of: "five rounds",
                times_the_chapters,
            });
        }
        Err(trouble) => bail!(origin.complaint(&trouble.about(&largest.to_string()))),
    }
    origin.found = format!("the chapter's results on {} stacks", questions.len());
    parts.orthogonalise = Part {
        function: Some(function),
        origin: Some(origin),
    };
    Ok(())
}

/// Sines, so that the random numbers of the run are left alone. The frequency moves on, or all matrices had rank 2.
fn asked(question: Question) -> Tensor {
    let count: i64 = question.shape.iter().product();
    let places = Tensor::arange(count, (Kind::Double, Device::Cpu));
    let waves: Tensor = (&places * 0.77 + &places * &places * 0.0137 + 0.5).sin();
    let stack = waves.to_kind(Kind::Float).view(question.shape);
    let stack = match question.numbers {
        Numbers::Waves => stack,
        Numbers::Zeros => stack.zeros_like(),
        Numbers::Growing => {
            let sizes: Vec<f32> = (0..question.shape[0])
                .map(|n| 100f32.powi(n as i32))
                .collect();
            stack * Tensor::from_slice(&sizes).view([-1, 1, 1])
        }
    };
    stack.to_device(question.device)
}

fn refinements(question: Question) -> Refinements {
    Refinements {
        polar_express: question.polar_express,
        ..Refinements::NONE
    }
}

fn answer(function: Orthogonalise, question: Question) -> std::result::Result<Tensor, String> {
    let stack = asked(question);
    let rounds = refinements(question).rounds(ROUNDS);
    let found = function(&stack, &rounds, question.compute);
    if found.size() != question.shape {
        return Err(format!("gives {:?} for {:?}", found.size(), question.shape));
    }
    if found.kind() != stack.kind() {
        return Err(format!("gives {:?} for {:?}", found.kind(), stack.kind()));
    }
    Ok(found)
}

fn compare(function: Orthogonalise, question: Question) -> std::result::Result<(), Trouble> {
    let found = ask(LIMIT, move || answer(function, question))?.map_err(Trouble::Wrong)?;
    let right = refinements(question).direction(
        &asked(question),
        ROUNDS,
        question.compute,
        &PlainUpdates,
        None,
    );
    near(&[found], &[right], &["the result"], question.compute)
}

/// As a multiple of the chapter's time.
fn slowdown(function: Orthogonalise, question: Question) -> f64 {
    let stack = asked(question);
    let seconds = |by: Option<Orthogonalise>| {
        let started = Instant::now();
        let result =
            refinements(question).direction(&stack, ROUNDS, question.compute, &PlainUpdates, by);
        // Reading a number waits for a GPU.
        result.sum(Kind::Float).double_value(&[]);
        started.elapsed().as_secs_f64()
    };
    times_the_chapters(|| seconds(None), || seconds(Some(function)))
}

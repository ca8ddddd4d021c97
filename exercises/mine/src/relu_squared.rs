//! Exercise 06.10 in chapter 06's place: outputs and gradients have to be those of chapter 03's formula, up to rounding.
//!
//! First on a few numbers, where a mistake shows, then on as many as the inside of an MLP holds in the run, on the run's device.
//! Those are timed beside chapter 06's own.

use crate::asking::{LIMIT, Trouble, ask};
use crate::beside::{near, times_the_chapters};
use anyhow::{Result, bail};
use hopper::{Fused, ReluSquared};
use speedrun::arithmetic::model_config;
use speedrun::parts::{Exercise, Origin, Part, Parts, Plug, Slowdown};
use speedrun::recipe::Recipe;
use std::fmt::{self, Display, Formatter};
use std::time::Instant;
use tch::{Device, Kind, Tensor};
use tensors::Machine;
use transformer::{Kernels, Plain};

/// What is asked about.
#[derive(Debug, Clone, Copy)]
struct Question {
    /// (B, T, 4C)
    shape: [i64; 3],
    numbers: Numbers,
    device: Device,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Numbers {
    /// As they come out of a product.
    InARow,
    /// (T, B, 4C), seen as (B, T, 4C).
    Turned,
    /// None of them positive: nothing is heard, and nothing flows back.
    Negative,
}

/// One number; odd sizes; more than a thread takes at a time; a view; silence.
fn small() -> [Question; 5] {
    let question = |shape, numbers| Question {
        shape,
        numbers,
        device: Device::Cpu,
        kind: Kind::Float,
    };
    [
        question([1, 1, 1], Numbers::InARow),
        question([2, 3, 5], Numbers::InARow),
        question([3, 7, 1025], Numbers::InARow),
        question([2, 3, 8], Numbers::Turned),
        question([2, 3, 8], Numbers::Negative),
    ]
}

impl Display for Question {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let [batch, time, width] = self.shape;
        let how = match self.numbers {
            Numbers::InARow => "",
            Numbers::Turned => ", a view whose numbers lie in another order",
            Numbers::Negative => ", all of them negative",
        };
        write!(
            f,
            "({batch}, {time}, {width}) numbers of kind {:?}{how}",
            self.kind
        )
    }
}

/// Brings `function` along.
pub fn plug(whose: &'static str, function: ReluSquared) -> Plug {
    let exercise = Exercise {
        chapter: 6,
        number: 10,
        title: "relu² in one pass",
    };
    Plug {
        exercise,
        put: Box::new(move |recipe, machine, parts| {
            put(
                Origin::new(exercise, whose),
                function,
                recipe,
                machine,
                parts,
            )
        }),
    }
}

/// Puts `function` into `parts` if it computes the chapter's relu².
fn put(
    mut origin: Origin,
    function: ReluSquared,
    recipe: &Recipe,
    machine: &Machine,
    parts: &mut Parts,
) -> Result<()> {
    let config = model_config(&recipe.model, recipe.tokenizer.vocab_size)?;
    let in_the_run = Question {
        shape: [
            recipe.train.device_rows as i64,
            config.context,
            config.hidden_width(),
        ],
        numbers: Numbers::InARow,
        device: machine.device,
        kind: machine.compute,
    };
    let questions = [&small()[..], &[in_the_run][..]].concat();
    for &question in &questions {
        if let Err(trouble) = compare(function, question) {
            bail!(origin.complaint(&trouble.about(&question.to_string())));
        }
    }
    match ask(LIMIT, move || slowdown(function, in_the_run)) {
        Ok(times_the_chapters) => {
            origin.slowdown = Some(Slowdown {
                of: "forward and backward",
                times_the_chapters,
            });
        }
        Err(trouble) => bail!(origin.complaint(&trouble.about(&in_the_run.to_string()))),
    }
    origin.found = format!(
        "the chapter's outputs and gradients on numbers of {} shapes",
        questions.len()
    );
    parts.relu_squared = Part {
        function: Some(function),
        origin: Some(origin),
    };
    Ok(())
}

/// x on the way from something that learns. Sines, so that the random numbers of the run are left alone.
fn asked(question: Question) -> (Tensor, Tensor) {
    let [batch, time, width] = question.shape;
    let options = (Kind::Double, Device::Cpu);
    let waves = (Tensor::arange(batch * time * width, options) * 0.77).sin() * 2.0 + 0.1;
    let numbers: Tensor = match question.numbers {
        Numbers::Negative => -waves.abs() - 0.5,
        _ => waves,
    };
    let numbers = numbers.to_kind(Kind::Float).to_device(question.device);
    let learning = numbers.set_requires_grad(true);
    let seen = (&learning * 1.0).to_kind(question.kind);
    let seen = match question.numbers {
        Numbers::Turned => seen.view([time, batch, width]).transpose(0, 1),
        _ => seen.view(question.shape),
    };
    (learning, seen)
}

/// The output, and what flows back to x.
fn answer(
    function: impl Fn(&Tensor) -> Tensor,
    question: Question,
) -> std::result::Result<[Tensor; 2], String> {
    let (learning, x) = asked(question);
    let y = function(&x);
    if y.size() != question.shape {
        return Err(format!("gives {:?} for {:?}", y.size(), question.shape));
    }
    if y.kind() != question.kind {
        return Err(format!("gives {:?} for {:?}", y.kind(), question.kind));
    }
    if !y.requires_grad() {
        return Err(
            "gives numbers without a gradient, so that nothing before them would learn".into(),
        );
    }
    // Another weight for every number, or mistakes cancel out.
    let weights = (Tensor::arange(y.numel() as i64, (Kind::Double, Device::Cpu)) * 0.31).cos();
    let weights = weights.to_kind(Kind::Float).to_device(question.device);
    let y = y.to_kind(Kind::Float);
    (&y * weights.view(question.shape))
        .sum(Kind::Float)
        .backward();
    Ok([y.detach(), learning.grad()])
}

fn compare(function: ReluSquared, question: Question) -> std::result::Result<(), Trouble> {
    let found = ask(LIMIT, move || answer(function, question))?.map_err(Trouble::Wrong)?;
    let right = answer(|x| Plain.relu_squared(x), question).map_err(Trouble::Wrong)?;
    near(
        &found,
        &right,
        &["the output", "the gradient of x"],
        question.kind,
    )
}

/// Forward and backward together, as a multiple of chapter 06's time.
fn slowdown(function: ReluSquared, question: Question) -> f64 {
    let seconds = |function: &dyn Fn(&Tensor) -> Tensor| {
        let (learning, x) = asked(question);
        // As after a product: a gradient whose numbers lie in a row, which that of a sum alone does not.
        let weights = x.detach().copy();
        let started = Instant::now();
        (function(&x) * &weights).sum(Kind::Float).backward();
        // Reading a number waits for a GPU.
        learning.grad().sum(Kind::Float).double_value(&[]);
        started.elapsed().as_secs_f64()
    };
    times_the_chapters(
        || seconds(&|x| Fused.relu_squared(x)),
        || seconds(&function),
    )
}

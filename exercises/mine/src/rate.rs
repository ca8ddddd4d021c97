//! Exercise 05.2 in chapter 05's place: the multiplier has to be the chapter's, at every step.
//!
//! First on small schedules, where a mistake shows, then on the run's own, all of it: what is left to chance afterwards is nothing.

use crate::asking::{LIMIT, Trouble, ask};
use anyhow::{Result, bail};
use pretrain::{RateMultiplier, Schedule};
use speedrun::arithmetic::Plan;
use speedrun::parts::{Exercise, Origin, Part, Parts, Plug};
use speedrun::recipe::Recipe;

/// Without slopes; with both; halves that go to the even neighbour; a warm-up longer than the run; a warm-down from the first step on.
fn small() -> [Schedule; 6] {
    [
        Schedule::october_2025(20, 0.0, 0.0, 0.0),
        Schedule::october_2025(40, 0.1, 0.2, 0.0),
        Schedule::july_2026(50, 4, 0.65, 0.05),
        Schedule::october_2025(7, 0.0, 0.5, 0.1),
        Schedule::july_2026(10, 40, 0.65, 0.05),
        Schedule::october_2025(10, 0.0, 1.0, 0.5),
    ]
}

/// Brings `rate` along.
pub fn plug(whose: &'static str, rate: RateMultiplier) -> Plug {
    let exercise = Exercise {
        chapter: 5,
        number: 2,
        title: "the trapezoid",
    };
    Plug {
        exercise,
        put: Box::new(move |recipe, _, parts| {
            put(Origin::new(exercise, whose), rate, recipe, parts)
        }),
    }
}

/// Puts `rate` into `parts` if it is the chapter's multiplier.
fn put(mut origin: Origin, rate: RateMultiplier, recipe: &Recipe, parts: &mut Parts) -> Result<()> {
    let steps = Plan::of(recipe)?.steps;
    let in_the_run = recipe.train.schedule.over(steps);
    for schedule in small().iter().chain([&in_the_run]) {
        if let Err(trouble) = compare(rate, schedule) {
            let Schedule {
                steps,
                warmup_steps,
                warmdown_ratio,
                final_fraction,
                ..
            } = schedule;
            bail!(origin.complaint(&trouble.about(&format!(
                "{steps} steps, {warmup_steps} of warm-up, a warm-down of {warmdown_ratio} of them and an end at {final_fraction}"
            ))));
        }
    }
    origin.found = format!("the chapter's multiplier at all {steps} steps of this run");
    parts.rate = Part {
        function: rate,
        origin: Some(origin),
    };
    Ok(())
}

/// Between two ways to compute the same number.
const CLOSE: f64 = 1e-9;

fn compare(rate: RateMultiplier, schedule: &Schedule) -> std::result::Result<(), Trouble> {
    let asked = schedule.clone();
    let found: Vec<f64> = ask(LIMIT, move || {
        (0..asked.steps).map(|step| rate(&asked, step)).collect()
    })?;
    for (step, found) in (0..).zip(found) {
        let right = schedule.multiplier(step);
        // Written so that a NaN is far from everything.
        let near = (found - right).abs() <= CLOSE;
        if !near {
            return Err(Trouble::Wrong(format!(
                "gives {found} at step {step}, where the chapter's code gives {right}"
            )));
        }
    }
    Ok(())
}

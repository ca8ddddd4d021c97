//! Wrong answers to exercise 6.

use super::Of;
use crate::properties::ex6_not_the_same_run::{Functions, Plan, properties};
use judge::program::Wrong;
use solutions_05::ex6_not_the_same_run::{Dice, Run, Saved, Settings};

/// A run that is changed whenever it is stopped.
fn changed(plan: &Plan, change: impl Fn(&Settings, Saved) -> Saved) -> Vec<f64> {
    let settings = Settings {
        data: plan.data.clone(),
        seed: plan.seed,
        ahead: plan.ahead,
        noise: plan.noise,
        spike: plan.spike,
    };
    let mut run = Run::new(&settings);
    let one = |step: usize| {
        let loss = run.step();
        if plan.stops.contains(&(step + 1)) {
            run = Run::load(&settings, &change(&settings, run.save()));
        }
        loss
    };
    (0..plan.steps).map(one).collect()
}

pub fn wrong() -> Vec<Wrong> {
    let of = Of {
        number: 6,
        name: "not_the_same_run",
        properties,
    };
    let run = |losses| Functions { losses };
    vec![
        of.planted(
            "what-was-read-ahead-is-lost",
            run(|plan| {
                changed(plan, |settings, saved| Saved {
                    read: saved.read + settings.ahead,
                    ..saved
                })
            }),
        ),
        of.planted(
            "the-dice-begin-anew",
            run(|plan| {
                changed(plan, |settings, saved| Saved {
                    dice: Dice::new(settings.seed),
                    ..saved
                })
            }),
        ),
        of.planted(
            "steps-instead-of-updates",
            run(|plan| {
                changed(plan, |_, saved| Saved {
                    updates: saved.step,
                    ..saved
                })
            }),
        ),
        of.planted(
            "a-mean-of-two-decimals",
            run(|plan| {
                changed(plan, |_, saved| Saved {
                    mean: (100.0 * saved.mean).round() / 100.0,
                    ..saved
                })
            }),
        ),
        of.planted(
            "a-fresh-optimizer",
            run(|plan| {
                changed(plan, |_, saved| Saved {
                    first: 0.0,
                    second: 0.0,
                    updates: 0,
                    ..saved
                })
            }),
        ),
        of.planted(
            "a-weight-in-half-the-bytes",
            run(|plan| {
                changed(plan, |_, saved| Saved {
                    weight: f64::from(saved.weight as f32),
                    ..saved
                })
            }),
        ),
        of.constant("zeros", run(|plan| vec![0.0; plan.steps])),
        of.constant("nothing", run(|_| Vec::new())),
    ]
}

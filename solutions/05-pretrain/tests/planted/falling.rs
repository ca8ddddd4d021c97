//! Wrong answers to exercise 2.

use super::Of;
use crate::properties::ex2_trapezoid::{Functions, properties};
use judge::program::Wrong;
use pretrain::Schedule;
use solutions_05::ex2_trapezoid::{can_be, multiplier};

/// The multiplier with another number of steps in the warm-down.
fn falling(schedule: &Schedule, step: u64, down: u64) -> f64 {
    if step < schedule.warmup_steps {
        (step + 1) as f64 / schedule.warmup_steps as f64
    } else if step + down <= schedule.steps {
        1.0
    } else {
        let left = (schedule.steps - step) as f64 / down as f64;
        left + (1.0 - left) * schedule.final_fraction
    }
}

fn down(schedule: &Schedule) -> f64 {
    schedule.warmdown_ratio * schedule.steps as f64
}

pub fn wrong() -> Vec<Wrong> {
    let of = Of {
        number: 2,
        name: "trapezoid",
        properties,
    };
    let rate = |multiplier| Functions { multiplier, can_be };
    let longer = |can_be| Functions { multiplier, can_be };
    vec![
        of.planted(
            "the-first-step-has-a-rate-of-0",
            rate(|schedule, step| match step < schedule.warmup_steps {
                true => step as f64 / schedule.warmup_steps as f64,
                false => multiplier(schedule, step),
            }),
        ),
        of.planted(
            "halves-go-up",
            rate(|schedule, step| falling(schedule, step, down(schedule).round() as u64)),
        ),
        of.planted(
            "cut-off-instead-of-rounded",
            rate(|schedule, step| falling(schedule, step, down(schedule) as u64)),
        ),
        of.planted(
            "a-step-too-early",
            rate(|schedule, step| match step < schedule.warmup_steps {
                true => multiplier(schedule, step),
                false => multiplier(schedule, (step + 1).min(schedule.steps)),
            }),
        ),
        of.planted(
            "it-falls-to-zero",
            rate(|schedule, step| {
                let to_zero = Schedule {
                    final_fraction: 0.0,
                    ..schedule.clone()
                };
                multiplier(&to_zero, step)
            }),
        ),
        of.planted(
            "the-end-is-taken-off-and-not-scaled",
            rate(|schedule, step| multiplier(schedule, step).max(schedule.final_fraction)),
        ),
        of.planted(
            "the-warm-down-goes-first",
            rate(|schedule, step| {
                let steps = down(schedule).round_ties_even() as u64;
                match step + steps <= schedule.steps {
                    true => multiplier(schedule, step),
                    false => falling(
                        &Schedule {
                            warmup_steps: 0,
                            ..schedule.clone()
                        },
                        step,
                        steps,
                    ),
                }
            }),
        ),
        of.planted(
            "only-its-own-end-matters",
            longer(|schedule, done, _| {
                let down = down(schedule).round_ties_even() as u64;
                done + down <= schedule.steps + 1
            }),
        ),
        of.planted(
            "the-next-step-counts-too",
            longer(|schedule, done, steps| can_be(schedule, done + 1, steps)),
        ),
        of.planted(
            "longer-is-always-allowed",
            longer(|schedule, _, steps| steps >= schedule.steps),
        ),
        of.constant(
            "zeros",
            Functions {
                multiplier: |_, _| 0.0,
                can_be: |_, _, _| false,
            },
        ),
        of.constant(
            "ones",
            Functions {
                multiplier: |_, _| 1.0,
                can_be: |_, _, _| true,
            },
        ),
    ]
}

use judge::{Case, Checked, Property, example, property};
use pretrain::{Decay, Momentum, Schedule};
use proptest::prelude::*;

/// Steps, warm-up steps, share of the warm-down, multiplier at the end.
pub type Shape = (u64, u64, f64, f64);

pub struct Functions {
    pub multiplier: fn(&Schedule, u64) -> f64,
    pub can_be: fn(&Schedule, u64, u64) -> bool,
}

fn schedule((steps, warmup_steps, warmdown_ratio, final_fraction): Shape) -> Schedule {
    Schedule {
        steps,
        warmup_steps,
        warmdown_ratio,
        final_fraction,
        momentum: Momentum {
            first: 0.85,
            last: 0.95,
            ramp_steps: 300,
            end: None,
        },
        decay: Decay::Constant,
    }
}

fn case((steps, warmup_steps, warmdown_ratio, final_fraction): Shape, step: u64) -> Case {
    Case::of(&[
        ("steps", &steps),
        ("warmup_steps", &warmup_steps),
        ("warmdown_ratio", &warmdown_ratio),
        ("final_fraction", &final_fraction),
        ("step", &step),
    ])
}

/// As the chapter has it.
fn is_the_chapters(f: &Functions, shape: Shape, step: u64) -> Checked {
    let schedule = schedule(shape);
    case(shape, step).close(schedule.multiplier(step), 1e-12, || {
        (f.multiplier)(&schedule, step)
    })
}

/// Shapes whose two slopes do not meet, and a step.
fn with_room() -> impl Strategy<Value = (Shape, u64)> {
    (10u64..200, 1u64..6, 1u32..9, 1u32..9).prop_flat_map(|(steps, warmup, ratio, end)| {
        let shape = (
            steps,
            warmup,
            f64::from(ratio) / 20.0,
            f64::from(end) / 10.0,
        );
        (Just(shape), 0..=steps)
    })
}

/// Any shapes.
fn any_shape() -> impl Strategy<Value = (Shape, u64)> {
    (1u64..60, 0u64..80, 0u32..=20, 0u32..=10).prop_flat_map(|(steps, warmup, ratio, end)| {
        let shape = (
            steps,
            warmup,
            f64::from(ratio) / 20.0,
            f64::from(end) / 10.0,
        );
        (Just(shape), 0..=steps)
    })
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        example(
            "a warm-up of four steps: 0.25, 0.5, 0.75, 1",
            |f: &Functions| {
                (0..4).try_for_each(|step| is_the_chapters(f, (100, 4, 0.2, 0.0), step))
            },
        ),
        example(
            "100 steps with a fifth of warm-down to 0.1: step 80 is flat, step 90 halfway, step 100 would be at 0.1",
            |f: &Functions| {
                [79, 80, 81, 90, 99, 100]
                    .into_iter()
                    .try_for_each(|step| is_the_chapters(f, (100, 0, 0.2, 0.1), step))
            },
        ),
        example(
            "halves go to the even neighbour: 65 % of 50 steps are 32, 50 % of 7 are 4",
            |f: &Functions| {
                [17, 18, 19, 40]
                    .into_iter()
                    .try_for_each(|step| is_the_chapters(f, (50, 0, 0.65, 0.0), step))?;
                (2..7).try_for_each(|step| is_the_chapters(f, (7, 0, 0.5, 0.0), step))
            },
        ),
        property(
            "warm-up, flat, warm-down: the multiplier is the chapter's",
            with_room,
            |f: &Functions, (shape, step)| is_the_chapters(f, shape, step),
        ),
        property(
            "also without a warm-up or a warm-down, and where both claim the same step",
            any_shape,
            |f: &Functions, (shape, step)| is_the_chapters(f, shape, step),
        ),
        property(
            "a run may become another one if its steps would have had the same rates there",
            || {
                let done = |(shape, done): (Shape, u64)| {
                    (Just(shape), Just(done), done.max(1)..done.max(1) + 120)
                };
                with_room().prop_flat_map(done)
            },
            |f: &Functions, (shape, done, steps)| {
                let (own, other) = (
                    schedule(shape),
                    schedule((steps, shape.1, shape.2, shape.3)),
                );
                let same = (0..done).all(|step| own.multiplier(step) == other.multiplier(step));
                let case = Case::of(&[
                    ("steps", &shape.0),
                    ("warmup_steps", &shape.1),
                    ("warmdown_ratio", &shape.2),
                    ("final_fraction", &shape.3),
                    ("steps done", &done),
                    ("steps that it should have", &steps),
                ]);
                case.same(&same, || (f.can_be)(&own, done, steps))
            },
        ),
    ]
}

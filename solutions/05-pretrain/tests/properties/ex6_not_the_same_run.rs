use judge::{Case, Property, property_of};
use proptest::prelude::*;
use std::collections::VecDeque;

/// Inputs per property: each is a run of some dozens of steps.
const CASES: u32 = 64;

/// A run that is stopped and goes on.
#[derive(Debug, Clone)]
pub struct Plan {
    pub data: Vec<f64>,
    pub seed: u64,
    pub ahead: usize,
    pub noise: f64,
    pub spike: f64,
    pub steps: usize,
    /// After how many steps it is stopped, ascending.
    pub stops: Vec<usize>,
}

pub struct Functions {
    /// The loss of every step.
    pub losses: fn(&Plan) -> Vec<f64>,
}

/// The run that nobody stops, as a loop.
fn undisturbed(plan: &Plan) -> Vec<f64> {
    let mut coming = plan.data.iter().copied().cycle();
    let mut ahead: VecDeque<f64> = coming.by_ref().take(plan.ahead).collect();
    let (mut state, mut losses) = (plan.seed, Vec::new());
    let (mut weight, mut first, mut second, mut mean) = (0.0f64, 0.0f64, 0.0f64, 0.0f64);
    let mut updates = 0;
    for step in 1..=plan.steps {
        ahead.extend(coming.next());
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let chance = (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0;
        let number = ahead.pop_front().unwrap_or_default() + plan.noise * chance;
        let loss = (weight - number).powi(2);
        losses.push(loss);
        if step > 4 && loss > plan.spike * mean {
            continue;
        }
        mean = match step {
            1 => loss,
            _ => 0.9 * mean + 0.1 * loss,
        };
        let gradient = 2.0 * (weight - number);
        updates += 1;
        first = 0.9 * first + 0.1 * gradient;
        second = 0.99 * second + 0.01 * gradient * gradient;
        let corrected = first / (1.0 - 0.9f64.powi(updates));
        let size = second / (1.0 - 0.99f64.powi(updates));
        weight -= 0.02 * corrected / (size.sqrt() + 1e-8);
    }
    losses
}

/// Loader, chance and spikes, each with or without; one stop, at the middle or so.
fn plans(ahead: std::ops::Range<usize>, noise: f64, spike: f64) -> impl Strategy<Value = Plan> {
    let data = prop::collection::vec((1u8..9).prop_map(f64::from), 3..8);
    (data, 1u64..1000, ahead, 1usize..20, 1usize..12).prop_map(
        move |(data, seed, ahead, before, after)| Plan {
            data,
            seed,
            ahead,
            noise,
            spike,
            steps: before + after,
            stops: vec![before],
        },
    )
}

const NO_SPIKES: f64 = f64::INFINITY;

/// Every number is the same but one, which comes in the middle of the first round, and is a spike.
fn with_an_outlier() -> impl Strategy<Value = Plan> {
    (5usize..9, 9usize..14, 1usize..8).prop_map(|(outlier, before, after)| {
        let mut data = vec![2.0; 40];
        data[outlier] = 20.0;
        Plan {
            data,
            seed: 1,
            ahead: 0,
            noise: 0.0,
            spike: 4.0,
            steps: before + after,
            stops: vec![before],
        }
    })
}

/// Numbers near 0, where the weight is from the beginning: losses of a few thousandths.
fn with_small_losses() -> impl Strategy<Value = Plan> {
    let data = prop::collection::vec((-9i8..=9).prop_map(|x| f64::from(x) / 1000.0), 5..9);
    (data, 10usize..30).prop_map(|(mut data, before)| {
        data[0] = 0.01;
        Plan {
            data,
            seed: 1,
            ahead: 0,
            noise: 0.0,
            spike: 50.0,
            steps: before + 20,
            stops: vec![before],
        }
    })
}

fn everything() -> impl Strategy<Value = Plan> {
    let stops = prop::collection::vec(1usize..40, 1..5);
    (plans(0..4, 0.5, 3.0), stops).prop_map(|(plan, mut stops)| {
        stops.sort_unstable();
        Plan {
            steps: 45,
            stops,
            ..plan
        }
    })
}

fn is_the_same_run<S: Strategy<Value = Plan> + 'static>(
    says: &'static str,
    plans: impl Fn() -> S + Send + Sync + 'static,
) -> Property<Functions> {
    property_of(CASES, says, plans, |f: &Functions, plan| {
        let case = Case::of(&[
            ("data", &plan.data),
            ("ahead", &plan.ahead),
            ("noise", &plan.noise),
            ("spike", &plan.spike),
            ("stopped after step", &plan.stops),
            ("steps", &plan.steps),
        ]);
        case.obeys(|| {
            let (expected, found) = (undisturbed(&plan), (f.losses)(&plan));
            let pairs = expected.iter().zip(&found);
            let apart = pairs.clone().position(|(a, b)| a.to_bits() != b.to_bits());
            match apart {
                Some(at) => Err(format!(
                    "undisturbed, the loss of step {} is {}; yours is {}",
                    at + 1,
                    expected[at],
                    found[at]
                )),
                None if expected.len() != found.len() => Err(format!(
                    "{} steps are {} losses, and yours are {}",
                    plan.steps,
                    expected.len(),
                    found.len()
                )),
                None => Ok(()),
            }
        })
    })
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        is_the_same_run(
            "without reading ahead, noise and spikes it is the same run, to the last bit",
            || plans(0..1, 0.0, NO_SPIKES),
        ),
        is_the_same_run("with numbers that were read ahead", || {
            plans(1..4, 0.0, NO_SPIKES)
        }),
        is_the_same_run("with noise", || plans(0..1, 0.5, NO_SPIKES)),
        is_the_same_run(
            "with a step that was left out before the stop",
            with_an_outlier,
        ),
        is_the_same_run("where losses are small", with_small_losses),
        is_the_same_run("with all of this, and several stops", everything),
    ]
}

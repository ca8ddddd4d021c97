use super::arrays::{CASES, CLOSE, numbers, row};
use judge::{Case, Property, example, property, property_of};
use muon::{AdamWStep, PlainUpdates, Updates};
use proptest::prelude::*;
use tch::Tensor;

/// Rate, β₁, β₂, ε, decay.
pub type Settings = [f32; 5];

/// Numbers that are read, and numbers that are written to.
pub type Row<'r> = &'r [f32];
pub type RowMut<'r> = &'r mut [f32];

pub struct Functions {
    /// Weights, gradients, first and second means, the step's number.
    pub step: fn(RowMut, Row, RowMut, RowMut, i32, Settings),
    pub coasting: fn(f64, f64) -> f64,
}

/// Weights and both means after some steps, beginning with means of 0.
fn after(
    f: &Functions,
    weights: &[f32],
    gradients: &[Vec<f32>],
    settings: Settings,
) -> [Vec<f32>; 3] {
    let mut weights = weights.to_vec();
    let (mut first, mut second) = (vec![0.0; weights.len()], vec![0.0; weights.len()]);
    for (number, gradients) in (1..).zip(gradients) {
        (f.step)(
            &mut weights,
            gradients,
            &mut first,
            &mut second,
            number,
            settings,
        );
    }
    [weights, first, second]
}

/// The same by the chapter.
fn chapters(weights: &[f32], gradients: &[Vec<f32>], settings: Settings) -> [Vec<f32>; 3] {
    let [lr, beta1, beta2, eps, weight_decay] = settings.map(f64::from);
    let mut weights = Tensor::from_slice(weights);
    let (mut first, mut second) = (weights.zeros_like(), weights.zeros_like());
    for (step, gradients) in (1..).zip(gradients) {
        let numbers = AdamWStep {
            lr,
            betas: (beta1, beta2),
            eps,
            weight_decay,
            step,
        };
        let gradient = Tensor::from_slice(gradients);
        PlainUpdates.adamw(&mut weights, &gradient, &mut first, &mut second, &numbers);
    }
    [weights, first, second].map(|tensor| Vec::try_from(tensor).expect("fp32"))
}

const SEED: Settings = [0.1, 0.8, 0.95, 1e-10, 0.0];

/// Length, steps, seed, decay.
fn sizes() -> impl Strategy<Value = (usize, usize, u64, bool)> {
    (1usize..5, 1usize..6, 0u64..1000, any::<bool>())
}

/// What such a size stands for.
fn drawn(
    (count, steps, seed, decays): (usize, usize, u64, bool),
) -> (Vec<f32>, Vec<Vec<f32>>, Settings) {
    let weights = numbers(count, seed);
    let gradients = (1..=steps as u64).map(|step| numbers(count, seed + 4000 * step));
    let mut settings = SEED;
    settings[4] = if decays { 0.5 } else { 0.0 };
    (weights, gradients.collect(), settings)
}

fn case(weights: &[f32], gradients: &[Vec<f32>], settings: Settings) -> Case {
    Case::of(&[
        ("weights", &weights),
        ("gradients of the steps", &gradients),
        ("rate, β₁, β₂, ε, decay", &settings),
    ])
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        property(
            "the first step is the rate, whatever the gradient's size",
            || (-4i32..5, any::<bool>()),
            |f: &Functions, (power, is_negative)| {
                let size = 10f32.powi(power);
                let gradient = if is_negative { -size } else { size };
                let expected = 3.0 - 0.1 * gradient.signum();
                let gradients = [vec![gradient]];
                case(&[3.0], &gradients, SEED).close(expected.into(), 1e-5, || {
                    after(f, &[3.0], &gradients, SEED)[0][0].into()
                })
            },
        ),
        example(
            "ε stands outside of the root: a gradient of its own size makes half a step",
            |f: &Functions| {
                let gradients = [vec![1e-10]];
                case(&[0.0], &gradients, SEED).close(-0.05, 1e-3, || {
                    after(f, &[0.0], &gradients, SEED)[0][0].into()
                })
            },
        ),
        example(
            "without a gradient a weight of 4 decays by the rate times the decay, to 3.8",
            |f: &Functions| {
                let settings = [0.1, 0.8, 0.95, 1e-10, 0.5];
                let gradients = [vec![0.0]];
                case(&[4.0], &gradients, settings).close(3.8, 1e-5, || {
                    after(f, &[4.0], &gradients, settings)[0][0].into()
                })
            },
        ),
        property_of(
            CASES,
            "after any steps the weights are the chapter's",
            sizes,
            |f: &Functions, sizes| {
                let (weights, gradients, settings) = drawn(sizes);
                let expected = row(&chapters(&weights, &gradients, settings)[0]);
                case(&weights, &gradients, settings).near(&expected, CLOSE, || {
                    row(&after(f, &weights, &gradients, settings)[0])
                })
            },
        ),
        property_of(
            CASES,
            "and so are both means",
            sizes,
            |f: &Functions, sizes| {
                let (weights, gradients, settings) = drawn(sizes);
                let both = |[_, first, second]: [Vec<f32>; 3]| row(&[first, second].concat());
                let expected = both(chapters(&weights, &gradients, settings));
                case(&weights, &gradients, settings).near(&expected, CLOSE, || {
                    both(after(f, &weights, &gradients, settings))
                })
            },
        ),
        property(
            "coasting: what 2,000 steps of the formula come to",
            || (1u32..9, 90u32..99),
            |f: &Functions, (tenths, hundredths)| {
                let (beta1, beta2) = (f64::from(tenths) / 10.0, f64::from(hundredths) / 100.0);
                let steps = (0..2000).map(|k| {
                    let first = (1.0 - beta1) * beta1.powi(k);
                    first / ((1.0 - beta2) * beta2.powi(k)).sqrt()
                });
                let expected: f64 = steps.sum();
                let case = Case::of(&[("beta1", &beta1), ("beta2", &beta2)]);
                case.close(expected, 1e-6, || (f.coasting)(beta1, beta2))
            },
        ),
        example(
            "where steps do not get smaller it goes on for ever",
            |f: &Functions| {
                let case = Case::of(&[("beta1", &0.98), ("beta2", &0.95)]);
                case.same(&f64::INFINITY, || (f.coasting)(0.98, 0.95))
            },
        ),
    ]
}

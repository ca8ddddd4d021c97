use super::arrays::{CLOSE, numbers, row};
use judge::{Array, Case, Checked, Property, example, property};
use proptest::collection::vec;
use proptest::prelude::*;

/// e^x, counted.
pub type Exp<'e> = &'e mut dyn FnMut(f32) -> f32;

/// Maximum and sum.
pub type Partial = (f32, f32);

pub struct Functions {
    pub sweep: fn(&mut dyn Iterator<Item = f32>, Exp) -> Partial,
    pub merge: fn(Partial, Partial, Exp) -> Partial,
    pub log_sum_exp: fn(&[Vec<f32>], f32, Exp) -> f32,
}

/// The same in fp64 and in two sweeps.
fn expected(numbers: &[f32]) -> Array {
    let maximum = numbers.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let share = |z: &f32| match *z == f32::NEG_INFINITY {
        true => 0.0,
        false => f64::from(z - maximum).exp(),
    };
    // The sum of nothing is −0.
    let sum = 0.0 + numbers.iter().map(share).sum::<f64>();
    Array::new(&[2], vec![maximum.into(), sum])
}

fn shown((maximum, sum): Partial) -> Array {
    row(&[maximum, sum])
}

fn swept(f: &Functions, numbers: &[f32]) -> Partial {
    (f.sweep)(&mut numbers.iter().copied(), &mut f32::exp)
}

fn sweep_is_right(f: &Functions, numbers: &[f32]) -> Checked {
    let case = Case::of(&[("numbers", &numbers)]);
    case.near(&expected(numbers), CLOSE, || shown(swept(f, numbers)))
}

/// What two sweeps that are right have left.
fn parts(one: &[f32], other: &[f32]) -> [Partial; 2] {
    [one, other].map(|numbers| {
        let values = expected(numbers).values;
        (values[0] as f32, values[1] as f32)
    })
}

fn merge_is_right(f: &Functions, one: &[f32], other: &[f32]) -> Checked {
    let [a, b] = parts(one, other);
    let case = Case::of(&[("one", &shown(a)), ("other", &shown(b))]);
    case.near(&expected(&[one, other].concat()), CLOSE, || {
        shown((f.merge)(a, b, &mut f32::exp))
    })
}

/// Some numbers.
fn some() -> impl Strategy<Value = Vec<f32>> {
    (1usize..12, 0u64..1000).prop_map(|(count, seed)| numbers(count, seed))
}

/// Numbers between which lie some that a mask has hidden.
fn masked() -> impl Strategy<Value = Vec<f32>> {
    let one = prop_oneof![Just(f32::NEG_INFINITY), Just(0.5f32), Just(-2.0), Just(3.0)];
    vec(one, 1..8).prop_filter("a number that is seen", |numbers| {
        numbers.iter().any(|z| z.is_finite())
    })
}

/// ln Σ e^z over capped logits, in fp64.
fn capped(chunks: &[Vec<f32>], softcap: f32) -> f64 {
    let cap = f64::from(softcap);
    let z = |x: &f32| cap * (f64::from(*x) / cap).tanh();
    let all: Vec<f64> = chunks.iter().flatten().map(z).collect();
    let maximum = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    maximum + all.iter().map(|z| (z - maximum).exp()).sum::<f64>().ln()
}

fn bill(paid: usize, allowed: usize) -> Result<(), String> {
    match paid <= allowed {
        true => Ok(()),
        false => Err(format!("{paid} exponentials, and {allowed} are allowed")),
    }
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        example(
            "of 1, 3, 2 the maximum is 3 and the sum 1 + e⁻¹ + e⁻²",
            |f: &Functions| sweep_is_right(f, &[1.0, 3.0, 2.0]),
        ),
        property(
            "a sweep finds the maximum, and the sum relative to it",
            some,
            |f: &Functions, numbers| sweep_is_right(f, &numbers),
        ),
        property(
            "numbers of some hundreds give no infinity",
            some,
            |f: &Functions, numbers| {
                let large: Vec<f32> = numbers.iter().map(|z| z * 200.0).collect();
                sweep_is_right(f, &large)
            },
        ),
        property(
            "numbers that are −∞ add nothing, wherever they come",
            masked,
            |f: &Functions, numbers| sweep_is_right(f, &numbers),
        ),
        property(
            "a sweep over n numbers asks for n exponentials at most",
            some,
            |f: &Functions, numbers| {
                let mut paid = 0;
                Case::of(&[("numbers", &numbers)]).obeys(|| {
                    (f.sweep)(&mut numbers.iter().copied(), &mut |x| {
                        paid += 1;
                        x.exp()
                    });
                    bill(paid, numbers.len())
                })
            },
        )
        .holds_for_constants(),
        property(
            "two sweeps are merged to what one sweep over all would give",
            || (some(), some()),
            |f: &Functions, (one, other)| merge_is_right(f, &one, &other),
        ),
        property(
            "a part without numbers changes nothing, on either side",
            || (some(), any::<bool>()),
            |f: &Functions, (numbers, is_first)| match is_first {
                true => merge_is_right(f, &[], &numbers),
                false => merge_is_right(f, &numbers, &[]),
            },
        ),
        example(
            "two parts without numbers are one without numbers",
            |f: &Functions| {
                let [a, b] = parts(&[], &[]);
                Case::of(&[("one", &a), ("other", &b)]).same(&a, || (f.merge)(a, b, &mut f32::exp))
            },
        ),
        property(
            "a merge asks for one exponential at most",
            || (some(), some()),
            |f: &Functions, (one, other)| {
                let [a, b] = parts(&one, &other);
                let mut paid = 0;
                Case::of(&[("one", &a), ("other", &b)]).obeys(|| {
                    (f.merge)(a, b, &mut |x| {
                        paid += 1;
                        x.exp()
                    });
                    bill(paid, 1)
                })
            },
        )
        .holds_for_constants(),
        property(
            "ln Σ e^z of capped logits, in chunks of any sizes",
            || (vec(some(), 1..5), prop_oneof![Just(1.0f32), Just(15.0)]),
            |f: &Functions, (chunks, softcap)| {
                let expected = Array::new(&[], vec![capped(&chunks, softcap)]);
                let case = Case::of(&[("chunks", &chunks), ("softcap", &softcap)]);
                case.near(&expected, 1e-3, || {
                    let found = (f.log_sum_exp)(&chunks, softcap, &mut f32::exp);
                    Array::new(&[], vec![found.into()])
                })
            },
        ),
        property(
            "over chunks, one exponential per number and one per chunk",
            || vec(some(), 1..5),
            |f: &Functions, chunks| {
                let mut paid = 0;
                let allowed = chunks.iter().flatten().count() + chunks.len();
                Case::of(&[("chunks", &chunks)]).obeys(|| {
                    (f.log_sum_exp)(&chunks, 15.0, &mut |x| {
                        paid += 1;
                        x.exp()
                    });
                    bill(paid, allowed)
                })
            },
        )
        .holds_for_constants(),
    ]
}

//! Wrong answers to exercise 4.

use super::Of;
use crate::properties::ex4_which_is_better::{Functions, Sums, properties};
use judge::program::Wrong;
use solutions_05::ex4_which_is_better as right;
use std::f64::consts::LN_2;

fn sums(batches: &[Sums]) -> Vec<right::Sums> {
    let one = |&(nats, bytes): &Sums| right::Sums { nats, bytes };
    batches.iter().map(one).collect()
}

fn add(losses: &[f64], targets: &[i64], token_bytes: &[usize]) -> Sums {
    let found = right::add(losses, targets, token_bytes);
    (found.nats, found.bytes)
}

fn bits_per_byte(batches: &[Sums]) -> f64 {
    right::bits_per_byte(&sums(batches))
}

fn difference(first: &[Sums], second: &[Sums]) -> (f64, f64) {
    right::difference(&sums(first), &sums(second))
}

/// Nats and bytes of the tokens that are kept.
fn keeping(losses: &[f64], targets: &[i64], keep: impl Fn(f64, i64) -> Option<Sums>) -> Sums {
    let kept = losses.iter().zip(targets);
    let kept = kept.filter_map(|(&loss, &target)| keep(loss, target));
    kept.fold((0.0, 0.0), |sum, it| (sum.0 + it.0, sum.1 + it.1))
}

fn variance(numbers: &[f64]) -> f64 {
    let count = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / count;
    numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (count - 1.0)
}

pub fn wrong() -> Vec<Wrong> {
    let of = Of {
        number: 4,
        name: "which_is_better",
        properties,
    };
    let adding = |add| Functions {
        add,
        bits_per_byte,
        difference,
    };
    let dividing = |bits_per_byte| Functions {
        add,
        bits_per_byte,
        difference,
    };
    let comparing = |difference| Functions {
        add,
        bits_per_byte,
        difference,
    };
    vec![
        of.planted(
            "special-tokens-cost-nats",
            adding(|losses, targets, token_bytes| {
                keeping(losses, targets, |loss, target| {
                    let id = usize::try_from(target).ok()?;
                    Some((loss, token_bytes[id] as f64))
                })
            }),
        ),
        of.planted(
            "special-tokens-have-one-byte",
            adding(|losses, targets, token_bytes| {
                keeping(losses, targets, |loss, target| {
                    let id = usize::try_from(target).ok()?;
                    Some((loss, token_bytes[id].max(1) as f64))
                })
            }),
        ),
        of.planted(
            "ignored-targets-are-the-first-token",
            adding(|losses, targets, token_bytes| {
                keeping(losses, targets, |loss, target| {
                    let bytes = token_bytes[target.max(0) as usize];
                    (bytes > 0).then_some((loss, bytes as f64))
                })
            }),
        ),
        of.planted(
            "times-a-mask",
            adding(|losses, targets, token_bytes| {
                keeping(losses, targets, |loss, target| {
                    let bytes = token_bytes[target.max(0) as usize] as f64;
                    let heard = f64::from(u8::from(target >= 0 && bytes > 0.0));
                    Some((loss * heard, bytes * heard))
                })
            }),
        ),
        of.planted(
            "nats-per-byte",
            dividing(|batches| bits_per_byte(batches) * LN_2),
        ),
        of.planted(
            "the-mean-of-the-quotients",
            dividing(|batches| match batches.len() {
                0 => f64::INFINITY,
                count => batches.iter().map(|it| bits_per_byte(&[*it])).sum::<f64>() / count as f64,
            }),
        ),
        of.planted(
            "nothing-is-nothing",
            dividing(|batches| match bits_per_byte(batches) {
                bits if bits.is_finite() => bits,
                _ => 0.0,
            }),
        ),
        of.planted(
            "the-first-minus-the-second",
            comparing(|first, second| difference(second, first)),
        ),
        of.planted(
            "a-difference-in-nats",
            comparing(|first, second| {
                let (more, error) = difference(first, second);
                (more * LN_2, error)
            }),
        ),
        of.planted(
            "the-error-in-nats",
            comparing(|first, second| {
                let (more, error) = difference(first, second);
                (more, error * LN_2)
            }),
        ),
        of.planted(
            "the-errors-of-both-added",
            comparing(|first, second| {
                let alone = |batches: &[Sums]| {
                    let none: Vec<Sums> = batches.iter().map(|it| (0.0, it.1)).collect();
                    difference(&none, batches).1
                };
                let error = alone(first).hypot(alone(second));
                (difference(first, second).0, error)
            }),
        ),
        of.planted(
            "batches-of-one-size",
            comparing(|first, second| {
                if first.len() < 2 {
                    return difference(first, second);
                }
                let more: Vec<f64> = first
                    .iter()
                    .zip(second)
                    .map(|(a, b)| (b.0 - a.0) / a.1)
                    .collect();
                let error = (variance(&more) / more.len() as f64).sqrt();
                (difference(first, second).0, error / LN_2)
            }),
        ),
        of.planted(
            "of-all-batches-and-not-of-those-that-come",
            comparing(|first, second| {
                let (more, error) = difference(first, second);
                let count = first.len() as f64;
                (more, error * ((count - 1.0) / count).sqrt())
            }),
        ),
        of.planted(
            "one-batch-is-sure",
            comparing(|first, second| {
                let (more, error) = difference(first, second);
                (more, if error.is_finite() { error } else { 0.0 })
            }),
        ),
        of.constant(
            "zeros",
            Functions {
                add: |_, _, _| (0.0, 0.0),
                bits_per_byte: |_| 0.0,
                difference: |_, _| (0.0, 0.0),
            },
        ),
        of.constant(
            "ones",
            Functions {
                add: |_, _, _| (1.0, 1.0),
                bits_per_byte: |_| 1.0,
                difference: |_, _| (1.0, 1.0),
            },
        ),
    ]
}

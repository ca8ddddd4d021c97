use judge::{Case, Property, example, property};
use proptest::prelude::*;
use std::f64::consts::LN_2;

/// Nats and bytes of a batch.
pub type Sums = (f64, f64);

pub struct Functions {
    pub add: fn(&[f64], &[i64], &[usize]) -> Sums,
    pub bits_per_byte: fn(&[Sums]) -> f64,
    pub difference: fn(&[Sums], &[Sums]) -> (f64, f64),
}

/// Lengths of the tokens of a small vocabulary; the last two are special.
const BYTES: [usize; 6] = [1, 2, 3, 7, 0, 0];

/// Losses that are easy to add, and targets of which one at least has bytes.
fn tokens(ignored: bool) -> impl Strategy<Value = Vec<(f64, i64)>> {
    let first = if ignored { -1 } else { 0 };
    let token = (
        (1u8..40).prop_map(|loss| f64::from(loss) / 8.0),
        first..6i64,
    );
    prop::collection::vec(token, 1..9).prop_map(|mut tokens| {
        tokens[0].1 = tokens[0].1.clamp(0, 3);
        tokens
    })
}

fn counted(tokens: &[(f64, i64)]) -> Sums {
    let heard = tokens.iter().filter(|token| (0..4).contains(&token.1));
    heard.fold((0.0, 0.0), |(nats, bytes), &(loss, target)| {
        (nats + loss, bytes + BYTES[target as usize] as f64)
    })
}

fn asked(f: &Functions, tokens: &[(f64, i64)]) -> Sums {
    let losses: Vec<f64> = tokens.iter().map(|token| token.0).collect();
    let targets: Vec<i64> = tokens.iter().map(|token| token.1).collect();
    (f.add)(&losses, &targets, &BYTES)
}

fn case(tokens: &[(f64, i64)]) -> Case {
    Case::of(&[("losses and targets", &tokens), ("token_bytes", &BYTES)])
}

/// Batches of many sizes: nats and bytes.
fn batches(range: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Sums>> {
    let batch =
        (1u32..400, 1u32..100).prop_map(|(nats, bytes)| (f64::from(nats) / 4.0, f64::from(bytes)));
    prop::collection::vec(batch, range)
}

fn quotient(batches: &[Sums]) -> f64 {
    let nats: f64 = batches.iter().map(|batch| batch.0).sum();
    let bytes: f64 = batches.iter().map(|batch| batch.1).sum();
    nats / bytes / LN_2
}

/// A second model: so many quarters of a nat more per batch.
fn pairs(range: std::ops::Range<usize>) -> impl Strategy<Value = (Vec<Sums>, Vec<Sums>)> {
    (batches(range), prop::collection::vec(-40i32..60, 20)).prop_map(|(first, more)| {
        let second = first.iter().zip(&more);
        let second = second.map(|(&(nats, bytes), &more)| (nats + f64::from(more) / 4.0, bytes));
        (first.clone(), second.collect())
    })
}

fn both(first: &[Sums], second: &[Sums]) -> Case {
    Case::of(&[("first (nats, bytes)", &first), ("second", &second)])
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        example(
            "losses 1 and 3 for tokens of 2 and 7 bytes: 4 nats, 9 bytes",
            |f: &Functions| {
                let tokens = [(1.0, 1), (3.0, 3)];
                case(&tokens).same(&(4.0, 9.0), || asked(f, &tokens))
            },
        ),
        property(
            "special tokens stand for no bytes, and their loss does not count",
            || tokens(false),
            |f: &Functions, tokens| case(&tokens).same(&counted(&tokens), || asked(f, &tokens)),
        ),
        property(
            "targets of -1 are ignored",
            || tokens(true),
            |f: &Functions, tokens| case(&tokens).same(&counted(&tokens), || asked(f, &tokens)),
        ),
        property(
            "what does not count may have a loss of NaN",
            || tokens(true),
            |f: &Functions, mut tokens| {
                for token in &mut tokens {
                    if !(0..4).contains(&token.1) {
                        token.0 = f64::NAN;
                    }
                }
                case(&tokens).same(&counted(&tokens), || asked(f, &tokens))
            },
        ),
        property(
            "bits per byte of one batch",
            || batches(1..2),
            |f: &Functions, batches| {
                let case = Case::of(&[("batches (nats, bytes)", &batches)]);
                case.close(quotient(&batches), 1e-9, || (f.bits_per_byte)(&batches))
            },
        ),
        property(
            "and of several: one division, at the end",
            || batches(2..6),
            |f: &Functions, batches| {
                let case = Case::of(&[("batches (nats, bytes)", &batches)]);
                case.close(quotient(&batches), 1e-9, || (f.bits_per_byte)(&batches))
            },
        ),
        example("of nothing it is infinite", |f: &Functions| {
            Case::of(&[("batches", &format_args!("none"))])
                .same(&f64::INFINITY, || (f.bits_per_byte)(&[]))?;
            let empty = [(0.0, 0.0)];
            let case = Case::of(&[("batches (nats, bytes)", &empty)]);
            case.same(&f64::INFINITY, || (f.bits_per_byte)(&empty))
        }),
        property(
            "the difference is that of the two bits per byte, the second minus the first",
            || pairs(2..8),
            |f: &Functions, (first, second)| {
                let expected = quotient(&second) - quotient(&first);
                both(&first, &second).obeys(|| {
                    let found = (f.difference)(&first, &second).0;
                    // The difference may be 0: compared with what it is a difference of.
                    match (found - expected).abs() <= 1e-9 * quotient(&first) {
                        true => Ok(()),
                        false => Err(format!("it is {expected}, and yours is {found}")),
                    }
                })
            },
        ),
        example(
            "10 and 14 nats more for 100 bytes each: 0.1731 bits per byte more, give or take 0.0289",
            |f: &Functions| {
                let (first, second) = (
                    [(50.0, 100.0), (90.0, 100.0)],
                    [(60.0, 100.0), (104.0, 100.0)],
                );
                // r = 0.12, d - r b = ∓2, s = √(2 · 8) / 200 = 0.02 nats
                both(&first, &second).close(0.02 / LN_2, 1e-9, || (f.difference)(&first, &second).1)
            },
        ),
        property(
            "the standard error is that of the formula, also for batches of different sizes",
            || pairs(2..8),
            |f: &Functions, (first, second)| {
                let count = first.len() as f64;
                let bytes: f64 = first.iter().map(|batch| batch.1).sum();
                let more = || first.iter().zip(&second).map(|(a, b)| (b.0 - a.0, a.1));
                let ratio = more().map(|pair| pair.0).sum::<f64>() / bytes;
                let squares: f64 = more().map(|(d, b)| (d - ratio * b) * (d - ratio * b)).sum();
                let expected = (squares * count / (count - 1.0)).sqrt() / bytes / LN_2;
                let scale = quotient(&first);
                both(&first, &second).obeys(|| {
                    let found = (f.difference)(&first, &second).1;
                    match (found - expected).abs() <= 1e-7 * (expected + 1e-3 * scale) {
                        true => Ok(()),
                        false => Err(format!("it is {expected}, and yours is {found}")),
                    }
                })
            },
        ),
        example(
            "one batch says nothing about chance: the error is infinite",
            |f: &Functions| {
                let (first, second) = ([(50.0, 100.0)], [(60.0, 100.0)]);
                both(&first, &second).same(&f64::INFINITY, || (f.difference)(&first, &second).1)
            },
        ),
    ]
}

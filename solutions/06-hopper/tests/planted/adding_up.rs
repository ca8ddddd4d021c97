//! Wrong answers to exercise 5.

use super::Of;
use crate::properties::ex5_online_softmax::{self, Exp, Functions, Partial};
use judge::program::Wrong;
use solutions_06::ex5_online_softmax as right;

pub fn wrong() -> Vec<Wrong> {
    let of = Of {
        number: 5,
        name: "online_softmax",
        properties: ex5_online_softmax::properties,
    };
    let reference = || Functions {
        sweep,
        merge,
        log_sum_exp: right::log_sum_exp,
    };
    let sweeping = |sweep| Functions {
        sweep,
        ..reference()
    };
    let merging = |merge| Functions {
        merge,
        ..reference()
    };
    vec![
        of.planted(
            "the-sum-does-not-follow-the-maximum",
            sweeping(|numbers, exp| {
                let (mut maximum, mut sum) = (f32::NEG_INFINITY, 0.0);
                for z in numbers.filter(|z| z.is_finite()) {
                    maximum = z.max(maximum);
                    sum += exp(z - maximum);
                }
                (maximum, sum)
            }),
        ),
        of.planted(
            "scaled-the-wrong-way",
            sweeping(|numbers, exp| {
                let (mut maximum, mut sum) = (f32::NEG_INFINITY, 0.0);
                for z in numbers.filter(|z| z.is_finite()) {
                    if z <= maximum {
                        sum += exp(z - maximum);
                    } else {
                        let scale = if sum == 0.0 { 0.0 } else { exp(z - maximum) };
                        sum = sum * scale + 1.0;
                        maximum = z;
                    }
                }
                (maximum, sum)
            }),
        ),
        of.planted(
            "two-exponentials-for-each-number",
            sweeping(|numbers, exp| {
                let (mut maximum, mut sum) = (f32::NEG_INFINITY, 0.0);
                for z in numbers.filter(|z| z.is_finite()) {
                    let larger = z.max(maximum);
                    sum = sum * exp(maximum - larger) + exp(z - larger);
                    maximum = larger;
                }
                (maximum, sum)
            }),
        ),
        of.planted(
            "without-a-maximum",
            sweeping(|numbers, exp| {
                let all: Vec<f32> = numbers.collect();
                let maximum = all.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                let sum: f32 = all.iter().map(|z| exp(*z)).sum();
                (maximum, sum / maximum.exp())
            }),
        ),
        of.planted(
            "a-mask-at-the-beginning-is-no-number",
            sweeping(|numbers, exp| {
                let (mut maximum, mut sum) = (f32::NEG_INFINITY, 0.0);
                for z in numbers {
                    if z > maximum {
                        sum = sum * exp(maximum - z) + 1.0;
                        maximum = z;
                    } else {
                        sum += exp(z - maximum);
                    }
                }
                (maximum, sum)
            }),
        ),
        of.planted(
            "sums-added-as-they-are",
            merging(|one, other, _| (one.0.max(other.0), one.1 + other.1)),
        ),
        of.planted(
            "both-scaled",
            merging(|one, other, exp| {
                if one.1 == 0.0 || other.1 == 0.0 {
                    return merge(one, other, exp);
                }
                let maximum = one.0.max(other.0);
                let sum = one.1 * exp(one.0 - maximum) + other.1 * exp(other.0 - maximum);
                (maximum, sum)
            }),
        ),
        of.planted(
            "nothing-and-nothing-is-no-number",
            merging(|one, other, exp| {
                let (larger, smaller) = if one.0 >= other.0 {
                    (one, other)
                } else {
                    (other, one)
                };
                (larger.0, larger.1 + smaller.1 * exp(smaller.0 - larger.0))
            }),
        ),
        of.planted(
            "the-softcap-forgotten",
            Functions {
                log_sum_exp: |chunks, _, exp| right::log_sum_exp(chunks, 1e6, exp),
                ..reference()
            },
        ),
        of.planted(
            "the-last-chunk-alone",
            Functions {
                log_sum_exp: |chunks, softcap, exp| {
                    right::log_sum_exp(&chunks[chunks.len() - 1..], softcap, exp)
                },
                ..reference()
            },
        ),
        of.constant(
            "zeros",
            Functions {
                sweep: |_, _| (0.0, 0.0),
                merge: |_, _, _| (0.0, 0.0),
                log_sum_exp: |_, _, _| 0.0,
            },
        ),
        of.constant(
            "ones",
            Functions {
                sweep: |_, _| (1.0, 1.0),
                merge: |_, _, _| (1.0, 1.0),
                log_sum_exp: |_, _, _| 1.0,
            },
        ),
    ]
}

fn partial((maximum, sum): Partial) -> right::Partial {
    right::Partial { maximum, sum }
}

fn sweep(numbers: &mut dyn Iterator<Item = f32>, exp: Exp) -> Partial {
    let found = right::sweep(numbers, exp);
    (found.maximum, found.sum)
}

fn merge(one: Partial, other: Partial, exp: Exp) -> Partial {
    let found = right::merge(partial(one), partial(other), exp);
    (found.maximum, found.sum)
}

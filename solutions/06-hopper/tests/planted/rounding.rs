//! Wrong answers to exercises 7 and 8.

use super::Of;
use crate::properties::ex7_bf16_bugs::Weight;
use crate::properties::{ex7_bf16_bugs, ex8_by_chance};
use judge::program::Wrong;
use solutions_06::{ex7_bf16_bugs as bugs, ex8_by_chance as by_chance};

pub fn wrong() -> Vec<Wrong> {
    let mut wrong = mixed_precision();
    wrong.extend(chances());
    wrong
}

fn step([master, working, first, second]: Weight, gradient: f32, rate: f32) -> Weight {
    let weight = bugs::Weight {
        master,
        working,
        first,
        second,
    };
    let next = bugs::step(weight, gradient, rate);
    [next.master, next.working, next.first, next.second]
}

fn cut(x: f32) -> f32 {
    f32::from_bits(x.to_bits() & 0xffff_0000)
}

fn mixed_precision() -> Vec<Wrong> {
    use ex7_bf16_bugs::Functions;
    let of = Of {
        number: 7,
        name: "bf16_bugs",
        properties: ex7_bf16_bugs::properties,
    };
    let reference = || Functions {
        bf16: bugs::bf16,
        average: bugs::average,
        step,
    };
    let stepping = |step| Functions {
        step,
        ..reference()
    };
    vec![
        of.planted(
            "cut-off",
            Functions {
                bf16: cut,
                ..reference()
            },
        ),
        of.planted(
            "halves-always-up",
            Functions {
                bf16: |x| cut(f32::from_bits(x.to_bits().wrapping_add(0x8000))),
                ..reference()
            },
        ),
        of.planted(
            "gradients-summed-in-bf16",
            Functions {
                average: |gradients| {
                    let sum = gradients.iter().fold(0.0, |sum, g| bugs::bf16(sum + g));
                    sum / gradients.len() as f32
                },
                ..reference()
            },
        ),
        of.planted(
            "gradients-divided-first-and-summed-in-bf16",
            Functions {
                average: |gradients| {
                    let count = gradients.len() as f32;
                    gradients
                        .iter()
                        .fold(0.0, |sum, g| bugs::bf16(sum + g / count))
                },
                ..reference()
            },
        ),
        of.planted(
            "the-average-rounded",
            Functions {
                average: |gradients| bugs::bf16(bugs::average(gradients)),
                ..reference()
            },
        ),
        of.planted(
            "steps-from-the-working-copy",
            stepping(|[_, working, first, second], gradient, rate| {
                step([working, working, first, second], gradient, rate)
            }),
        ),
        of.planted(
            "the-second-moment-in-bf16",
            stepping(|weight, gradient, rate| {
                let [master, working, first, second] = step(weight, gradient, rate);
                [master, working, first, bugs::bf16(second)]
            }),
        ),
        of.planted(
            "the-working-copy-not-rounded",
            stepping(|weight, gradient, rate| {
                let [master, _, first, second] = step(weight, gradient, rate);
                [master, master, first, second]
            }),
        ),
        of.planted(
            "the-working-copy-cut-off",
            stepping(|weight, gradient, rate| {
                let [master, _, first, second] = step(weight, gradient, rate);
                [master, cut(master), first, second]
            }),
        ),
        of.constant(
            "zeros",
            Functions {
                bf16: |_| 0.0,
                average: |_| 0.0,
                step: |_, _, _| [0.0; 4],
            },
        ),
        of.constant(
            "ones",
            Functions {
                bf16: |_| 1.0,
                average: |_| 1.0,
                step: |_, _, _| [1.0; 4],
            },
        ),
    ]
}

fn chances() -> Vec<Wrong> {
    use ex8_by_chance::Functions;
    let of = Of {
        number: 8,
        name: "by_chance",
        properties: ex8_by_chance::properties,
    };
    let rounding = |rounded| Functions {
        rounded,
        sum: by_chance::sum,
    };
    let adding = |sum| Functions {
        rounded: by_chance::rounded,
        sum,
    };
    vec![
        of.planted("to-the-nearest", rounding(|x, _| bugs::bf16(x))),
        of.planted(
            "one-chance-too-many",
            rounding(|x, chance| {
                // Up where the lower half is not less than the chance: in k + 1 cases.
                let lower = x.to_bits() & 0xffff;
                let up = lower >= u32::from(chance);
                f32::from_bits((x.to_bits() & 0xffff_0000) + if up { 0x1_0000 } else { 0 })
            }),
        ),
        of.planted(
            "up-or-down-half-and-half",
            rounding(|x, chance| {
                let between = (x.to_bits() & 0xffff) != 0;
                let up = between && chance >= 0x8000;
                f32::from_bits((x.to_bits() & 0xffff_0000) + if up { 0x1_0000 } else { 0 })
            }),
        ),
        of.planted(
            "eight-bits-of-chance",
            rounding(|x, chance| by_chance::rounded(x, chance & 0xff00)),
        ),
        of.planted(
            "added-in-fp32-and-rounded-at-the-end",
            adding(|numbers, chance| by_chance::rounded(numbers.iter().sum(), chance())),
        ),
        of.planted(
            "the-numbers-rounded-and-not-their-sum",
            adding(|numbers, chance| {
                let rounded = numbers.iter().map(|x| by_chance::rounded(*x, chance()));
                rounded.fold(0.0, |sum, x| bugs::bf16(sum + x))
            }),
        ),
        of.planted(
            "one-chance-for-all",
            adding(|numbers, chance| {
                let chance = chance();
                by_chance::sum(numbers, &mut || chance)
            }),
        ),
        of.constant(
            "zeros",
            Functions {
                rounded: |_, _| 0.0,
                sum: |_, _| 0.0,
            },
        ),
        of.constant(
            "ones",
            Functions {
                rounded: |_, _| 1.0,
                sum: |_, _| 1.0,
            },
        ),
    ]
}

//! Wrong answers to exercises 1 and 2.

use super::Of;
use crate::properties::ex2_step_on_paper::{Estimate, Machine, Sizes};
use crate::properties::{ex1_first_green, ex2_step_on_paper};
use judge::program::Wrong;
use solutions_06::ex2_step_on_paper as right;

pub fn wrong() -> Vec<Wrong> {
    let mut wrong = first_green();
    wrong.extend(step_on_paper());
    wrong
}

fn first_green() -> Vec<Wrong> {
    use ex1_first_green::Functions;
    let of = Of {
        number: 1,
        name: "first_green",
        properties: ex1_first_green::properties,
    };
    let answer = |seconds| Functions { seconds };
    vec![
        of.planted(
            "one-after-the-other",
            answer(|operations, bytes, peak, bandwidth| operations / peak + bytes / bandwidth),
        ),
        of.planted(
            "the-faster-half",
            answer(|operations, bytes, peak, bandwidth| (operations / peak).min(bytes / bandwidth)),
        ),
        of.constant("zero", answer(|_, _, _, _| 0.0)),
        of.constant("a-second", answer(|_, _, _, _| 1.0)),
    ]
}

fn estimated(sizes: Sizes, machine: Machine) -> Estimate {
    let [vocab_size, layers, width, context, rows, logit_passes] = sizes;
    let sizes = right::Sizes {
        vocab_size,
        layers,
        width,
        context,
        rows,
        logit_passes,
    };
    let found = right::estimate(sizes, on(machine));
    [found.products, found.attention, found.pointwise, found.loss]
}

fn on([peak, bandwidth, number_bytes]: Machine) -> right::Machine {
    right::Machine {
        peak,
        bandwidth,
        number_bytes,
    }
}

fn fewest(k: i64, m: i64, machine: Machine) -> Option<i64> {
    right::fewest_positions(k, m, on(machine))
}

/// N at which both halves are equal; it may be negative, or no number.
fn crossing(k: i64, m: i64, [peak, bandwidth, bytes]: Machine) -> f64 {
    let (k, m) = (k as f64, m as f64);
    bytes * peak * k * m / (2.0 * k * m * bandwidth - bytes * peak * (k + m))
}

fn step_on_paper() -> Vec<Wrong> {
    use ex2_step_on_paper::Functions;
    let of = Of {
        number: 2,
        name: "step_on_paper",
        properties: ex2_step_on_paper::properties,
    };
    let estimate = |estimate| Functions {
        estimate,
        fewest_positions: fewest,
    };
    let question = |fewest_positions| Functions {
        estimate: estimated,
        fewest_positions,
    };
    vec![
        of.planted(
            "in-seconds",
            estimate(|sizes, machine| estimated(sizes, machine).map(|time| time / 1000.0)),
        ),
        of.planted(
            "no-way-back",
            estimate(|sizes, machine| {
                let [products, attention, pointwise, loss] = estimated(sizes, machine);
                [products / 3.0, attention, pointwise, loss]
            }),
        ),
        of.planted(
            "one-roof-over-all-products",
            estimate(|sizes, machine| {
                let [_, attention, pointwise, loss] = estimated(sizes, machine);
                let [peak, bandwidth, bytes] = machine;
                // Operations alone, and bytes alone.
                let operations = estimated(sizes, [peak, f64::INFINITY, bytes])[0];
                let moved = estimated(sizes, [f64::INFINITY, bandwidth, bytes])[0];
                [operations.max(moved), attention, pointwise, loss]
            }),
        ),
        of.planted(
            "arithmetic-alone",
            estimate(|sizes, machine| {
                let [peak, _, bytes] = machine;
                let [products, attention, ..] = estimated(sizes, [peak, f64::INFINITY, bytes]);
                let [_, _, pointwise, loss] = estimated(sizes, machine);
                [products, attention, pointwise, loss]
            }),
        ),
        of.planted(
            "relu-squared-as-wide-as-the-stream",
            estimate(|sizes, machine| {
                let [products, attention, pointwise, loss] = estimated(sizes, machine);
                [products, attention, pointwise * 31.0 / 46.0, loss]
            }),
        ),
        of.planted(
            "logits-like-other-numbers",
            estimate(|sizes, machine| {
                let [products, attention, pointwise, loss] = estimated(sizes, machine);
                [products, attention, pointwise, loss * machine[2] / 4.0]
            }),
        ),
        of.planted(
            "rounded-down",
            question(|k, m, machine| {
                fewest(k, m, machine).map(|_| (crossing(k, m, machine) as i64).max(1))
            }),
        ),
        of.planted(
            "the-weight-alone-is-moved",
            question(|_, _, [peak, bandwidth, bytes]| {
                Some((bytes * peak / (2.0 * bandwidth)).ceil() as i64)
            }),
        ),
        of.planted(
            "there-is-always-one",
            question(|k, m, machine| Some(crossing(k, m, machine).abs().ceil() as i64)),
        ),
        of.constant(
            "zeros",
            Functions {
                estimate: |_, _| [0.0; 4],
                fewest_positions: |_, _, _| Some(0),
            },
        ),
        of.constant(
            "ones",
            Functions {
                estimate: |_, _| [1.0; 4],
                fewest_positions: |_, _, _| None,
            },
        ),
    ]
}

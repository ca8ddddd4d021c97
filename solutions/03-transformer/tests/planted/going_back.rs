//! Wrong answers to exercise 6.

use super::Of;
use crate::properties::ex6_from_the_output::{self, Functions};
use judge::program::Wrong;
use solutions_03::ex6_from_the_output as right;

pub fn wrong() -> Vec<Wrong> {
    let of = Of {
        number: 6,
        name: "from_the_output",
        properties: ex6_from_the_output::properties,
    };
    let reference = || Functions {
        softcap_backward: right::softcap_backward,
        relu_squared_backward: right::relu_squared_backward,
        softmax_backward: right::softmax_backward,
    };
    vec![
        of.planted(
            "tanh-of-the-output-again",
            Functions {
                softcap_backward: |z, gradient, softcap| {
                    gradient * (1.0 - (z / softcap).tanh().square())
                },
                ..reference()
            },
        ),
        of.planted(
            "capped-twice",
            Functions {
                softcap_backward: |z, gradient, softcap| {
                    gradient * (1.0 - (z / softcap).square()) * softcap
                },
                ..reference()
            },
        ),
        of.planted(
            "twice-the-output",
            Functions {
                relu_squared_backward: |y, gradient| gradient * y * 2.0,
                ..reference()
            },
        ),
        of.planted(
            "the-two-forgotten",
            Functions {
                relu_squared_backward: |y, gradient| gradient * y.sqrt(),
                ..reference()
            },
        ),
        of.planted(
            "softmax-number-by-number",
            Functions {
                softmax_backward: |p, gradient| gradient * p * (1.0 - p),
                ..reference()
            },
        ),
        of.planted(
            "over-all-rows",
            Functions {
                softmax_backward: |p, gradient| p * (gradient - (p * gradient).sum(p.kind())),
                ..reference()
            },
        ),
        of.constant(
            "zeros",
            Functions {
                softcap_backward: |z, _, _| z.zeros_like(),
                relu_squared_backward: |y, _| y.zeros_like(),
                softmax_backward: |p, _| p.zeros_like(),
            },
        ),
        of.constant(
            "ones",
            Functions {
                softcap_backward: |z, _, _| z.ones_like(),
                relu_squared_backward: |y, _| y.ones_like(),
                softmax_backward: |p, _| p.ones_like(),
            },
        ),
    ]
}

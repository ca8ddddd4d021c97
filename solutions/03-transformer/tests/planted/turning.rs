//! Wrong answers to exercise 3.

use super::Of;
use crate::properties::ex3_rotary::{self, Functions};
use judge::program::Wrong;
use solutions_03::ex3_rotary as right;
use tch::{Kind, Tensor};

pub fn wrong() -> Vec<Wrong> {
    let of = Of {
        number: 3,
        name: "rotary",
        properties: ex3_rotary::properties,
    };
    let reference = || Functions {
        half_split: right::half_split,
        neighbours: right::neighbours,
        to_half_split: right::to_half_split,
    };
    vec![
        of.planted(
            "turned-the-other-way",
            Functions {
                half_split: |x, positions, base| right::half_split(x, &-positions, base),
                neighbours: |x, positions, base| right::neighbours(x, &-positions, base),
                ..reference()
            },
        ),
        of.planted(
            "one-convention-twice",
            Functions {
                neighbours: right::half_split,
                ..reference()
            },
        ),
        of.planted(
            "in-fp64-whatever-comes",
            Functions {
                half_split: |x, positions, base| {
                    right::half_split(&x.to_kind(Kind::Double), positions, base)
                },
                ..reference()
            },
        ),
        of.planted(
            "angles-in-fp32",
            Functions {
                neighbours: |x, positions, base| {
                    right::neighbours(&x.to_kind(Kind::Float), positions, base).to_kind(x.kind())
                },
                ..reference()
            },
        ),
        of.planted(
            // base^(−i/D): every angle is the root of what it should be.
            "exponent-without-the-two",
            Functions {
                half_split: |x, positions, base| right::half_split(x, positions, base.sqrt()),
                neighbours: |x, positions, base| right::neighbours(x, positions, base.sqrt()),
                ..reference()
            },
        ),
        of.planted(
            "position-of-the-row-instead-of-the-given-one",
            Functions {
                half_split: |x, positions, base| {
                    right::half_split(x, &(positions - positions.get(0)), base)
                },
                neighbours: |x, positions, base| {
                    right::neighbours(x, &(positions - positions.get(0)), base)
                },
                ..reference()
            },
        ),
        of.planted(
            "the-whole-matrix-as-one-head",
            Functions {
                to_half_split: |weight, _| right::to_half_split(weight, 1),
                ..reference()
            },
        ),
        of.planted(
            "from-half-split-to-neighbours",
            Functions {
                to_half_split: |weight, heads| {
                    let (rows, width) = weight.size2().expect("a weight is [out, in]");
                    let halves = weight.reshape([heads, 2, rows / heads / 2, width]);
                    halves.transpose(1, 2).reshape([rows, width])
                },
                ..reference()
            },
        ),
        of.constant(
            "zeros",
            Functions {
                half_split: |x, _, _| x.zeros_like(),
                neighbours: |x, _, _| x.zeros_like(),
                to_half_split: |weight, _| weight.zeros_like(),
            },
        ),
        of.constant("ones", {
            let ones = |x: &Tensor, _: &Tensor, _: f64| x.ones_like();
            Functions {
                half_split: ones,
                neighbours: ones,
                to_half_split: |weight, _| weight.ones_like(),
            }
        }),
    ]
}

//! Wrong answers to exercises 1 and 2.

use super::Of;
use crate::properties::{ex1_first_green, ex2_rms_norm};
use judge::program::Wrong;
use solutions_03::ex2_rms_norm as right;
use tch::Tensor;

pub fn wrong() -> Vec<Wrong> {
    let mut wrong = first_green();
    wrong.extend(rms_norm());
    wrong
}

fn first_green() -> Vec<Wrong> {
    use ex1_first_green::Functions;
    let of = Of {
        number: 1,
        name: "first_green",
        properties: ex1_first_green::properties,
    };
    vec![
        of.planted(
            "in-bits",
            Functions {
                first_loss: |vocab_size| (vocab_size as f64).log2(),
            },
        ),
        of.planted(
            "one-token-too-many",
            Functions {
                first_loss: |vocab_size| (vocab_size as f64 + 1.0).ln(),
            },
        ),
        of.constant(
            "zero",
            Functions {
                first_loss: |_| 0.0,
            },
        ),
        of.constant(
            "ln-128",
            Functions {
                first_loss: |_| 128f64.ln(),
            },
        ),
    ]
}

fn rms_norm() -> Vec<Wrong> {
    use ex2_rms_norm::Functions;
    let of = Of {
        number: 2,
        name: "rms_norm",
        properties: ex2_rms_norm::properties,
    };
    let backward = |backward| Functions {
        forward: right::forward,
        backward,
    };
    let forward = |forward| Functions {
        forward,
        backward: right::backward,
    };
    vec![
        of.planted(
            "the-scale-taken-as-constant",
            backward(|x, gradient, eps| gradient * scale(x, eps)),
        ),
        of.planted(
            "sum-instead-of-mean",
            backward(|x, gradient, eps| {
                let r = scale(x, eps);
                let along = (gradient * x).sum_dim_intlist(-1, true, x.kind());
                gradient * &r - x * (&r * &r * &r * along)
            }),
        ),
        of.planted(
            "scale-squared-instead-of-cubed",
            backward(|x, gradient, eps| {
                let r = scale(x, eps);
                let along = (gradient * x).mean_dim(-1, true, x.kind());
                gradient * &r - x * (&r * &r * along)
            }),
        ),
        of.planted(
            "eps-outside-of-the-root",
            forward(|x, eps| x / (x.square().mean_dim(-1, true, x.kind()).sqrt() + eps)),
        ),
        of.planted(
            "length-instead-of-mean-square",
            forward(|x, eps| x / (x.square().sum_dim_intlist(-1, true, x.kind()) + eps).sqrt()),
        ),
        of.planted(
            "over-the-whole-tensor",
            forward(|x, eps| x / (x.square().mean(x.kind()) + eps).sqrt()),
        ),
        of.constant(
            "zeros",
            Functions {
                forward: |x, _| x.zeros_like(),
                backward: |x, _, _| x.zeros_like(),
            },
        ),
        of.constant(
            "ones",
            Functions {
                forward: |x, _| x.ones_like(),
                backward: |x, _, _| x.ones_like(),
            },
        ),
    ]
}

/// (…, C) -> (…, 1)
fn scale(x: &Tensor, eps: f64) -> Tensor {
    (x.square().mean_dim(-1, true, x.kind()) + eps).rsqrt()
}

//! Wrong answers to exercise 10.

use super::Of;
use crate::properties::ex10_relu_squared::{self, Functions};
use judge::program::Wrong;
use solutions_06::ex10_relu_squared as right;
use tch::Tensor;
use tensors::{Forward, differentiable};

pub fn wrong() -> Vec<Wrong> {
    let of = Of {
        number: 10,
        name: "relu_squared",
        properties: ex10_relu_squared::properties,
    };
    let reference = || Functions {
        forward: right::forward,
        backward: right::backward,
        relu_squared: right::relu_squared,
    };
    let on_tensors = |relu_squared| Functions {
        relu_squared,
        ..reference()
    };
    vec![
        of.planted(
            "squares-what-is-negative-too",
            Functions {
                forward: |x, y| y.iter_mut().zip(x).for_each(|(y, x)| *y = x * x),
                ..reference()
            },
        ),
        of.planted(
            "writes-only-where-it-is-positive",
            Functions {
                forward: |x, y| {
                    for (y, x) in y.iter_mut().zip(x).filter(|(_, x)| **x > 0.0) {
                        *y = x * x;
                    }
                },
                ..reference()
            },
        ),
        of.planted(
            "two-y-instead-of-two-x",
            Functions {
                backward: |y, of_y, of_x| {
                    for ((of_x, y), of_y) in of_x.iter_mut().zip(y).zip(of_y) {
                        *of_x = 2.0 * y * of_y;
                    }
                },
                ..reference()
            },
        ),
        of.planted(
            "autograd-keeps-a-tensor-of-its-own",
            on_tensors(|x| x.relu().square()),
        ),
        of.planted("no-way-back", on_tensors(|x| x.detach().relu().square())),
        of.planted(
            "keeps-the-input",
            on_tensors(|x| recorded(x, |x| x.shallow_clone(), |x, of_y| of_y * x.relu() * 2.0)),
        ),
        of.planted(
            "keeps-relu",
            on_tensors(|x| recorded(x, Tensor::relu, |kept, of_y| of_y * kept * 2.0)),
        ),
        of.planted(
            "keeps-a-copy-of-the-output",
            on_tensors(|x| {
                let kept = |x: &Tensor| x.relu().square();
                recorded(x, kept, |y, of_y| of_y * y.sqrt() * 2.0)
            }),
        ),
        of.planted(
            "numbers-in-the-order-of-memory",
            on_tensors(|x| {
                let shape = x.size();
                let turned = x.is_contiguous();
                let y = right::relu_squared(&x.contiguous());
                match (turned, shape.as_slice()) {
                    (false, [rows, columns]) => y.reshape([*columns, *rows]).tr(),
                    _ => y,
                }
            }),
        ),
        of.planted(
            "fp32-whatever-comes",
            on_tensors(|x| right::relu_squared(&x.to_kind(tch::Kind::Float))),
        ),
        of.constant(
            "zeros",
            Functions {
                forward: |_, y| y.fill(0.0),
                backward: |_, _, of_x| of_x.fill(0.0),
                relu_squared: Tensor::zeros_like,
            },
        ),
        of.constant(
            "ones",
            Functions {
                forward: |_, y| y.fill(1.0),
                backward: |_, _, of_x| of_x.fill(1.0),
                relu_squared: Tensor::ones_like,
            },
        ),
    ]
}

/// relu² that keeps what it is told to.
fn recorded(
    x: &Tensor,
    kept: fn(&Tensor) -> Tensor,
    backward: fn(&Tensor, &Tensor) -> Tensor,
) -> Tensor {
    let outputs = differentiable(
        &[x],
        |inputs| Forward {
            outputs: vec![inputs[0].relu().square()],
            saved: vec![kept(&inputs[0])],
        },
        move |saved, gradients| {
            let of_y = gradients[0].as_ref();
            vec![of_y.map(|of_y| backward(&saved[0], of_y))]
        },
    );
    outputs.expect("it can be recorded").remove(0)
}

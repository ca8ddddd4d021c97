//! Wrong answers to exercise 3.

use super::Of;
use crate::properties::ex3_orthogonalise::{self, Functions, Round};
use judge::program::Wrong;
use solutions_04::ex3_orthogonalise as right;
use tch::{Kind, Tensor};

pub fn wrong() -> Vec<Wrong> {
    let of = Of {
        number: 3,
        name: "orthogonalise",
        properties: ex3_orthogonalise::properties,
    };
    let planted = |name, orthogonalise| of.planted(name, Functions { orthogonalise });
    let constant = |name, orthogonalise| of.constant(name, Functions { orthogonalise });
    vec![
        planted("one-norm-for-the-stack", |stack, rounds, compute| {
            let x = stack.to_kind(compute);
            let x = &x / (x.norm() + 1e-7);
            iterated(x, rounds).to_kind(stack.kind())
        }),
        planted("not-divided", |stack, rounds, compute| {
            iterated(stack.to_kind(compute), rounds).to_kind(stack.kind())
        }),
        planted("nothing-added-to-the-norm", |stack, rounds, compute| {
            let x = stack.to_kind(compute);
            let norm = x.linalg_norm_ord_str("fro", [-2, -1].as_slice(), true, None);
            iterated(x / norm, rounds).to_kind(stack.kind())
        }),
        planted("rounds-from-behind", |stack, rounds, compute| {
            let rounds: Vec<Round> = rounds.iter().rev().copied().collect();
            right::orthogonalise(stack, &rounds, compute)
        }),
        planted(
            "the-first-round-again-and-again",
            |stack, rounds, compute| {
                right::orthogonalise(stack, &vec![rounds[0]; rounds.len()], compute)
            },
        ),
        planted("five-rounds-of-newton-schulz", |stack, _, compute| {
            right::orthogonalise(stack, &[(3.4445, -4.775, 2.0315); 5], compute)
        }),
        planted("the-cubic-term-alone", |stack, rounds, compute| {
            let rounds: Vec<Round> = rounds.iter().map(|&(a, b, _)| (a, b, 0.0)).collect();
            right::orthogonalise(stack, &rounds, compute)
        }),
        planted("norm-of-rows", |stack, rounds, compute| {
            let x = stack.to_kind(compute);
            let lengths = x.square().sum_dim_intlist(-1, true, compute).sqrt() + 1e-7;
            iterated(x / lengths, rounds).to_kind(stack.kind())
        }),
        planted("left-lying-on-its-side", |stack, rounds, compute| {
            let size = stack.size();
            let x = right::orthogonalise(stack, rounds, compute);
            match size[1] > size[2] {
                true => x.transpose(-2, -1).reshape(size),
                false => x,
            }
        }),
        planted("fp32-whatever-is-asked-for", |stack, rounds, _| {
            right::orthogonalise(stack, rounds, Kind::Float)
        }),
        planted("stays-in-bf16", |stack, rounds, compute| {
            right::orthogonalise(&stack.to_kind(compute), rounds, compute)
        }),
        constant("zeros", |stack, _, _| stack.zeros_like()),
        constant("ones", |stack, _, _| stack.ones_like()),
    ]
}

/// The rounds alone, on the short side.
fn iterated(mut x: Tensor, rounds: &[Round]) -> Tensor {
    let size = x.size();
    let is_tall = size[1] > size[2];
    if is_tall {
        x = x.transpose(-2, -1);
    }
    for &(a, b, c) in rounds {
        let gram = x.matmul(&x.transpose(-2, -1));
        let polynomial = &gram * b + gram.matmul(&gram) * c;
        x = &x * a + polynomial.matmul(&x);
    }
    match is_tall {
        true => x.transpose(-2, -1),
        false => x,
    }
}

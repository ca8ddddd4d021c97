//! Answers to exercise 04.3 that are nearly right, and one that is none.

use super::{refused, run, says};
use muon::{Orthogonalise, Refinements, Round};
use speedrun::parts::Plug;
use std::sync::atomic::{AtomicUsize, Ordering};
use tch::{Kind, Tensor};

const OF_ORTHOGONALISE: &str = "exercise 04.3, ones for singular values: the planted answer";

fn orthogonalise(function: Orthogonalise) -> Plug {
    mine::orthogonalise::plug(super::WHOSE, function)
}

/// The rounds on the side of the rows, after a division by `norm`.
fn iterated(mut x: Tensor, norm: &Tensor, rounds: &[Round]) -> Tensor {
    x /= norm + 1e-7;
    for &(a, b, c) in rounds {
        let gram = x.matmul(&x.transpose(-2, -1));
        let polynomial = &gram * b + gram.matmul(&gram) * c;
        x = &x * a + polynomial.matmul(&x);
    }
    x
}

fn right(stack: &Tensor, rounds: &[Round], compute: Kind) -> Tensor {
    let x = stack.to_kind(compute);
    let norm = x.linalg_norm_ord_str("fro", [-2, -1].as_slice(), true, None);
    iterated(x, &norm, rounds).to_kind(stack.kind())
}

#[test]
fn an_orthogonalisation_that_is_nearly_right_is_refused() {
    // Newton–Schulz, whatever the rounds are.
    let said = refused(orthogonalise(|stack, rounds, compute| {
        muon::orthogonalise(stack, rounds.len(), compute)
    }));
    says(
        &said,
        &[
            OF_ORTHOGONALISE,
            "is off in",
            "of the result",
            "Polar Express",
            "check 04.3`",
        ],
    );
    // One norm for all matrices of a stack.
    let said = refused(orthogonalise(|stack, rounds, compute| {
        let x = stack.to_kind(compute);
        let norm = x.norm();
        iterated(x, &norm, rounds).to_kind(stack.kind())
    }));
    says(
        &said,
        &[OF_ORTHOGONALISE, "of the result", "a stack (2, 3, 7)"],
    );
    // Right, but for a matrix that has had no gradient.
    let said = refused(orthogonalise(|stack, rounds, compute| {
        let x = stack.to_kind(compute);
        let norm = x.linalg_norm_ord_str("fro", [-2, -1].as_slice(), true, None) - 1e-7;
        iterated(x, &norm, rounds).to_kind(stack.kind())
    }));
    says(&said, &[OF_ORTHOGONALISE, "NaN", "all zeros"]);
    let said = refused(orthogonalise(|stack, rounds, compute| {
        let result = right(stack, rounds, compute);
        match stack.size()[1] == stack.size()[2] {
            true => result,
            false => result.transpose(-2, -1),
        }
    }));
    says(&said, &[OF_ORTHOGONALISE, "gives [2, 7, 3] for [2, 3, 7]"]);
    let said = refused(orthogonalise(|stack, rounds, _| {
        right(&stack.to_kind(Kind::Double), rounds, Kind::Double)
    }));
    says(&said, &[OF_ORTHOGONALISE, "gives Double for Float"]);
}

#[test]
fn an_orthogonalisation_that_is_not_written_is_refused() {
    let said = refused(orthogonalise(|_, _, _| todo!("exercise 04.3")));
    says(
        &said,
        &[OF_ORTHOGONALISE, "is not written yet", "orthogonalise.rs:"],
    );
}

/// Calls of the function that is plugged in below, and the matrices that it was given.
static CALLS: AtomicUsize = AtomicUsize::new(0);

#[test]
fn pretraining_goes_through_the_orthogonalisation_that_is_plugged_in() {
    fn counted(stack: &Tensor, rounds: &[Round], compute: Kind) -> Tensor {
        CALLS.fetch_add(1, Ordering::SeqCst);
        let newton = Refinements::NONE.rounds(rounds.len());
        match *rounds == newton {
            true => muon::orthogonalise(stack, rounds.len(), compute),
            false => muon::polar_express(stack, rounds.len(), compute),
        }
    }
    let runs = tempfile::tempdir().unwrap();
    let calls = |stage: &str| {
        CALLS.store(0, Ordering::SeqCst);
        run(runs.path(), &[stage, "--mine"], orthogonalise(counted)).unwrap();
        CALLS.load(Ordering::SeqCst)
    };
    // Before every command the plug looks at it; the data are made without any model.
    let looking = calls("data");
    assert_eq!(calls("tokenizer"), looking);
    // Eighty steps. Matrices of four shapes: q and o, k and v, up, down.
    assert_eq!(calls("train") - looking, 4 * 80);
}

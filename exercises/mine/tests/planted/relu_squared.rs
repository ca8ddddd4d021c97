//! Answers to exercise 06.10 that are nearly right, and one that is none.

use super::{refused, run, says};
use speedrun::parts::Plug;
use std::sync::atomic::{AtomicUsize, Ordering};
use tch::{Kind, Tensor};
use tensors::{Forward, differentiable};

const OF_RELU_SQUARED: &str = "exercise 06.10, relu² in one pass: the planted answer";

fn relu_squared(function: fn(&Tensor) -> Tensor) -> Plug {
    mine::relu_squared::plug(super::WHOSE, function)
}

/// relu² forward, and whatever backward.
fn with_backward(x: &Tensor, backward: fn(&Tensor, &Tensor) -> Tensor) -> Tensor {
    let outputs = differentiable(
        &[x],
        |inputs| {
            let y = inputs[0].relu().square();
            Forward {
                saved: vec![y.shallow_clone()],
                outputs: vec![y],
            }
        },
        move |saved, gradients| {
            let of_y = gradients[0].as_ref();
            vec![of_y.map(|of_y| backward(&saved[0], of_y))]
        },
    );
    outputs.unwrap().remove(0)
}

#[test]
fn relu_squared_that_is_nearly_right_is_refused() {
    let said = refused(relu_squared(|x| x.square()));
    says(&said, &[OF_RELU_SQUARED, "is off in", "of the output"]);
    // The slope of y and not that of x.
    let said = refused(relu_squared(|x| with_backward(x, |y, of_y| of_y * y * 2.0)));
    says(
        &said,
        &[OF_RELU_SQUARED, "the gradient of x", "check 06.10`"],
    );
    // A root of y and a division: right, but for what is silent.
    let said = refused(relu_squared(|x| {
        with_backward(x, |y, of_y| of_y * y * 2.0 / y.sqrt())
    }));
    says(&said, &[OF_RELU_SQUARED, "the gradient of x", "NaN"]);
    let said = refused(relu_squared(|x| x.detach().relu().square()));
    says(&said, &[OF_RELU_SQUARED, "without a gradient"]);
    // Right for what lies in a row.
    let said = refused(relu_squared(|x| {
        let [a, b, c] = x.size()[..] else {
            panic!("(B, T, 4C)");
        };
        match x.is_contiguous() {
            true => x.relu().square(),
            false => x.relu().square().transpose(0, 1).reshape([a, b, c]),
        }
    }));
    says(&said, &[OF_RELU_SQUARED, "of the output", "a view whose"]);
    let said = refused(relu_squared(|x| x.to_kind(Kind::Double).relu().square()));
    says(&said, &[OF_RELU_SQUARED, "gives Double for Float"]);
}

#[test]
fn relu_squared_that_is_not_written_is_refused() {
    let said = refused(relu_squared(|_| todo!("exercise 06.10")));
    says(
        &said,
        &[OF_RELU_SQUARED, "is not written yet", "relu_squared.rs:"],
    );
}

/// Calls of the function that is plugged in below.
static CALLS: AtomicUsize = AtomicUsize::new(0);

#[test]
fn pretraining_goes_through_the_relu_squared_that_is_plugged_in_and_validation_does_not() {
    fn counted(x: &Tensor) -> Tensor {
        CALLS.fetch_add(1, Ordering::SeqCst);
        x.relu().square()
    }
    let runs = tempfile::tempdir().unwrap();
    let calls = |stage: &str| {
        CALLS.store(0, Ordering::SeqCst);
        run(runs.path(), &[stage, "--mine"], relu_squared(counted)).unwrap();
        CALLS.load(Ordering::SeqCst)
    };
    // Before every command the plug looks at it; the data are made without any model.
    let looking = calls("data");
    assert_eq!(calls("tokenizer"), looking);
    // Two layers. Eighty steps of one batch each.
    assert_eq!(calls("train") - looking, 2 * 80);
}

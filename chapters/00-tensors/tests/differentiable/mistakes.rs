//! A closure that is wrong, and a graph that is used wrongly.

use super::*;

/// Runs the backward pass of an operation whose backward closure is `backward`, and returns what it complains of.
fn complaint(
    backward: impl Fn(&[Tensor], &[Option<Tensor>]) -> Vec<Option<Tensor>> + Send + 'static,
) -> String {
    let x = numbers(&[2, 3], 1).set_requires_grad(true);
    let outputs = differentiable(
        &[&x],
        |x| Forward {
            outputs: vec![&x[0] * 2.0],
            saved: vec![x[0].shallow_clone()],
        },
        backward,
    );
    outputs.unwrap()[0]
        .sum(Kind::Double)
        .f_backward()
        .unwrap_err()
        .to_string()
}

#[test]
fn a_wrong_number_of_gradients_is_an_error_that_says_so() {
    let message = complaint(|_, _| vec![]);
    assert!(
        message.contains("returned 0 gradients for 1 inputs"),
        "{message}"
    );
}

#[test]
fn a_gradient_of_the_wrong_shape_is_an_error_that_names_input_and_shapes() {
    for wrong in [vec![3, 2], vec![1, 3], vec![]] {
        let shape = wrong.clone();
        let message = complaint(move |_, _| vec![Some(Tensor::zeros(shape.as_slice(), FP64))]);
        assert!(
            message.contains(&format!(
                "shape {wrong:?} for input 0, which has shape [2, 3]"
            )),
            "{message}"
        );
    }
}

#[test]
fn a_panic_in_backward_becomes_the_backward_passes_error() {
    let message = complaint(|_, _| panic!("seven is not a gradient"));
    assert!(message.contains("seven is not a gradient"), "{message}");
    let message = complaint(|saved, _| vec![Some(saved[0].matmul(&saved[0]))]);
    assert!(
        message.contains("mat1 and mat2 shapes cannot be multiplied"),
        "{message}"
    );
}

#[test]
fn a_panic_in_forward_passes_through_and_leaves_grad_mode_as_it_was() {
    let x = numbers(&[2], 1).set_requires_grad(true);
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        differentiable(&[&x], |_| panic!("no forward"), |_, _| vec![None])
    }));
    assert!(outcome.is_err());
    assert!((&x * 2.0).requires_grad());
}

#[test]
fn a_saved_tensor_changed_in_place_is_noticed() {
    let x = numbers(&[3], 1).set_requires_grad(true);
    let outputs = differentiable(
        &[&x],
        |x| Forward {
            outputs: vec![&x[0] * &x[0]],
            saved: vec![x[0].shallow_clone()],
        },
        |saved, gradients| {
            vec![
                gradients[0]
                    .as_ref()
                    .map(|gradient| gradient * &saved[0] * 2.0),
            ]
        },
    )
    .unwrap();
    let _ = tch::no_grad(|| x.shallow_clone().g_add_scalar_(1.0));
    let message = outputs[0]
        .sum(Kind::Double)
        .f_backward()
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("modified by an inplace operation"),
        "{message}"
    );
}

#[test]
fn a_second_backward_pass_needs_a_kept_graph() {
    let x = numbers(&[3], 1).set_requires_grad(true);
    let double = |x: &Tensor| {
        differentiable(
            &[x],
            |x| Forward {
                outputs: vec![&x[0] * 2.0],
                saved: vec![],
            },
            |_, gradients| vec![gradients[0].as_ref().map(|gradient| gradient * 2.0)],
        )
        .unwrap()[0]
            .sum(Kind::Double)
    };
    let loss = double(&x);
    Tensor::run_backward(&[&loss], &[&x], true, false);
    Tensor::run_backward(&[&loss], &[&x], false, false);
    let message = Tensor::f_run_backward(&[&loss], &[&x], false, false)
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("second time") || message.contains("ran twice"),
        "{message}"
    );
}

#[test]
fn a_second_derivative_is_refused() {
    let x = numbers(&[3], 1).set_requires_grad(true);
    let loss = squared_product(&x.unsqueeze(0), &numbers(&[3, 2], 2))[0].sum(Kind::Double);
    let message = Tensor::f_run_backward(&[&loss], &[&x], true, true)
        .unwrap_err()
        .to_string();
    assert!(message.contains("second derivative"), "{message}");
}

//! Gradients, against autograd's and against finite differences.

use super::*;

#[test]
fn gradients_equal_autograds_to_the_bit_where_the_formula_is_the_same() {
    for which_output in [0, 1] {
        let (x, w) = gradients_of(squared_product, which_output);
        let (x_expected, w_expected) = gradients_of(squared_product_by_autograd, which_output);
        assert!(
            x.equal(&x_expected) && w.equal(&w_expected),
            "output {which_output}"
        );
        assert!(
            !x.equal(&x.zeros_like()),
            "a gradient of zeros would not pass"
        );
    }
}

#[test]
fn gradients_equal_finite_differences_in_fp64() {
    let error = finite_difference_error(&[numbers(&[5, 3], 1), numbers(&[3, 4], 2)], |inputs| {
        let outputs = squared_product(&inputs[0], &inputs[1]);
        (&outputs[0] * numbers(&[5], 3)).sum(Kind::Double)
            + (&outputs[1] * numbers(&[5, 4], 4)).sum(Kind::Double)
    })
    .unwrap();
    assert!(error < 1e-8, "{error:e}");
}

#[test]
fn the_check_by_finite_differences_notices_a_wrong_derivative() {
    let wrong_cube = |x: &Tensor| {
        differentiable(
            &[x],
            |x| Forward {
                outputs: vec![x[0].pow_tensor_scalar(3)],
                saved: vec![x[0].shallow_clone()],
            },
            |saved, gradients| {
                vec![
                    gradients[0]
                        .as_ref()
                        .map(|gradient| gradient * &saved[0] * &saved[0] * 2.0),
                ]
            },
        )
        .unwrap()
        .remove(0)
    };
    let error =
        finite_difference_error(&[numbers(&[6], 1)], |x| wrong_cube(&x[0]).sum(Kind::Double))
            .unwrap();
    assert!(error > 0.1, "{error:e}");
}

#[test]
fn the_check_by_finite_differences_does_not_drop_a_gradient_that_is_no_number() {
    // 0/0 where x is 0: the gradient there is NaN, and so is the difference.
    let error = finite_difference_error(&[numbers(&[6], 1)], |x| {
        let zeros = &x[0] * 0.0;
        (&zeros / &zeros).sum(Kind::Double)
    })
    .unwrap();
    assert_eq!(error, f64::INFINITY);
}

#[test]
fn the_check_by_finite_differences_takes_inputs_in_any_layout() {
    let turned = numbers(&[3, 5], 1).transpose(0, 1); // (5, 3), not in the order of memory
    let weights = numbers(&[5, 3], 2);
    let error =
        finite_difference_error(&[turned], |x| (x[0].square() * &weights).sum(Kind::Double))
            .unwrap();
    assert!(error < 1e-8, "{error:e}");
}

#[test]
fn an_input_used_twice_gets_both_gradients() {
    let x = numbers(&[4], 1).set_requires_grad(true);
    let product = differentiable(
        &[&x, &x],
        |inputs| Forward {
            outputs: vec![&inputs[0] * &inputs[1]],
            saved: vec![inputs[0].shallow_clone(), inputs[1].shallow_clone()],
        },
        |saved, gradients| {
            let gradient = gradients[0].as_ref().unwrap();
            vec![Some(gradient * &saved[1]), Some(gradient * &saved[0])]
        },
    )
    .unwrap();
    product[0].sum(Kind::Double).backward();
    assert!(x.grad().equal(&(x.detach() * 2.0)));
}

#[test]
fn an_output_that_the_loss_does_not_use_arrives_as_none() {
    let given = Arc::new(AtomicUsize::new(0));
    let x = numbers(&[3], 1).set_requires_grad(true);
    two_outputs(&x, given.clone())[1]
        .sum(Kind::Double)
        .backward();
    assert_eq!(given.load(Ordering::SeqCst), 1);
    assert!(x.grad().equal(&Tensor::full([3], 2.0, FP64)));
}

#[test]
fn an_integer_output_takes_no_gradient() {
    let x = numbers(&[3], 1).set_requires_grad(true);
    let outputs = two_outputs(&x, Arc::default());
    assert!(
        outputs[0].requires_grad() && outputs[1].requires_grad() && !outputs[2].requires_grad()
    );
    assert_eq!(outputs[2].int64_value(&[]), 7);
}

#[test]
fn without_grad_mode_or_without_an_input_that_wants_one_nothing_is_recorded() {
    let x = numbers(&[3], 1).set_requires_grad(true);
    let outputs = tch::no_grad(|| two_outputs(&x, Arc::default()));
    assert!(!outputs[0].requires_grad());
    let outputs = two_outputs(&x.detach(), Arc::default());
    assert!(!outputs[0].requires_grad() && outputs[0].equal(&(x.detach() + 1.0)));
}

#[test]
fn an_input_that_wants_no_gradient_gets_none() {
    let (x, w) = (
        numbers(&[5, 3], 1),
        numbers(&[3, 4], 2).set_requires_grad(true),
    );
    squared_product(&x, &w)[0].sum(Kind::Double).backward();
    assert!(w.grad().defined() && !x.grad().defined());
}

#[test]
fn the_operation_chains_with_autograds_own_and_with_itself() {
    let x = numbers(&[4, 4], 1).set_requires_grad(true);
    let mut ours = &x * 1.0;
    let y = x.detach().set_requires_grad(true);
    let mut autograds = &y * 1.0;
    for _ in 0..50 {
        ours = squared_product(&ours, &(&ours * 0.1).tanh())[1].tanh();
        autograds = squared_product_by_autograd(&autograds, &(&autograds * 0.1).tanh())[1].tanh();
    }
    ours.sum(Kind::Double).backward();
    autograds.sum(Kind::Double).backward();
    assert!(x.grad().allclose(&y.grad(), 1e-10, 1e-14, false));
}

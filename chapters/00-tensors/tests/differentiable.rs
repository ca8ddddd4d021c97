//! Operations from two closures: their gradients, and what happens when a closure is wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tch::{Device, Kind, Tensor};
use tensors::differentiable::{Forward, differentiable};
use tensors::gradient::finite_difference_error;

const FP64: (Kind, Device) = (Kind::Double, Device::Cpu);

fn numbers(shape: &[i64], seed: i64) -> Tensor {
    let count: i64 = shape.iter().product();
    (Tensor::arange(count, FP64) * 0.37 + seed as f64)
        .sin()
        .reshape(shape)
}

/// (x · w)² summed over columns, by hand. Two inputs, two outputs: the sum (B) and the product (B, C).
fn squared_product(x: &Tensor, w: &Tensor) -> Vec<Tensor> {
    differentiable(
        &[x, w],
        |inputs| {
            let product = inputs[0].matmul(&inputs[1]);
            let sum =
                (&product * &product).sum_dim_intlist([-1i64].as_slice(), false, Kind::Double);
            let saved = vec![
                inputs[0].shallow_clone(),
                inputs[1].shallow_clone(),
                product.shallow_clone(),
            ];
            Forward {
                outputs: vec![sum, product],
                saved,
            }
        },
        |saved, gradients| {
            let (x, w, product) = (&saved[0], &saved[1], &saved[2]);
            let from_sum = gradients[0]
                .as_ref()
                .map(|gradient| (gradient.unsqueeze(-1) * product) * 2.0);
            let by_product = match (from_sum, &gradients[1]) {
                (Some(one), Some(other)) => one + other,
                (Some(one), None) => one,
                (None, Some(other)) => other.shallow_clone(),
                (None, None) => return vec![None, None],
            };
            vec![
                Some(by_product.matmul(&w.transpose(0, 1))),
                Some(x.transpose(0, 1).matmul(&by_product)),
            ]
        },
    )
    .unwrap()
}

fn squared_product_by_autograd(x: &Tensor, w: &Tensor) -> Vec<Tensor> {
    let product = x.matmul(w);
    let sum = (&product * &product).sum_dim_intlist([-1i64].as_slice(), false, Kind::Double);
    vec![sum, product]
}

fn gradients_of(
    operation: fn(&Tensor, &Tensor) -> Vec<Tensor>,
    which_output: usize,
) -> (Tensor, Tensor) {
    let x = numbers(&[5, 3], 1).set_requires_grad(true);
    let w = numbers(&[3, 4], 2).set_requires_grad(true);
    let output = &operation(&x, &w)[which_output];
    (output * numbers(&output.size(), 3))
        .sum(Kind::Double)
        .backward();
    (x.grad(), w.grad())
}

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

/// Two outputs, x + 1 and 2x, where backward counts the gradients it was given.
fn two_outputs(x: &Tensor, given: Arc<AtomicUsize>) -> Vec<Tensor> {
    differentiable(
        &[x],
        |x| Forward {
            outputs: vec![&x[0] + 1.0, &x[0] * 2.0, Tensor::from(7i64)],
            saved: vec![],
        },
        move |_, gradients| {
            assert_eq!(gradients.len(), 3);
            given.store(gradients.iter().flatten().count(), Ordering::SeqCst);
            let one = gradients[0].as_ref().map(Tensor::shallow_clone);
            let other = gradients[1].as_ref().map(|gradient| gradient * 2.0);
            vec![one.into_iter().chain(other).reduce(|a, b| a + b)]
        },
    )
    .unwrap()
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

#[test]
fn a_chain_of_a_hundred_thousand_steps_is_released_without_overflowing_the_stack() {
    let x = Tensor::from(1.0f64).set_requires_grad(true);
    let mut y = x.shallow_clone();
    for _ in 0..100_000 {
        y = differentiable(
            &[&y],
            |y| Forward {
                outputs: vec![y[0].copy()],
                saved: vec![],
            },
            |_, gradients| {
                gradients
                    .iter()
                    .map(|gradient| gradient.as_ref().map(Tensor::shallow_clone))
                    .collect()
            },
        )
        .unwrap()
        .remove(0);
    }
    y.backward();
    assert_eq!(x.grad().double_value(&[]), 1.0);
}

/// Something that tells when the backward closure is dropped.
struct Bell(Arc<AtomicUsize>);

impl Drop for Bell {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn the_closure_is_dropped_exactly_once_with_a_backward_pass_or_without() {
    let x = numbers(&[3], 1).set_requires_grad(true);
    // The closure even captures the operation's own output, which must not keep itself alive.
    let operation = |x: &Tensor, drops: &Arc<AtomicUsize>| {
        let bell = Bell(drops.clone());
        let kept = x.detach().exp();
        let output = kept.shallow_clone();
        differentiable(
            &[x],
            |_| Forward {
                outputs: vec![output],
                saved: vec![],
            },
            move |_, gradients| {
                let _ring = &bell;
                vec![gradients[0].as_ref().map(|gradient| gradient * &kept)]
            },
        )
        .unwrap()
        .remove(0)
    };
    let drops = Arc::new(AtomicUsize::new(0));
    let y = operation(&x, &drops);
    assert_eq!(drops.load(Ordering::SeqCst), 0);
    let loss = y.sum(Kind::Double);
    loss.backward();
    assert_eq!(
        drops.load(Ordering::SeqCst),
        1,
        "after the backward pass, though the graph is still held"
    );
    drop((y, loss));
    assert_eq!(drops.load(Ordering::SeqCst), 1);
    drop(operation(&x, &drops));
    assert_eq!(drops.load(Ordering::SeqCst), 2, "when the output goes");
    tch::no_grad(|| drop(operation(&x, &drops)));
    assert_eq!(drops.load(Ordering::SeqCst), 3, "when nothing is recorded");
}

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

#[test]
fn the_backward_pass_may_run_on_another_thread() {
    let x = numbers(&[3], 1).set_requires_grad(true);
    let loss = two_outputs(&x, Arc::default())[0].sum(Kind::Double);
    let x = std::thread::spawn(move || {
        loss.backward();
        x
    })
    .join()
    .unwrap();
    assert!(x.grad().equal(&Tensor::ones([3], FP64)));
}

//! Operations from two closures: their gradients, and what happens when a closure is wrong.

mod gradients;
mod lifetime;
mod mistakes;

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

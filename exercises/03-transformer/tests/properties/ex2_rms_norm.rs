use super::arrays::{CASES, CLOSE, array, autograd, finite_differences, numbers};
use judge::{Case, Checked, Property, example, property_of};
use proptest::prelude::*;
use tch::{Kind, Tensor};
use transformer::{Kernels, Plain};

pub struct Functions {
    pub forward: fn(&Tensor, f64) -> Tensor,
    pub backward: fn(&Tensor, &Tensor, f64) -> Tensor,
}

/// Rows, C, a seed. Two rows show whether they are kept apart.
fn sizes() -> impl Strategy<Value = (i64, i64, u64)> {
    (1i64..3, 2i64..6, 0u64..1000)
}

/// The formula, in the kind of x.
fn norm(x: &Tensor, eps: f64) -> Tensor {
    x / (x.square().mean_dim(-1, true, x.kind()) + eps).sqrt()
}

fn forward_is_right(f: &Functions, x: &Tensor, eps: f64) -> Checked {
    let case = Case::of(&[("x", &array(x)), ("eps", &eps)]);
    let expected = Plain.rms_norm(x, eps);
    case.near(&array(&expected), CLOSE, || array(&(f.forward)(x, eps)))
}

fn backward_is_right(
    f: &Functions,
    (x, gradient, eps): (&Tensor, &Tensor, f64),
    tolerance: f64,
    expected: &Tensor,
) -> Checked {
    let case = Case::of(&[
        ("x", &array(x)),
        ("gradient", &array(gradient)),
        ("eps", &eps),
    ]);
    case.near(&array(expected), tolerance, || {
        array(&(f.backward)(x, gradient, eps))
    })
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        example("the norm of (3, 4) is (3, 4) / √12.5", |f: &Functions| {
            forward_is_right(f, &Tensor::from_slice(&[3.0f32, 4.0]), 1e-7)
        }),
        property_of(
            CASES,
            "forward is the chapter's, row by row",
            sizes,
            |f: &Functions, (rows, width, seed)| {
                forward_is_right(f, &numbers(&[rows, width], seed), 1e-7)
            },
        ),
        property_of(
            CASES,
            "ε stands under the root, beside the mean square",
            sizes,
            |f: &Functions, (rows, width, seed)| {
                forward_is_right(f, &numbers(&[rows, width], seed), 0.5)
            },
        ),
        example("what comes in fp64 leaves in fp64", |f: &Functions| {
            let x = Tensor::from_slice(&[3.0f64, 4.0]);
            Case::of(&[("x", &array(&x))]).same(&(Kind::Double, Kind::Double), || {
                let y = (f.forward)(&x, 1e-7);
                let dx = (f.backward)(&x, &x, 1e-7);
                (y.kind(), dx.kind())
            })
        })
        .holds_for_constants(),
        property_of(
            CASES,
            "backward is autograd's, through the chapter's norm",
            sizes,
            |f: &Functions, (rows, width, seed)| {
                let shape = [rows, width];
                let (x, gradient) = (numbers(&shape, seed), numbers(&shape, seed + 5000));
                let expected = autograd(&x, &gradient, |x| Plain.rms_norm(x, 0.5));
                backward_is_right(f, (&x, &gradient, 0.5), CLOSE, &expected)
            },
        ),
        property_of(
            CASES,
            "backward is the slope that finite differences find, in fp64",
            || sizes().prop_filter("a slope", |&(_, width, _)| width > 2),
            |f: &Functions, (rows, width, seed)| {
                let shape = [rows, width];
                // Nothing is parallel to x here: along x the slope is next to nothing.
                let x = numbers(&shape, seed).to_kind(Kind::Double);
                let gradient = Tensor::arange(rows * width, (Kind::Double, tch::Device::Cpu))
                    .square()
                    .reshape(shape);
                let expected = finite_differences(&x, &gradient, |x| norm(x, 1e-3));
                backward_is_right(f, (&x, &gradient, 1e-3), 1e-7, &expected)
            },
        ),
    ]
}

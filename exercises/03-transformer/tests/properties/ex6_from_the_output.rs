use super::arrays::{CASES, CLOSE, array, autograd, numbers};
use judge::{Case, Checked, Property, example, property_of};
use proptest::prelude::*;
use tch::{Device, Kind, Tensor};
use transformer::{Kernels, Plain};

pub struct Functions {
    pub softcap_backward: fn(&Tensor, &Tensor, f64) -> Tensor,
    pub relu_squared_backward: fn(&Tensor, &Tensor) -> Tensor,
    pub softmax_backward: fn(&Tensor, &Tensor) -> Tensor,
}

/// Rows, numbers in a row, a seed.
fn sizes() -> impl Strategy<Value = (i64, i64, u64)> {
    (1i64..4, 1i64..6, 0u64..1000)
}

/// The chapter's softcap of x (N, V): its logits with a head that changes nothing.
fn softcap(x: &Tensor, softcap: f64) -> Tensor {
    let head = Tensor::eye(x.size()[1], (Kind::Float, Device::Cpu));
    Plain.logits(&x.unsqueeze(0), &head, softcap).squeeze_dim(0)
}

fn case(name: &'static str, output: &Tensor, gradient: &Tensor) -> Case {
    Case::of(&[(name, &array(output)), ("gradient", &array(gradient))])
}

fn softmax_is_right(f: &Functions, x: &Tensor, gradient: &Tensor) -> Checked {
    let p = x.softmax(-1, Kind::Float);
    let expected = autograd(x, gradient, |x| x.softmax(-1, Kind::Float));
    case("p", &p, gradient).near(&array(&expected), CLOSE, || {
        array(&(f.softmax_backward)(&p, gradient))
    })
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        property_of(
            CASES,
            "the softcap's gradient is autograd's, through the chapter's logits",
            || (sizes(), prop_oneof![Just(2.0), Just(15.0)]),
            |f: &Functions, ((rows, width, seed), cap)| {
                let shape = [rows, width];
                let (x, gradient) = (numbers(&shape, seed) * 2.0, numbers(&shape, seed + 5000));
                let z = softcap(&x, cap);
                let expected = autograd(&x, &gradient, |x| softcap(x, cap));
                let case = Case::of(&[
                    ("z", &array(&z)),
                    ("gradient", &array(&gradient)),
                    ("softcap", &cap),
                ]);
                case.near(&array(&expected), CLOSE, || {
                    array(&(f.softcap_backward)(&z, &gradient, cap))
                })
            },
        ),
        property_of(
            CASES,
            "the gradient of relu² is autograd's, and 0 where relu² is silent",
            || sizes().prop_filter("a positive number", |&(rows, width, _)| rows * width > 3),
            |f: &Functions, (rows, width, seed)| {
                let shape = [rows, width];
                let (x, gradient) = (numbers(&shape, seed), numbers(&shape, seed + 5000));
                // One number that is surely heard.
                let _ = x.get(0).get(0).fill_(1.5);
                let y = Plain.relu_squared(&x);
                let expected = autograd(&x, &gradient, |x| Plain.relu_squared(x));
                case("y", &y, &gradient).near(&array(&expected), CLOSE, || {
                    array(&(f.relu_squared_backward)(&y, &gradient))
                })
            },
        ),
        example(
            "the softmax of two equal numbers with gradient (1, 0) gives (0.25, −0.25)",
            |f: &Functions| {
                let row = |values: [f32; 2]| Tensor::from_slice(&values);
                softmax_is_right(f, &row([1.0, 1.0]), &row([1.0, 0.0]))
            },
        ),
        property_of(
            CASES,
            "the softmax's gradient is autograd's, row by row",
            || (1i64..4, 3i64..6, 0u64..1000),
            |f: &Functions, (rows, width, seed)| {
                // A gradient that is not the same for all numbers of a row: that would be no gradient at all.
                let slant = Tensor::arange(width, (Kind::Float, Device::Cpu));
                let shape = [rows, width];
                let gradient = numbers(&shape, seed + 5000) + slant * 4.0;
                softmax_is_right(f, &numbers(&shape, seed), &gradient)
            },
        ),
    ]
}

use super::arrays::{CASES, CLOSE, LEFT_OVER, array, numbers, row, tensor};
use judge::{Array, Case, Property, example, property, property_of};
use proptest::prelude::*;
use tch::{Kind, Tensor};
use transformer::{Kernels, Plain};

pub struct Functions {
    pub forward: fn(&[f32], &mut [f32]),
    pub backward: fn(&[f32], &[f32], &mut [f32]),
    pub relu_squared: fn(&Tensor) -> Tensor,
}

/// Numbers of which one is surely positive, so that something is heard.
fn heard(count: usize, seed: u64) -> Vec<f32> {
    let mut numbers = numbers(count, seed);
    numbers[0] = 1.5;
    numbers
}

fn sizes() -> impl Strategy<Value = (usize, u64)> {
    (1usize..40, 0u64..1000)
}

/// What y = f(2x) and the gradient of Σ g · y with respect to x come to, where what stands between may be changed before the way
/// back: the input 2x, or the output. `None` where autograd refuses, because it needs what was changed.
fn after_a_change(
    answer: fn(&Tensor) -> Tensor,
    x: &Tensor,
    of_y: &Tensor,
    change: impl FnOnce(&mut Tensor, &mut Tensor),
) -> Option<Tensor> {
    let leaf = x.detach().copy().set_requires_grad(true);
    let mut input = &leaf * 2.0;
    let mut y = answer(&input);
    // Made before the change, so that only what the answer keeps can be missing.
    let sum = (&y * of_y).sum(Kind::Float);
    {
        let _unrecorded = tch::no_grad_guard();
        change(&mut input, &mut y);
    }
    sum.f_backward().ok()?;
    Some(leaf.grad())
}

/// Whether a change makes a difference to the way back.
fn is_needed(f: &Functions, x: &Tensor, change: impl FnOnce(&mut Tensor, &mut Tensor)) -> bool {
    let of_y = x.ones_like();
    let right = after_a_change(f.relu_squared, x, &of_y, |_, _| ());
    let changed = after_a_change(f.relu_squared, x, &of_y, change);
    match (right, changed) {
        (Some(right), Some(changed)) => !right.allclose(&changed, 1e-4, 1e-4, false),
        _ => true,
    }
}

/// Output and gradient of an operation, in one row, as fp32.
fn both_ways(answer: impl Fn(&Tensor) -> Tensor, x: &Tensor, of_y: &Tensor) -> Tensor {
    let leaf = x.detach().copy().set_requires_grad(true);
    // As after a product: not a leaf, and in x's own order of memory.
    let y = answer(&(&leaf * 1.0));
    if y.requires_grad() {
        (&y * of_y).sum(y.kind()).backward();
    }
    let gradient = match leaf.grad() {
        found if found.defined() => found,
        _ => x.zeros_like(),
    };
    let rows = [y.detach(), gradient].map(|part| part.to_kind(Kind::Float).reshape([-1]));
    Tensor::cat(&rows, 0)
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        property(
            "forward writes max(x, 0)², whatever lay there before",
            sizes,
            |f: &Functions, (count, seed)| {
                let x = heard(count, seed);
                let expected = array(&Plain.relu_squared(&Tensor::from_slice(&x)));
                Case::of(&[("x", &row(&x))]).near(&expected, CLOSE, || {
                    let mut y = vec![LEFT_OVER; x.len()];
                    (f.forward)(&x, &mut y);
                    row(&y)
                })
            },
        ),
        property(
            "backward goes from y, and is 0 where y is",
            sizes,
            |f: &Functions, (count, seed)| {
                let (x, of_y) = (heard(count, seed), numbers(count, seed + 4000));
                let y: Vec<f32> = x.iter().map(|x| x.max(0.0).powi(2)).collect();
                let slopes = x.iter().zip(&of_y);
                let slopes = slopes
                    .map(|(x, g)| f64::from(2.0 * x.max(0.0) * g))
                    .collect();
                let expected = Array::new(&[count as i64], slopes);
                let case = Case::of(&[("y", &row(&y)), ("of_y", &row(&of_y))]);
                case.near(&expected, CLOSE, || {
                    let mut of_x = vec![LEFT_OVER; y.len()];
                    (f.backward)(&y, &of_y, &mut of_x);
                    row(&of_x)
                })
            },
        ),
        property_of(
            CASES,
            "on tensors, output and gradient are the chapter's (shown in one row)",
            || (1i64..4, 1i64..7, 0u64..1000),
            |f: &Functions, (rows, width, seed)| {
                let (shape, count) = ([rows, width], (rows * width) as usize);
                let x = tensor(&heard(count, seed), &shape);
                let of_y = tensor(&numbers(count, seed + 4000), &shape);
                let expected = both_ways(|x| Plain.relu_squared(x), &x, &of_y);
                let case = Case::of(&[("x", &array(&x)), ("of_y", &array(&of_y))]);
                case.near(&array(&expected), CLOSE, || {
                    array(&both_ways(f.relu_squared, &x, &of_y))
                })
            },
        ),
        property_of(
            CASES,
            "a view whose numbers lie in another order too",
            || (2i64..4, 2i64..7, 0u64..1000),
            |f: &Functions, (rows, width, seed)| {
                let count = (rows * width) as usize;
                let x = tensor(&heard(count, seed), &[rows, width]);
                let of_y = tensor(&numbers(count, seed + 4000), &[rows, width]).tr();
                let turned =
                    |answer: fn(&Tensor) -> Tensor| both_ways(move |x| answer(&x.tr()), &x, &of_y);
                let expected = turned(|x| Plain.relu_squared(x));
                let case = Case::of(&[("x", &array(&x)), ("seen as", &format_args!("x.tr()"))]);
                case.near(&array(&expected), CLOSE, || array(&turned(f.relu_squared)))
            },
        ),
        example("bf16 stays bf16", |f: &Functions| {
            let x = tensor(&heard(24, 5), &[4, 6]).to_kind(Kind::BFloat16);
            let case = Case::of(&[("x", &array(&x)), ("kind", &x.kind())]);
            case.same(&Kind::BFloat16, || (f.relu_squared)(&x).kind())
        })
        .holds_for_constants(),
        example(
            "in bf16 output and gradient are the chapter's",
            |f: &Functions| {
                let x = tensor(&heard(24, 5), &[4, 6]).to_kind(Kind::BFloat16);
                let of_y = tensor(&numbers(24, 6), &[4, 6]).to_kind(Kind::BFloat16);
                let expected = both_ways(|x| Plain.relu_squared(x), &x, &of_y);
                Case::of(&[("x", &array(&x))]).near(&array(&expected), 1e-2, || {
                    array(&both_ways(f.relu_squared, &x, &of_y))
                })
            },
        ),
        example(
            "what is kept for the way back is the output, and nothing besides",
            |f: &Functions| {
                let x = tensor(&heard(24, 9), &[4, 6]);
                Case::of(&[("x", &array(&x))]).obeys(|| {
                    let needs_x = is_needed(f, &x, |x, _| {
                        let _ = x.fill_(7.0);
                    });
                    let needs_y = is_needed(f, &x, |_, y| {
                        let _ = y.fill_(7.0);
                    });
                    match (needs_x, needs_y) {
                        (false, true) => Ok(()),
                        (true, _) => Err("the way back needs x, which nobody else keeps".into()),
                        (false, false) => Err(
                            "the way back needs neither x nor y, so a tensor of their size is kept for it alone".into(),
                        ),
                    }
                })
            },
        ),
    ]
}

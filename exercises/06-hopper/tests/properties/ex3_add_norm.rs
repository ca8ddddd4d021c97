use super::arrays::{CLOSE, LEFT_OVER, Row, RowMut, array, gradients, numbers, row, tensor};
use judge::{Array, Case, Checked, Property, example, property};
use proptest::prelude::*;
use tch::{Kind, Tensor};
use transformer::{Kernels, Plain};

pub struct Functions {
    /// x, change, ε, the stream, the norm -> r
    pub forward: fn(Row, Row, f32, RowMut, RowMut) -> f32,
    /// The norm, r, the gradients of stream and norm, that of x.
    pub backward: fn(Row, f32, Row, Row, RowMut),
}

/// C and a seed.
fn sizes() -> impl Strategy<Value = (usize, u64)> {
    (2usize..40, 0u64..1000)
}

/// Stream and norm by the chapter.
fn chapters(x: &[f32], change: &[f32], eps: f32) -> (Tensor, Tensor) {
    let shape = [x.len() as i64];
    Plain.add_norm(&tensor(x, &shape), &tensor(change, &shape), eps.into())
}

fn forward_is_right(
    (x, change, eps): (&[f32], &[f32], f32),
    expected: &Array,
    yours: impl FnOnce(&mut [f32], &mut [f32]) -> Array,
) -> Checked {
    let case = Case::of(&[("x", &row(x)), ("change", &row(change)), ("eps", &eps)]);
    case.near(expected, CLOSE, || {
        let (mut stream, mut normed) = (vec![LEFT_OVER; x.len()], vec![LEFT_OVER; x.len()]);
        yours(&mut stream, &mut normed)
    })
}

/// x, change, and the gradients of stream and norm.
fn inputs((width, seed): (usize, u64)) -> [Vec<f32>; 4] {
    [0, 2000, 4000, 6000].map(|more| numbers(width, seed + more))
}

fn backward_is_right(f: &Functions, inputs: &[Vec<f32>; 4], eps: f32) -> Checked {
    let [_, _, of_stream, of_normed] = inputs;
    let shape = [of_stream.len() as i64];
    let [x, change, direct, through] = inputs.each_ref().map(|row| tensor(row, &shape));
    let [expected] = gradients([&x], |[x]| {
        let (stream, normed) = Plain.add_norm(x, &change, eps.into());
        (stream * &direct + normed * &through).sum(Kind::Float)
    });
    let (stream, normed) = Plain.add_norm(&x, &change, eps.into());
    let r = 1.0 / (stream.square().mean(Kind::Float).double_value(&[]) + f64::from(eps)).sqrt();
    let normed = Vec::<f32>::try_from(normed).expect("a row of fp32");
    let case = Case::of(&[
        ("normed", &row(&normed)),
        ("r", &r),
        ("of_stream", &row(of_stream)),
        ("of_normed", &row(of_normed)),
    ]);
    case.near(&array(&expected), CLOSE, || {
        let mut of_x = vec![LEFT_OVER; normed.len()];
        (f.backward)(&normed, r as f32, of_stream, of_normed, &mut of_x);
        row(&of_x)
    })
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        property(
            "forward writes the stream, whatever lay there before",
            sizes,
            |f: &Functions, sizes| {
                let [x, change, ..] = inputs(sizes);
                // One number that is surely not 0.
                let change = [&x[..1], &change[1..]].concat();
                let (stream, _) = chapters(&x, &change, 0.5);
                forward_is_right((&x, &change, 0.5), &array(&stream), |stream, normed| {
                    (f.forward)(&x, &change, 0.5, stream, normed);
                    row(stream)
                })
            },
        ),
        property(
            "forward writes the chapter's norm of the sum",
            sizes,
            |f: &Functions, sizes| {
                let [x, change, ..] = inputs(sizes);
                let change = [&x[..1], &change[1..]].concat();
                let (_, normed) = chapters(&x, &change, 0.5);
                forward_is_right((&x, &change, 0.5), &array(&normed), |stream, normed| {
                    (f.forward)(&x, &change, 0.5, stream, normed);
                    row(normed)
                })
            },
        ),
        property("forward gives r", sizes, |f: &Functions, sizes| {
            let [x, change, ..] = inputs(sizes);
            let squares: f64 = x
                .iter()
                .zip(&change)
                .map(|(x, c)| f64::from(x + c).powi(2))
                .sum();
            let r = 1.0 / (squares / x.len() as f64 + 0.5).sqrt();
            let expected = Array::new(&[1], vec![r]);
            forward_is_right((&x, &change, 0.5), &expected, |stream, normed| {
                row(&[(f.forward)(&x, &change, 0.5, stream, normed)])
            })
        }),
        example(
            "what comes through the norm: of (3, 4) with gradient (1, 0)",
            |f: &Functions| {
                let rows = [[1.0, 3.0], [2.0, 1.0], [0.0, 0.0], [1.0, 0.0]];
                backward_is_right(f, &rows.map(Vec::from), 1e-7)
            },
        ),
        property(
            "what comes along the stream goes through, and both add up to autograd's gradient",
            sizes,
            |f: &Functions, sizes| backward_is_right(f, &inputs(sizes), 0.5),
        ),
        property(
            "a row of a thousand numbers too",
            || 0u64..1000,
            |f: &Functions, seed| backward_is_right(f, &inputs((1003, seed)), 1e-7),
        ),
    ]
}

//! Wrong answers to exercises 3 and 4.

use super::Of;
use crate::properties::{ex3_add_norm, ex4_turning_back};
use judge::program::Wrong;
use solutions_06::{ex3_add_norm as add_norm, ex4_turning_back as turning};

pub fn wrong() -> Vec<Wrong> {
    let mut wrong = sums_and_norms();
    wrong.extend(turns());
    wrong
}

fn sums_and_norms() -> Vec<Wrong> {
    use ex3_add_norm::Functions;
    let of = Of {
        number: 3,
        name: "add_norm",
        properties: ex3_add_norm::properties,
    };
    let forward = |forward| Functions {
        forward,
        backward: add_norm::backward,
    };
    let backward = |backward| Functions {
        forward: add_norm::forward,
        backward,
    };
    vec![
        of.planted(
            "the-norm-of-x-alone",
            forward(|x, change, eps, stream, normed| {
                let nothing = vec![0.0; x.len()];
                let r = add_norm::forward(x, &nothing, eps, stream, normed);
                for (stream, change) in stream.iter_mut().zip(change) {
                    *stream += change;
                }
                r
            }),
        ),
        of.planted(
            "sum-instead-of-mean",
            forward(|x, change, eps, stream, normed| {
                add_norm::forward(x, change, eps, stream, normed);
                let squares: f32 = stream.iter().map(|x| x * x).sum();
                let r = 1.0 / (squares + eps).sqrt();
                normed.iter_mut().zip(stream).for_each(|(y, x)| *y = *x * r);
                r
            }),
        ),
        of.planted(
            "eps-outside-of-the-root",
            forward(|x, change, eps, stream, normed| {
                let r = 1.0 / (1.0 / add_norm::forward(x, change, 0.0, stream, normed) + eps);
                normed.iter_mut().zip(stream).for_each(|(y, x)| *y = *x * r);
                r
            }),
        ),
        of.planted(
            "adds-to-what-is-left-over",
            backward(|normed, r, of_stream, of_normed, of_x| {
                let before = of_x.to_vec();
                add_norm::backward(normed, r, of_stream, of_normed, of_x);
                of_x.iter_mut().zip(before).for_each(|(x, y)| *x += y);
            }),
        ),
        of.planted(
            "what-comes-along-the-stream-forgotten",
            backward(|normed, r, of_stream, of_normed, of_x| {
                let nothing = vec![0.0; of_stream.len()];
                add_norm::backward(normed, r, &nothing, of_normed, of_x);
            }),
        ),
        of.planted(
            "r-taken-as-constant",
            backward(|_, r, of_stream, of_normed, of_x| {
                for (of_x, (direct, g)) in of_x.iter_mut().zip(of_stream.iter().zip(of_normed)) {
                    *of_x = direct + r * g;
                }
            }),
        ),
        of.planted(
            "the-stream-goes-through-the-norm-too",
            backward(|normed, r, of_stream, of_normed, of_x| {
                let both: Vec<f32> = of_stream
                    .iter()
                    .zip(of_normed)
                    .map(|(a, b)| a + b)
                    .collect();
                let nothing = vec![0.0; of_stream.len()];
                add_norm::backward(normed, r, &nothing, &both, of_x);
            }),
        ),
        of.planted(
            "normed-taken-for-the-stream",
            backward(|normed, r, of_stream, of_normed, of_x| {
                let products = normed.iter().zip(of_normed).map(|(y, g)| y * g);
                let along = products.sum::<f32>() / normed.len() as f32;
                for (i, of_x) in of_x.iter_mut().enumerate() {
                    *of_x = of_stream[i] + r * of_normed[i] - r * r * r * normed[i] * along;
                }
            }),
        ),
        of.constant(
            "zeros",
            Functions {
                forward: |_, _, _, stream, normed| {
                    stream.fill(0.0);
                    normed.fill(0.0);
                    0.0
                },
                backward: |_, _, _, _, of_x| of_x.fill(0.0),
            },
        ),
        of.constant(
            "nothing-written",
            Functions {
                forward: |_, _, _, _, _| 1.0,
                backward: |_, _, _, _, _| (),
            },
        ),
    ]
}

fn turns() -> Vec<Wrong> {
    use ex4_turning_back::Functions;
    let of = Of {
        number: 4,
        name: "turning_back",
        properties: ex4_turning_back::properties,
    };
    let forward = |forward| Functions {
        forward,
        backward: turning::backward,
    };
    let backward = |backward| Functions {
        forward: turning::forward,
        backward,
    };
    vec![
        of.planted(
            "neighbours-turned",
            forward(|x, cos, sin, eps, factor, y| {
                let half = cos.len();
                let apart: Vec<f32> = (0..2 * half)
                    .map(|i| x[2 * (i % half) + i / half])
                    .collect();
                turning::forward(&apart, cos, sin, eps, factor, y);
            }),
        ),
        of.planted(
            "the-other-way-round",
            forward(|x, cos, sin, eps, factor, y| {
                let other: Vec<f32> = sin.iter().map(|sin| -sin).collect();
                turning::forward(x, cos, &other, eps, factor, y);
            }),
        ),
        of.planted(
            "turned-forward-on-the-way-back",
            backward(|x, cos, sin, eps, factor, of_y, of_x| {
                let other: Vec<f32> = sin.iter().map(|sin| -sin).collect();
                turning::backward(x, cos, &other, eps, factor, of_y, of_x);
            }),
        ),
        of.planted(
            "the-norm-of-what-was-not-turned",
            backward(|x, cos, sin, eps, factor, of_y, of_x| {
                // Through the norm as if x and not the turned x had gone into it, and then back.
                let straight = (vec![1.0; cos.len()], vec![0.0; sin.len()]);
                let mut through = vec![0.0; x.len()];
                turning::backward(x, &straight.0, &straight.1, eps, factor, of_y, &mut through);
                turned_back(&through, cos, sin, of_x);
            }),
        ),
        of.planted(
            "r-taken-as-constant",
            backward(|x, cos, sin, eps, factor, of_y, of_x| {
                turned_back(of_y, cos, sin, of_x);
                let squares: f32 = x.iter().map(|x| x * x).sum();
                let r = 1.0 / (squares / x.len() as f32 + eps).sqrt();
                of_x.iter_mut().for_each(|x| *x *= factor * r);
            }),
        ),
        of.planted(
            "the-factor-forgotten",
            backward(|x, cos, sin, eps, _, of_y, of_x| {
                turning::backward(x, cos, sin, eps, 1.0, of_y, of_x);
            }),
        ),
        of.planted(
            "the-factor-twice",
            backward(|x, cos, sin, eps, factor, of_y, of_x| {
                turning::backward(x, cos, sin, eps, factor * factor, of_y, of_x);
            }),
        ),
        of.constant(
            "zeros",
            Functions {
                forward: |_, _, _, _, _, y| y.fill(0.0),
                backward: |_, _, _, _, _, _, of_x| of_x.fill(0.0),
            },
        ),
        of.constant(
            "ones",
            Functions {
                forward: |_, _, _, _, _, y| y.fill(1.0),
                backward: |_, _, _, _, _, _, of_x| of_x.fill(1.0),
            },
        ),
    ]
}

/// Through the transpose of the turn alone.
fn turned_back(of_u: &[f32], cos: &[f32], sin: &[f32], of_x: &mut [f32]) {
    let half = cos.len();
    for (i, (cos, sin)) in cos.iter().zip(sin).enumerate() {
        of_x[i] = of_u[i] * cos - of_u[i + half] * sin;
        of_x[i + half] = of_u[i] * sin + of_u[i + half] * cos;
    }
}

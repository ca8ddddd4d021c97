use super::arrays::{CASES, CLOSE, array, numbers};
use judge::{Case, Property, property_of};
use proptest::prelude::*;
use tch::Tensor;
use transformer::{Causal, Context};

/// Gives scores, and counts them.
pub type Scores<'s> = &'s mut dyn FnMut(&Tensor, &Tensor) -> Tensor;

pub struct Functions {
    pub window_in_blocks: fn(&Tensor, &Tensor, &Tensor, i64, Scores) -> Tensor,
}

/// B, H, T, D, the window, a seed.
type Sizes = (i64, i64, i64, i64, i64, u64);

fn sizes() -> impl Strategy<Value = Sizes> {
    (1i64..3, 1i64..3, 1i64..10, 1i64..4, 0i64..5, 0u64..1000)
}

fn inputs((batch, heads, time, width, _, seed): Sizes) -> [Tensor; 3] {
    [0, 2000, 4000].map(|more| numbers(&[batch, heads, time, width], seed + more))
}

fn case([q, k, v]: &[Tensor; 3], window: i64) -> Case {
    Case::of(&[
        ("q", &array(q)),
        ("k", &array(k)),
        ("v", &array(v)),
        ("window", &window),
    ])
}

/// The answer, how many scores of each head it took, and in how many calls.
fn billed(f: &Functions, [q, k, v]: &[Tensor; 3], window: i64) -> (Tensor, i64, i64) {
    let (mut count, mut calls) = (0, 0);
    let mut scores = |q: &Tensor, k: &Tensor| {
        count += q.size()[2] * k.size()[2];
        calls += 1;
        q.matmul(&k.transpose(2, 3)) / (q.size()[3] as f64).sqrt()
    };
    let y = (f.window_in_blocks)(q, k, v, window, &mut scores);
    (y, count, calls)
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        property_of(
            CASES,
            "it is the chapter's attention with this window",
            sizes,
            |f: &Functions, sizes| {
                let (inputs, window) = (inputs(sizes), sizes.4);
                let [q, k, v] = inputs.each_ref().map(|x| x.transpose(1, 2));
                let expected = Causal.attend(0, Some(window), &q, &k, &v).transpose(1, 2);
                case(&inputs, window).near(&array(&expected), CLOSE, || {
                    array(&billed(f, &inputs, window).0)
                })
            },
        ),
        property_of(
            CASES,
            "the bill is at most 2 · (w + 1) · T scores, in at most ⌊T / (w + 1)⌋ + 1 calls, and has all that can be seen",
            || (1i64..60, 0i64..5, 0u64..1000),
            |f: &Functions, (time, window, seed)| {
                let inputs = inputs((1, 1, time, 1, window, seed));
                let case = Case::of(&[("T", &time), ("window", &window)]);
                case.obeys(|| {
                    let (_, count, calls) = billed(f, &inputs, window);
                    let most = (2 * (window + 1) * time, time / (window + 1) + 1);
                    let seen: i64 = (0..time).map(|t| t.min(window) + 1).sum();
                    if count < seen {
                        return Err(format!(
                            "you asked for {count} scores, and {seen} can be seen: the others came from somewhere else"
                        ));
                    }
                    if count <= most.0 && calls <= most.1 {
                        return Ok(());
                    }
                    Err(format!(
                        "you asked for {count} scores in {calls} calls; at most {} scores in at most {} calls are allowed",
                        most.0, most.1
                    ))
                })
            },
        ),
    ]
}

use super::arrays::{CASES, CLOSE, array, gradients, numbers};
use judge::{Case, Checked, Property, example, property_of};
use proptest::prelude::*;
use tch::Tensor;
use transformer::{Causal, Context};

pub struct Functions {
    pub causal_attention: fn(&Tensor, &Tensor, &Tensor, Option<i64>) -> Tensor,
}

/// B, K, H/K, T, D.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    batch: i64,
    kv_heads: i64,
    group: i64,
    time: i64,
    width: i64,
}

/// Sizes and a seed.
fn sizes(
    kv_heads: std::ops::Range<i64>,
    group: std::ops::Range<i64>,
) -> impl Strategy<Value = (Sizes, u64)> {
    let sizes = (1i64..3, kv_heads, group, 2i64..7, 1i64..4);
    (sizes, 0u64..1000).prop_map(|((batch, kv_heads, group, time, width), seed)| {
        let sizes = Sizes {
            batch,
            kv_heads,
            group,
            time,
            width,
        };
        (sizes, seed)
    })
}

/// q (B, H, T, D), k and v (B, K, T, D).
fn inputs(sizes: Sizes, seed: u64) -> [Tensor; 3] {
    let Sizes {
        batch,
        kv_heads,
        group,
        time,
        width,
    } = sizes;
    [(kv_heads * group, 0), (kv_heads, 2000), (kv_heads, 4000)]
        .map(|(heads, more)| numbers(&[batch, heads, time, width], seed + more))
}

fn case([q, k, v]: &[Tensor; 3], window: Option<i64>) -> Case {
    Case::of(&[
        ("q", &array(q)),
        ("k", &array(k)),
        ("v", &array(v)),
        ("window", &window),
    ])
}

/// The chapter's attention, which has time in front of the heads.
fn chapters(q: &Tensor, k: &Tensor, v: &Tensor, window: Option<i64>) -> Tensor {
    let [q, k, v] = [q, k, v].map(|x| x.transpose(1, 2));
    Causal.attend(0, window, &q, &k, &v).transpose(1, 2)
}

fn is_the_chapters(f: &Functions, inputs: &[Tensor; 3], window: Option<i64>) -> Checked {
    let [q, k, v] = inputs;
    case(inputs, window).near(&array(&chapters(q, k, v, window)), CLOSE, || {
        array(&(f.causal_attention)(q, k, v, window))
    })
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        example(
            "two positions: the second takes e² parts of its own value and one of the first's",
            |f: &Functions| {
                let row = |values: [f32; 2]| Tensor::from_slice(&values).reshape([1, 1, 2, 1]);
                is_the_chapters(
                    f,
                    &[row([1.0, 1.0]), row([0.0, 2.0]), row([1.0, 3.0])],
                    None,
                )
            },
        ),
        property_of(
            CASES,
            "with H = K it is the chapter's attention",
            || sizes(1..3, 1..2),
            |f: &Functions, (sizes, seed)| is_the_chapters(f, &inputs(sizes, seed), None),
        ),
        property_of(
            CASES,
            "query head h reads head h / (H/K)",
            || sizes(1..3, 2..4),
            |f: &Functions, (sizes, seed)| is_the_chapters(f, &inputs(sizes, seed), None),
        ),
        property_of(
            CASES,
            "with a window w position t sees w positions before it and itself",
            || (sizes(1..3, 1..3), 0i64..4),
            |f: &Functions, ((sizes, seed), window)| {
                is_the_chapters(f, &inputs(sizes, seed), Some(window))
            },
        ),
        property_of(
            CASES,
            "no position is moved by a later one",
            || (sizes(1..2, 1..3), prop_oneof![Just(None), Just(Some(1))]),
            |f: &Functions, ((sizes, seed), window)| {
                let [q, k, v] = inputs(sizes, seed);
                let kept = sizes.time - 1;
                let cut = |x: &Tensor| x.narrow(2, 0, kept);
                let case = case(&[q.copy(), k.copy(), v.copy()], window);
                case.obeys(|| {
                    let whole = (f.causal_attention)(&q, &k, &v, window);
                    let short = (f.causal_attention)(&cut(&q), &cut(&k), &cut(&v), window);
                    let moved = (cut(&whole) - short).abs().max().double_value(&[]);
                    if moved < 1e-4 {
                        return Ok(());
                    }
                    Err(format!(
                        "without the last position the others change, by up to {moved:.4}"
                    ))
                })
            },
        )
        .holds_for_constants(),
        property_of(
            CASES,
            "scores of some thousands stay numbers",
            || sizes(1..2, 1..2),
            |f: &Functions, (sizes, seed)| {
                let [q, k, v] = inputs(sizes, seed);
                is_the_chapters(f, &[q * 1024.0, k, v], None)
            },
        ),
        property_of(
            CASES,
            "autograd finds the chapter's gradients of q, k and v (shown in one row)",
            || (sizes(1..3, 1..3), prop_oneof![Just(None), Just(Some(2))]),
            |f: &Functions, ((sizes, seed), window)| {
                let [q, k, v] = inputs(sizes, seed);
                let gradient = numbers(&q.size(), seed + 6000);
                let case = case(&[q.copy(), k.copy(), v.copy()], window);
                let of = |attention: fn(&Tensor, &Tensor, &Tensor, Option<i64>) -> Tensor| {
                    gradients([&q, &k, &v], &gradient, |[q, k, v]| {
                        attention(q, k, v, window)
                    })
                };
                case.near(&array(&of(chapters)), CLOSE, || {
                    array(&of(f.causal_attention))
                })
            },
        ),
    ]
}

//! Wrong answers to exercise 4: attention with screws to turn.

use super::Of;
use crate::properties::ex4_causal_attention::{self, Functions};
use judge::program::Wrong;
use solutions_03::ex4_causal_attention::causal_attention as right;
use tch::{Kind, Tensor};

/// t − s, (T, T).
fn distances(time: i64) -> Tensor {
    let at = Tensor::arange(time, (Kind::Int64, tch::Device::Cpu));
    at.unsqueeze(1) - at.unsqueeze(0)
}

fn scores(q: &Tensor, k: &Tensor) -> Tensor {
    q.matmul(&k.transpose(2, 3)) / (q.size()[3] as f64).sqrt()
}

/// 0, 0, 1, 1.
fn shared(x: &Tensor, heads: i64) -> Tensor {
    x.repeat_interleave_self_int(heads / x.size()[1], 1, None)
}

pub fn wrong() -> Vec<Wrong> {
    let of = Of {
        number: 4,
        name: "causal_attention",
        properties: ex4_causal_attention::properties,
    };
    let attention = |causal_attention| Functions { causal_attention };
    vec![
        of.planted(
            "divided-by-d",
            attention(|q, k, v, window| right(&(q / (q.size()[3] as f64).sqrt()), k, v, window)),
        ),
        of.planted(
            "heads-dealt-like-cards",
            attention(|q, k, v, window| {
                let group = q.size()[1] / k.size()[1];
                let [k, v] = [k, v].map(|x| x.repeat([1, group, 1, 1]));
                right(q, &k, &v, window)
            }),
        ),
        of.planted(
            "window-one-short",
            attention(|q, k, v, window| right(q, k, v, window.map(|w| (w - 1).max(0)))),
        ),
        of.planted(
            "window-forgotten",
            attention(|q, k, v, _| right(q, k, v, None)),
        ),
        of.planted(
            "window-to-both-sides",
            attention(|q, k, v, window| {
                let Some(window) = window else {
                    return right(q, k, v, None);
                };
                let heads = q.size()[1];
                let hidden = distances(q.size()[2]).abs().gt(window);
                scores(q, &shared(k, heads))
                    .masked_fill(&hidden, f64::NEG_INFINITY)
                    .softmax(-1, q.kind())
                    .matmul(&shared(v, heads))
            }),
        ),
        of.planted(
            "sees-one-ahead",
            attention(|q, k, v, window| {
                let heads = q.size()[1];
                let distance = distances(q.size()[2]);
                let mut hidden = distance.lt(-1);
                if let Some(window) = window {
                    hidden = hidden.logical_or(&distance.gt(window));
                }
                scores(q, &shared(k, heads))
                    .masked_fill(&hidden, f64::NEG_INFINITY)
                    .softmax(-1, q.kind())
                    .matmul(&shared(v, heads))
            }),
        ),
        of.planted(
            "hidden-after-the-softmax",
            attention(|q, k, v, _| {
                let heads = q.size()[1];
                scores(q, &shared(k, heads))
                    .softmax(-1, q.kind())
                    .tril(0)
                    .matmul(&shared(v, heads))
            }),
        ),
        of.planted(
            "softmax-without-its-maximum",
            attention(|q, k, v, window| {
                let heads = q.size()[1];
                let distance = distances(q.size()[2]);
                let mut hidden = distance.lt(0);
                if let Some(window) = window {
                    hidden = hidden.logical_or(&distance.gt(window));
                }
                let weights = scores(q, &shared(k, heads)).exp().masked_fill(&hidden, 0.0);
                let sums = weights.sum_dim_intlist(-1, true, q.kind());
                (weights / sums).matmul(&shared(v, heads))
            }),
        ),
        of.planted(
            "cut-off-from-autograd",
            attention(|q, k, v, window| right(&q.detach(), &k.detach(), v, window)),
        ),
        of.constant("zeros", attention(|q, _, _, _| q.zeros_like())),
        of.constant("ones", attention(|q, _, _, _| q.ones_like())),
    ]
}

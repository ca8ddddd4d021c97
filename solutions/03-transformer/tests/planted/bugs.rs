//! Wrong answers to exercise 7: the model with one of its bugs, or two, still in it.

use super::Of;
use crate::properties::ex7_three_bugs::{self, Functions};
use judge::program::Wrong;
use tch::{Device, Kind, Tensor};
use transformer::{Causal, Config, Context, Kernels, Plain, Rotary};

/// The bugs of the stub, and two that a learner may make while mending.
#[derive(Default)]
struct Bugs {
    sees_one_ahead: bool,
    hides_itself: bool,
    heads_in_disorder: bool,
    stream_normalised: bool,
    attention_forgets_the_norm: bool,
}

pub fn wrong() -> Vec<Wrong> {
    let of = Of {
        number: 7,
        name: "three_bugs",
        properties: ex7_three_bugs::properties,
    };
    let model = |logits| Functions { logits };
    vec![
        of.planted(
            "the-mask-is-left",
            model(|config, weights, ids| {
                let bugs = Bugs {
                    sees_one_ahead: true,
                    ..Bugs::default()
                };
                logits(config, weights, ids, &bugs)
            }),
        ),
        of.planted(
            "the-heads-are-left",
            model(|config, weights, ids| {
                let bugs = Bugs {
                    heads_in_disorder: true,
                    ..Bugs::default()
                };
                logits(config, weights, ids, &bugs)
            }),
        ),
        of.planted(
            "the-stream-is-left",
            model(|config, weights, ids| {
                let bugs = Bugs {
                    stream_normalised: true,
                    ..Bugs::default()
                };
                logits(config, weights, ids, &bugs)
            }),
        ),
        of.planted(
            "one-of-three-found",
            model(|config, weights, ids| {
                let bugs = Bugs {
                    heads_in_disorder: true,
                    sees_one_ahead: true,
                    ..Bugs::default()
                };
                logits(config, weights, ids, &bugs)
            }),
        ),
        of.planted(
            "the-diagonal-hidden-too",
            model(|config, weights, ids| {
                let bugs = Bugs {
                    hides_itself: true,
                    ..Bugs::default()
                };
                logits(config, weights, ids, &bugs)
            }),
        ),
        of.planted(
            "attention-reads-the-stream-itself",
            model(|config, weights, ids| {
                let bugs = Bugs {
                    attention_forgets_the_norm: true,
                    ..Bugs::default()
                };
                logits(config, weights, ids, &bugs)
            }),
        ),
        of.constant("zeros", model(|config, _, ids| constant(config, ids, 0.0))),
        of.constant("ones", model(|config, _, ids| constant(config, ids, 1.0))),
    ]
}

fn constant(config: &Config, ids: &Tensor, value: f64) -> Tensor {
    let (batch, time) = ids.size2().expect("(B, T)");
    let shape = [batch, time, config.vocab_size];
    Tensor::full(shape, value, (Kind::Float, Device::Cpu))
}

fn logits(config: &Config, weights: &[Tensor], ids: &Tensor, bugs: &Bugs) -> Tensor {
    let norm = |x: &Tensor| Plain.rms_norm(x, config.norm_eps);
    let (embedding, head) = (&weights[0], &weights[weights.len() - 1]);
    let mut x = norm(&Tensor::embedding(embedding, ids, -1, false, false));
    for block in weights[1..weights.len() - 1].chunks(6) {
        let normed = norm(&x);
        let read = match bugs.attention_forgets_the_norm {
            true => &x,
            false => &normed,
        };
        let change = attention(config, block, read, bugs);
        x = match bugs.stream_normalised {
            true => normed + change,
            false => x + change,
        };
        let inner = Plain.relu_squared(&Plain.linear(&norm(&x), &block[4]));
        x += Plain.linear(&inner, &block[5]);
    }
    Plain.logits(&norm(&x), head, config.softcap)
}

fn attention(config: &Config, block: &[Tensor], x: &Tensor, bugs: &Bugs) -> Tensor {
    let (batch, time, width) = x.size3().expect("(B, T, C)");
    let rotary = Rotary::new(config, Device::Cpu);
    let positions = Causal.positions(batch, time, Device::Cpu);
    let (cos, sin) = rotary.at(&positions).expect("the row fits");
    let heads = |weight: &Tensor, count: i64| {
        Plain
            .linear(x, weight)
            .view([batch, time, count, config.head_width()])
    };
    let turned = |x: &Tensor| {
        Plain
            .rope_qk_norm(x, &cos, &sin, config.norm_eps)
            .transpose(1, 2)
    };
    let group = config.heads / config.kv_heads;
    let shared = |x: Tensor| x.repeat_interleave_self_int(group, 1, None);
    let q = turned(&heads(&block[0], config.heads));
    let k = shared(turned(&heads(&block[1], config.kv_heads)));
    let v = shared(heads(&block[2], config.kv_heads).transpose(1, 2));
    let diagonal = match (bugs.sees_one_ahead, bugs.hides_itself) {
        (true, _) => 2,
        (_, true) => 0,
        _ => 1,
    };
    let hidden = Tensor::ones([time, time], (Kind::Bool, Device::Cpu)).triu(diagonal);
    let scores = q.matmul(&k.transpose(2, 3)) / (config.head_width() as f64).sqrt();
    let y = scores
        .masked_fill(&hidden, f64::NEG_INFINITY)
        .softmax(-1, Kind::Float)
        .matmul(&v);
    let y = match bugs.heads_in_disorder {
        true => y,
        false => y.transpose(1, 2),
    };
    Plain.linear(&y.reshape([batch, time, width]), &block[3])
}

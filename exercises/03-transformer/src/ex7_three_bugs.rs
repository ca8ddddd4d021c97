//! # Three bugs in a transformer
//!
//! Goal: find three bugs in a model that runs without complaint and is wrong.
//!
//! Minutes: 25. Difficulty: 3 of 5.
//!
//! Below is the chapter's model in a hundred lines. It gives logits of the right shape, autograd finds gradients, and nothing
//! crashes. But with the chapter's weights it does not give the chapter's logits: there are three bugs, all of them in `block`
//! and `attention`. The other functions are right.
//!
//! The judge tries the model on rows of one token, on models of one head, and with and without a token at the end of the row.
//! Which of these hold and which do not says where to look. Mend one bug at a time, and check.
//!
//! Help: `cargo course hint 03.7`. Judge it: `cargo course check 03.7`.

use tch::{Device, Kind, Tensor};
use transformer::{Causal, Config, Context as _, Kernels as _, Plain, Rotary};

/// Softcapped logits: ids (B, T) -> (B, T, V). The weights in the layout's order: the embedding; of each block query, key,
/// value, output, up, down; the head.
pub fn logits(config: &Config, weights: &[Tensor], ids: &Tensor) -> Tensor {
    let [embedding, blocks @ .., head] = weights else {
        panic!("a model has an embedding and a head");
    };
    let mut x = norm(config, &Tensor::embedding(embedding, ids, -1, false, false)); // (B, T) -> (B, T, C)
    for weights in blocks.chunks(6) {
        x = block(config, weights, x); // (B, T, C)
    }
    let raw = norm(config, &x).linear(head, None::<&Tensor>); // (B, T, C) -> (B, T, V)
    (raw / config.softcap).tanh() * config.softcap
}

/// Attention and MLP, each reading a normalised copy of the residual stream and adding to it: (B, T, C) -> (B, T, C).
pub fn block(config: &Config, weights: &[Tensor], x: Tensor) -> Tensor {
    let [.., up, down] = weights else {
        panic!("a block has an MLP");
    };
    let x = norm(config, &x);
    let x = &x + attention(config, weights, &x);
    let inner = norm(config, &x).linear(up, None::<&Tensor>); // (B, T, C) -> (B, T, 4C)
    x + inner.relu().square().linear(down, None::<&Tensor>) // (B, T, 4C) -> (B, T, C)
}

/// x (B, T, C), already normalised -> (B, T, C).
pub fn attention(config: &Config, weights: &[Tensor], x: &Tensor) -> Tensor {
    let [query, key, value, output, ..] = weights else {
        panic!("a block has four matrices for attention");
    };
    let (batch, time, width) = x.size3().expect("the stream is (B, T, C)");
    let heads = |weight: &Tensor, count: i64| {
        let all = x.linear(weight, None::<&Tensor>); // (B, T, C) -> (B, T, H·D)
        all.view([batch, time, count, config.head_width()])
    };
    let q = rotated(config, &heads(query, config.heads)).transpose(1, 2); // (B, H, T, D)
    let k = rotated(config, &heads(key, config.kv_heads)).transpose(1, 2); // (B, K, T, D)
    let v = heads(value, config.kv_heads).transpose(1, 2); // (B, K, T, D)
    let group = config.heads / config.kv_heads;
    let [k, v] = [k, v].map(|x| x.repeat_interleave_self_int(group, 1, None)); // (B, H, T, D)

    let scores = q.matmul(&k.transpose(2, 3)) / (config.head_width() as f64).sqrt(); // (B, H, T, T)
    let every = Tensor::ones([time, time], (Kind::Bool, Device::Cpu));
    let hidden = every.triu(2); // (T, T)
    let weights = scores
        .masked_fill(&hidden, f64::NEG_INFINITY)
        .softmax(-1, Kind::Float);
    let y = weights.matmul(&v); // (B, H, T, D)
    let y = y.reshape([batch, time, width]); // (B, T, C)
    y.linear(output, None::<&Tensor>)
}

/// RMSNorm over the last dimension.
fn norm(config: &Config, x: &Tensor) -> Tensor {
    Plain.rms_norm(x, config.norm_eps)
}

/// Each head turned by its position and normalised: (B, T, H, D) -> (B, T, H, D).
fn rotated(config: &Config, heads: &Tensor) -> Tensor {
    let (batch, time) = (heads.size()[0], heads.size()[1]);
    let positions = Causal.positions(batch, time, Device::Cpu);
    let (cos, sin) = Rotary::new(config, Device::Cpu)
        .at(&positions)
        .expect("the row fits the context");
    Plain.rope_qk_norm(heads, &cos, &sin, config.norm_eps)
}

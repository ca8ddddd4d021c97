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
//! ## Hint 1
//!
//! A row of one token has nothing to attend to but itself, and one head has nobody to be mixed up with. If the model is wrong
//! even there, the fault is in how a block reads the residual stream and adds to it. Compare with the chapter's
//! `Block::forward`: what does the norm stand on?
//!
//! ## Hint 2
//!
//! If the logits of earlier positions change when a token is added at the end, even with one head, then the mask lets the
//! future in. `triu(d)` keeps what lies on the d-th diagonal and above it; the main diagonal is number 0. Which scores must be
//! hidden?
//!
//! ## Hint 3
//!
//! With several heads there is a second leak. Reshaping never complains as long as the number of elements is right. Before the
//! heads are put side by side, what is the order of the dimensions of `y`, and which order does "numbers 0 to D − 1 are head
//! 0's" need?
//!
//! ## Notes
//!
//! The leak by one shows itself by a loss that is *better* than the right model's, as in the chapter's failure without a mask.
//! The heads that are put together in the wrong order leak too: numbers of other positions, later ones among them, end up in a
//! position's row. And where the stream is replaced by its norm, gradients no longer reach the bottom by plain addition.
//!
//! What finds such bugs is an oracle (here the chapter; in life, another implementation) or a property: no later token may
//! change an earlier logit, a row must not change another row, a permutation of heads in all matrices must not change anything.

use tch::{Device, Kind, Tensor};
use transformer::{Causal, Config, Context as _, Kernels as _, Plain, Rotary};

// given
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
    // solution
    let normed = norm(config, &x);
    let x = x + attention(config, weights, &normed);
    // end solution
    //+ let x = norm(config, &x);
    //+ let x = &x + attention(config, weights, &x);
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
    // solution
    let hidden = every.triu(1); // (T, T)
    // end solution
    //+ let hidden = every.triu(2); // (T, T)
    let weights = scores
        .masked_fill(&hidden, f64::NEG_INFINITY)
        .softmax(-1, Kind::Float);
    let y = weights.matmul(&v); // (B, H, T, D)
    // solution
    let y = y.transpose(1, 2).reshape([batch, time, width]); // (B, T, C)
    // end solution
    //+ let y = y.reshape([batch, time, width]); // (B, T, C)
    y.linear(output, None::<&Tensor>)
}

// given
/// RMSNorm over the last dimension.
fn norm(config: &Config, x: &Tensor) -> Tensor {
    Plain.rms_norm(x, config.norm_eps)
}

// given
/// Each head turned by its position and normalised: (B, T, H, D) -> (B, T, H, D).
fn rotated(config: &Config, heads: &Tensor) -> Tensor {
    let (batch, time) = (heads.size()[0], heads.size()[1]);
    let positions = Causal.positions(batch, time, Device::Cpu);
    let (cos, sin) = Rotary::new(config, Device::Cpu)
        .at(&positions)
        .expect("the row fits the context");
    Plain.rope_qk_norm(heads, &cos, &sin, config.norm_eps)
}

//! # First green
//!
//! Goal: turn an exercise green by deleting one line, and see that libtorch answers.
//!
//! Minutes: 5. Difficulty: 1 of 5.
//!
//! A fresh model has a head of zeros, so all its logits are 0, and its loss is ln V whatever the text. The function below makes
//! such logits and asks libtorch for their cross-entropy, but for one line that takes a token of the vocabulary away. Delete
//! that line, save the file, and run `cargo course check 03.1`.
//!
//! The first check of this chapter compiles libtorch's Rust side if nothing has done so before. That takes minutes, once.
//!
//! Help: `cargo course hint 03.1`. Judge it: `cargo course check 03.1`.

use tch::{Device, Kind, Tensor};

/// The loss of a model that gives every token of a vocabulary the same logit, in nats.
pub fn first_loss(vocab_size: i64) -> f64 {
    // (1, V)
    let logits = Tensor::zeros([1, vocab_size], (Kind::Double, Device::Cpu));
    let logits = logits.narrow(1, 1, vocab_size - 1); // the marker: delete this line
    let target = Tensor::from_slice(&[0i64]);
    logits.cross_entropy_for_logits(&target).double_value(&[])
}

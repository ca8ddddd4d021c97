//! A model with random weights and a small tokenizer: it babbles, but it takes part in a conversation.

#![allow(dead_code)] // each test binary uses a part of it

use chat::Model;
use tch::{Device, Kind, Tensor};
use tokenizer::{Tokenizer, TrainSettings};
use transformer::{Config, Gpt, layout};

pub fn tokenizer(vocab_size: usize) -> Tokenizer {
    let text =
        "the crab walks sideways over the sand and the sand remembers the crab 🦀 ".repeat(20);
    tokenizer::train(
        std::iter::once(text),
        &TrainSettings::new(vocab_size),
        &mut |_| (),
    )
    .expect("enough text")
}

pub fn babbler(context: i64) -> Model {
    let tokenizer = tokenizer(290);
    let shape = Config::d(2, tokenizer.vocab_size() as i64, context).expect("a shape");
    let config = Config {
        width: 32,
        heads: 4,
        kv_heads: 2,
        ..shape
    };
    let tensors = layout(&config)
        .into_iter()
        .enumerate()
        .map(|(number, slot)| {
            let count: i64 = slot.shape.iter().product();
            let x = Tensor::arange(count, (Kind::Double, Device::Cpu)) * 12.9898
                + number as f64 * 78.233;
            let x =
                (x.sin() * 43758.5453).frac() * (3.0 / (*slot.shape.last().unwrap() as f64).sqrt());
            (slot.name, x.to_kind(Kind::Float).view(&slot.shape[..]))
        });
    let gpt =
        Gpt::from_tensors(&config, Device::Cpu, tensors.collect()).expect("every tensor is there");
    Model {
        gpt,
        tokenizer,
        python: None,
    }
}

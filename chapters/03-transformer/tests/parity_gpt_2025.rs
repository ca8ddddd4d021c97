//! The model gives nanochat's numbers of October 2025: logits, losses, every gradient.

mod golden_set;

use std::collections::HashMap;

use golden_set::{assert_close, distance, golden, json, relative, tensors};
use serde_json::Value;
use tch::{Device, Tensor};
use transformer::{Causal, Config, Gpt, Plain, Switches, dial, names};

struct Golden {
    gpt: Gpt,
    meta: Value,
    io: HashMap<String, Tensor>,
}

fn load() -> Golden {
    let folder = golden("gpt-2025");
    let meta = json(&folder.join("meta.json"));
    let number = |key: &str| meta["config"][key].as_i64().unwrap();
    let config = Config {
        vocab_size: number("vocab_size"),
        layers: number("n_layer"),
        heads: number("n_head"),
        kv_heads: number("n_kv_head"),
        width: number("n_embd"),
        context: number("sequence_len"),
        rope_base: meta["rope_base"].as_f64().unwrap(),
        softcap: meta["softcap"].as_f64().unwrap(),
        norm_eps: f64::from(f32::EPSILON),
        switches: Switches::default(),
    };
    let weights = tensors(&folder.join("weights.safetensors"));
    let weights = weights
        .into_iter()
        .map(|(name, tensor)| (names::from_nanochat(&name).unwrap(), tensor))
        .collect();
    let gpt = Gpt::from_tensors(&config, Device::Cpu, weights).unwrap();
    Golden {
        gpt,
        meta,
        io: tensors(&folder.join("io.safetensors")),
    }
}

#[test]
fn parity_logits() {
    let Golden { gpt, io, .. } = load();
    let logits = gpt.logits(&Plain, &mut Causal, &io["idx"]).unwrap();
    assert_close("logits", &logits, &io["logits"], 5e-5, distance);
}

#[test]
fn parity_last_hidden_state() {
    let Golden { gpt, io, .. } = load();
    let hidden = gpt.hidden(&Plain, &mut Causal, &io["idx"]).unwrap();
    assert_close(
        "input of the head, row 0",
        &hidden.get(0),
        &io["act.lm_head_in"],
        5e-5,
        distance,
    );
}

#[test]
fn parity_losses() {
    let Golden { gpt, io, .. } = load();
    let loss = gpt.loss(&Plain, &io["idx"], &io["targets"]).unwrap();
    let counted = io["targets"].ge(0).sum(tch::Kind::Int64).int64_value(&[]);
    assert_eq!(loss.count.int64_value(&[]), counted);
    assert_close("mean loss", &loss.mean(), &io["loss_mean"], 5e-6, distance);
    assert_close("summed loss", &loss.sum, &io["loss_sum"], 5e-6, relative);
    assert_close(
        "loss per token",
        &loss.per_token,
        &io["loss_none"],
        5e-5,
        distance,
    );
}

#[test]
fn parity_every_gradient() {
    let Golden { gpt, io, .. } = load();
    gpt.loss(&Plain, &io["idx"], &io["targets"])
        .unwrap()
        .mean()
        .backward();
    let gradients = tensors(&golden("gpt-2025").join("grads.safetensors"));
    assert_eq!(gradients.len(), gpt.parameters().len());
    for parameter in gpt.parameters() {
        let golden = &gradients[&names::to_nanochat(&parameter.name).unwrap()];
        assert_close(
            &parameter.name,
            &parameter.tensor.grad(),
            golden,
            1e-5,
            relative,
        );
    }
}

#[test]
fn parity_counts() {
    let Golden { gpt, meta, .. } = load();
    assert_eq!(
        dial::parameter_count(gpt.config()),
        meta["params"].as_i64().unwrap()
    );
    assert_eq!(
        dial::flops_per_token(gpt.config()),
        meta["flops_per_token"].as_i64().unwrap()
    );
    let stored: i64 = gpt
        .parameters()
        .iter()
        .map(|parameter| parameter.tensor.numel() as i64)
        .sum();
    assert_eq!(stored, meta["params"].as_i64().unwrap());
}

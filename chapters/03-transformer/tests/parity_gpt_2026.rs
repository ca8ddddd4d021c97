//! With all switches on the model gives nanochat's numbers of July 2026: logits, losses, every gradient, every count.

mod golden_set;

use std::collections::HashMap;

use golden_set::{assert_close, distance, golden, json, relative, tensors};
use serde_json::Value;
use tch::{Device, Kind, Tensor};
use transformer::{Causal, Config, Gpt, Plain, Switches, dial, names, windows};

struct Golden {
    config: Config,
    meta: Value,
    io: HashMap<String, Tensor>,
}

fn load() -> Golden {
    let folder = golden("gpt-2026");
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
        switches: Switches {
            qk_scale: meta["qk_scale_each"].as_f64().unwrap(),
            window_pattern: meta["config"]["window_pattern"]
                .as_str()
                .map(str::to_string),
            ..Switches::july_2026()
        },
    };
    Golden {
        config,
        meta,
        io: tensors(&folder.join("io.safetensors")),
    }
}

fn model(config: &Config) -> Gpt {
    let weights = tensors(&golden("gpt-2026").join("weights.safetensors"));
    let weights = weights
        .into_iter()
        .map(|(name, tensor)| (names::from_nanochat(&name).unwrap(), tensor))
        .collect();
    Gpt::from_tensors(config, Device::Cpu, weights).unwrap()
}

#[test]
fn parity_logits() {
    let Golden { config, io, .. } = load();
    let logits = model(&config)
        .logits(&Plain, &mut Causal, &io["idx"])
        .unwrap();
    assert_close("logits", &logits, &io["logits"], 5e-5, distance);
}

#[test]
fn parity_last_hidden_state() {
    let Golden { config, io, .. } = load();
    let hidden = model(&config)
        .hidden(&Plain, &mut Causal, &io["idx"])
        .unwrap();
    let golden = &io["act.lm_head_in"];
    assert_close("input of the head", &hidden.get(0), golden, 5e-5, distance);
}

#[test]
fn parity_losses() {
    let Golden { config, io, .. } = load();
    let loss = model(&config)
        .loss(&Plain, &io["idx"], &io["targets"])
        .unwrap();
    let counted = io["targets"].ge(0).sum(Kind::Int64).int64_value(&[]);
    assert_eq!(loss.count.int64_value(&[]), counted);
    assert_close("mean loss", &loss.mean(), &io["loss_mean"], 5e-6, distance);
    assert_close("summed loss", &loss.sum, &io["loss_sum"], 5e-6, relative);
    let golden = &io["loss_none"];
    assert_close("loss per token", &loss.per_token, golden, 5e-5, distance);
}

#[test]
fn parity_every_gradient() {
    let Golden { config, io, .. } = load();
    let gpt = model(&config);
    gpt.loss(&Plain, &io["idx"], &io["targets"])
        .unwrap()
        .mean()
        .backward();
    let gradients = tensors(&golden("gpt-2026").join("grads.safetensors"));
    assert_eq!(gradients.len(), gpt.parameters().len());
    for parameter in gpt.parameters() {
        let golden = &gradients[&names::to_nanochat(&parameter.name).unwrap()];
        let ours = parameter.tensor.grad();
        assert_close(&parameter.name, &ours, golden, 1e-5, relative);
    }
}

#[test]
fn parity_ignored_windows_move_the_logits() {
    let Golden { config, meta, io } = load();
    let mut blind = config;
    blind.switches.window_pattern = None;
    let logits = model(&blind)
        .logits(&Plain, &mut Causal, &io["idx"])
        .unwrap();
    let off = distance(&logits.detach(), &io["logits"]);
    let golden = meta["full_context_changes_logits_by_max"].as_f64().unwrap();
    assert!((off - golden).abs() < 1e-3, "{off}, nanochat has {golden}");
    assert!(off > 100.0 * 5e-5, "windows hardly matter here: {off}");
}

#[test]
fn every_switch_alone_matters_to_the_golden_numbers() {
    let Golden { config, io, .. } = load();
    type TurnOff = fn(&mut Switches);
    let off: [(&str, TurnOff); 6] = [
        ("qk_scale", |s| s.qk_scale = 1.0),
        ("value_embeddings", |s| s.value_embeddings = false),
        ("residual_scalars", |s| s.residual_scalars = false),
        ("smear", |s| s.smear = false),
        ("backout", |s| s.backout = false),
        ("window_pattern", |s| s.window_pattern = None),
    ];
    let gpt = model(&config);
    for (name, turn_off) in off {
        let mut without = config.clone();
        turn_off(&mut without.switches);
        let wanted = transformer::layout(&without);
        let weights = gpt
            .parameters()
            .iter()
            .filter(|parameter| wanted.iter().any(|slot| slot.name == parameter.name))
            .map(|parameter| (parameter.name.clone(), parameter.tensor.detach()))
            .collect();
        let logits = Gpt::from_tensors(&without, Device::Cpu, weights)
            .unwrap()
            .logits(&Plain, &mut Causal, &io["idx"])
            .unwrap();
        let off = distance(&logits.detach(), &io["logits"]);
        assert!(off > 1e-2, "{name} moves the logits by {off:e} only");
    }
}

#[test]
fn parity_counts() {
    let Golden { config, meta, .. } = load();
    let number = |key: &str| meta[key].as_i64().unwrap();
    assert_eq!(dial::parameter_count(&config), number("params"));
    assert_eq!(dial::flops_per_token(&config), number("flops_per_token"));
    let golden: Vec<i64> = meta["window_sizes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|window| window[0].as_i64().unwrap())
        .collect();
    let ours: Vec<i64> = windows(&config)
        .iter()
        .map(|window| window.unwrap_or(config.context))
        .collect();
    assert_eq!(ours, golden);
    let tables: Vec<i64> = meta["value_embed_layers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|layer| layer.as_i64().unwrap())
        .collect();
    let named = |layer: &i64| {
        let name = format!("model.value_embeddings.{layer}.weight");
        model(&config).parameters().iter().any(|p| p.name == name)
    };
    let ours: Vec<i64> = (0..config.layers).filter(named).collect();
    assert_eq!(ours, tables);
}

//! A folder saved by transformers gives transformers' logits here.

mod golden_set;

use golden_set::{assert_close, distance, golden, json, tensors};
use tch::Device;
use transformer::{Causal, Gpt, Plain, names};

#[test]
fn parity_logits_of_a_transformers_folder() {
    let gpt = Gpt::load_folder(&golden("hf"), Device::Cpu).unwrap();
    let io = tensors(&golden("hf").join("io.safetensors"));
    let logits = gpt.logits(&Plain, &mut Causal, &io["input_ids"]).unwrap();
    assert_close("logits", &logits, &io["logits"], 5e-5, distance);
}

#[test]
fn parity_norm_eps_is_read_from_the_folder() {
    // The same weights with nanochat's eps are another model: the one whose logits stand beside.
    let io = tensors(&golden("hf").join("io.safetensors"));
    let folder = Gpt::load_folder(&golden("hf"), Device::Cpu).unwrap();
    let weights = folder
        .parameters()
        .iter()
        .map(|p| (p.name.clone(), p.tensor.detach()))
        .collect();
    let config = transformer::Config {
        norm_eps: f64::from(f32::EPSILON),
        ..folder.config().clone()
    };
    let october = Gpt::from_tensors(&config, Device::Cpu, weights).unwrap();
    let logits = october
        .logits(&Plain, &mut Causal, &io["input_ids"])
        .unwrap();
    assert_close("logits", &logits, &io["october_gpt_logits"], 5e-5, distance);
    let written = json(&golden("hf").join("config.json"));
    assert_eq!(
        folder.config().norm_eps,
        written["rms_norm_eps"].as_f64().unwrap()
    );
}

#[test]
fn parity_names() {
    let meta = json(&golden("hf").join("meta.json"));
    let map = meta["name_map_october_to_hf"].as_object().unwrap();
    assert!(!map.is_empty());
    for (nanochat, transformers) in map {
        let transformers = transformers.as_str().unwrap();
        assert_eq!(
            names::from_nanochat(nanochat).as_deref(),
            Some(transformers)
        );
        assert_eq!(
            names::to_nanochat(transformers).as_deref(),
            Some(nanochat.as_str())
        );
    }
    for wrong in [
        "",
        "transformer.h.x.attn.c_q.weight",
        "transformer.h.0.attn.c_q",
        "value_embeds.x.weight",
        "value_lambda",
    ] {
        assert_eq!(names::from_nanochat(wrong), None);
        assert_eq!(names::to_nanochat(wrong), None);
    }
}

//! With nanochat's model of July 2026: greedy tokens and decoded logits are nanochat's, smear and windows included, however
//! the prompt is cut into pieces.
//!
//! The model is too large to be kept with the crate: NANOCRAB_GOLDEN names the folder that has it.

use engine::{Engine, KvCache};
use serde_json::Value;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use tch::{Device, Kind, Tensor};
use transformer::safetensors_io::read_tensors;
use transformer::{Causal, Config, Gpt, Plain, Prompt, Sampler, Sampling, Switches, names};

/// `None`, and a word about it, where there is no golden folder.
fn golden() -> Option<PathBuf> {
    let folder = std::env::var_os("NANOCRAB_GOLDEN").map(PathBuf::from);
    if folder.is_none() {
        let forbidden = std::env::var_os("NANOCRAB_NO_SKIP").is_some_and(|value| value == "1");
        assert!(
            !forbidden,
            "NANOCRAB_GOLDEN is not set and skipping is forbidden"
        );
        println!("skipped: NANOCRAB_GOLDEN is not set");
    }
    folder
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn ids(value: &Value) -> Vec<i64> {
    let ids = value.as_array().unwrap().iter();
    ids.map(|id| id.as_i64().unwrap()).collect()
}

fn model(golden: &Path) -> Gpt {
    let meta = json(&golden.join("core/meta.json"));
    let number = |key: &str| meta["config"][key].as_i64().unwrap();
    let config = Config {
        vocab_size: number("vocab_size"),
        layers: number("n_layer"),
        heads: number("n_head"),
        kv_heads: number("n_kv_head"),
        width: number("n_embd"),
        context: number("sequence_len"),
        switches: Switches {
            window_pattern: meta["config"]["window_pattern"]
                .as_str()
                .map(str::to_string),
            ..Switches::july_2026()
        },
        ..Config::d_2026(4, 64, 64, 128).unwrap()
    };
    let weights = read_tensors(&golden.join("core/model.safetensors"))
        .unwrap()
        .into_iter()
        .map(|(name, tensor)| (names::from_nanochat(&name).unwrap(), tensor))
        .collect();
    Gpt::from_tensors(&config, Device::Cpu, weights).unwrap()
}

#[test]
fn parity_greedy_tokens() {
    let Some(golden) = golden() else { return };
    let gpt = model(&golden);
    let cases = json(&golden.join("engine/engine.json"));
    let cases = cases["generations"].as_array().unwrap();
    assert!(!cases.is_empty());
    for chunk in [1, 7, 300] {
        for case in cases {
            let expected: Vec<u32> = ids(&case["greedy_ids"])
                .iter()
                .map(|&id| id as u32)
                .collect();
            let prompt = Prompt {
                ids: ids(&case["prompt_ids"])
                    .iter()
                    .map(|&id| id as u32)
                    .collect(),
                settings: Sampling {
                    temperature: 0.0,
                    top_k: 0,
                    max_tokens: expected.len(),
                    stop: Vec::new(),
                    ..Sampling::default()
                },
                seed: 0,
            };
            let sample = Engine::new(&gpt, &Plain)
                .with_prefill_chunk(chunk)
                .sample(&[prompt], None, &mut |_| ControlFlow::Continue(()))
                .unwrap();
            assert_eq!(sample[0].ids, expected, "chunks of {chunk}");
        }
    }
}

#[test]
fn parity_decoded_logits() {
    let Some(golden) = golden() else { return };
    let _guard = tch::no_grad_guard();
    let gpt = model(&golden);
    let cases = json(&golden.join("engine/engine.json"));
    let logits = read_tensors(&golden.join("engine/logits.safetensors")).unwrap();
    let find = |name: String| {
        let found = logits.iter().find(|(known, _)| *known == name);
        &found.unwrap_or_else(|| panic!("no {name}")).1
    };
    for (index, case) in cases["generations"].as_array().unwrap().iter().enumerate() {
        let golden = find(format!("prompt{index}.decode_logits")); // (steps, V)
        let full = find(format!("prompt{index}.full_logits"));
        let steps = golden.size()[0] as usize;
        let prompt = ids(&case["prompt_ids"]);
        let mut row = prompt.clone();
        row.extend(&ids(&case["greedy_ids"])[..steps - 1]);
        let row = gpt.upload(&row, 1, row.len() as i64).unwrap(); // (1, T)
        let first = prompt.len() as i64 - 1;

        let at_once = gpt.logits(&Plain, &mut Causal, &row).unwrap();
        let at_once = at_once.get(0).narrow(0, first, steps as i64); // (1, T, V) -> (steps, V)
        for chunk in [1, 5, 128, 4096] {
            let time = row.size()[1];
            let mut cache = KvCache::new(gpt.config(), 1, time as usize, Kind::Float, gpt.device());
            let mut pieces = Vec::new();
            for start in (0..time).step_by(chunk) {
                let piece = row.narrow(1, start, (time - start).min(chunk as i64));
                pieces.push(gpt.logits(&Plain, &mut cache, &piece).unwrap());
                cache.advance(&[piece.size()[1]]);
            }
            let ours = Tensor::cat(&pieces, 1).get(0); // (T, V)
            let ours = ours.narrow(0, first, steps as i64); // (steps, V)
            for (what, other) in [("decoded", golden), ("full", full), ("ours", &at_once)] {
                let off = (&ours - other).abs().max().double_value(&[]);
                assert!(
                    off < 5e-5,
                    "prompt {index}, pieces of {chunk}, {what}: {off:e}"
                );
            }
        }
        assert!(
            golden.abs().max().double_value(&[]) > 1.0,
            "zeros would pass"
        );
    }
}

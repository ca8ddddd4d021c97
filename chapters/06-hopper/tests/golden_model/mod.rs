//! nanochat's numbers of October 2025 and July 2026, and what it means to give them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tch::{Device, Kind, Tensor};
use transformer::{Config, Context, Gpt, Kernels, Switches, names};

pub const FOLDERS: [&str; 2] = ["gpt-2025", "gpt-2026"];

/// A folder of the golden set: NANOCRAB_GOLDEN, or chapter 03's copy.
fn golden(name: &str) -> PathBuf {
    match std::env::var_os("NANOCRAB_GOLDEN") {
        Some(folder) => PathBuf::from(folder).join(name),
        None => Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../03-transformer/tests/golden")
            .join(name),
    }
}

fn tensors(path: PathBuf) -> HashMap<String, Tensor> {
    transformer::safetensors_io::read_tensors(&path)
        .unwrap()
        .into_iter()
        .collect()
}

struct Golden {
    gpt: Gpt,
    io: HashMap<String, Tensor>,
    gradients: HashMap<String, Tensor>,
}

fn load(name: &str, device: Device) -> Golden {
    let folder = golden(name);
    let meta = std::fs::read_to_string(folder.join("meta.json")).unwrap();
    let meta: Value = serde_json::from_str(&meta).unwrap();
    let number = |key: &str| meta["config"][key].as_i64().unwrap();
    let switches = match meta["qk_scale_each"].as_f64() {
        None => Switches::default(),
        Some(qk_scale) => Switches {
            qk_scale,
            window_pattern: meta["config"]["window_pattern"]
                .as_str()
                .map(str::to_string),
            ..Switches::july_2026()
        },
    };
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
        switches,
    };
    let weights = tensors(folder.join("weights.safetensors"));
    let weights = weights
        .into_iter()
        .map(|(name, tensor)| (names::from_nanochat(&name).unwrap(), tensor))
        .collect();
    Golden {
        gpt: Gpt::from_tensors(&config, device, weights).unwrap(),
        io: tensors(folder.join("io.safetensors")),
        gradients: tensors(folder.join("grads.safetensors")),
    }
}

/// ‖ours − golden‖ / ‖golden‖
#[track_caller]
fn assert_close(what: &str, ours: &Tensor, golden: &Tensor, limit: f64) {
    assert_eq!(ours.size(), golden.size(), "{what}");
    let [a, b] = [ours, golden].map(|x| x.detach().to_device(Device::Cpu).to_kind(Kind::Double));
    let off = ((a - &b).norm() / b.norm()).double_value(&[]);
    assert!(off <= limit, "{what} is off by {off:e}, limit {limit:e}");
}

/// Logits, losses and every gradient of the golden model in `name`, computed in fp32 on a device.
pub fn holds(name: &str, device: Device, kernels: &dyn Kernels, context: &mut dyn Context) {
    let Golden { gpt, io, gradients } = load(name, device);
    let [ids, targets] = ["idx", "targets"].map(|key| io[key].to_device(device));
    let logits = gpt.logits(kernels, context, &ids).unwrap();
    assert_close("logits", &logits, &io["logits"], 1e-5);
    let loss = gpt.loss_in(kernels, context, &ids, &targets).unwrap();
    assert_close("summed loss", &loss.sum, &io["loss_sum"], 5e-6);
    assert_close("loss per token", &loss.per_token, &io["loss_none"], 1e-5);
    loss.mean().backward();
    assert_eq!(gradients.len(), gpt.parameters().len());
    for parameter in gpt.parameters() {
        let golden = &gradients[&names::to_nanochat(&parameter.name).unwrap()];
        assert_close(&parameter.name, &parameter.tensor.grad(), golden, 1e-5);
    }
}

//! Bits per byte as the reference evaluator computes it, from its own logits.

use pretrain::{BitsPerByte, token_bytes_table};
use serde_json::Value;
use std::path::PathBuf;
use tch::{Device, Kind, Tensor};

fn golden() -> PathBuf {
    match std::env::var_os("NANOCRAB_GOLDEN") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden"),
    }
}

/// Losses per token (B, T), 0 where ignored.
fn per_token(logits: &Tensor, targets: &Tensor) -> Tensor {
    let (b, t) = targets.size2().expect("(B, T)");
    let log_probabilities = logits.to_kind(Kind::Float).log_softmax(-1, Kind::Float); // (B, T, V)
    let chosen = log_probabilities
        .gather(-1, &targets.clamp_min(0).unsqueeze(-1), false)
        .view([b, t]);
    -chosen * targets.ge(0).to_kind(Kind::Float)
}

#[test]
fn bits_per_byte_parity() {
    let folder = golden().join("gpt-2025");
    let text = std::fs::read_to_string(folder.join("meta.json")).expect("meta.json");
    let meta: Value = serde_json::from_str(&text).expect("JSON");
    let bpb = &meta["bpb"];
    let lengths: Vec<usize> = bpb["token_bytes"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|v| v.as_u64().expect("a length") as usize)
        .collect();
    let table = token_bytes_table(&lengths, Device::Cpu);
    let tensors = transformer::safetensors_io::read_tensors(&folder.join("io.safetensors"))
        .expect("io.safetensors");
    let tensor = |name: &str| {
        &tensors
            .iter()
            .find(|(known, _)| known == name)
            .expect("the tensor")
            .1
    };
    let (logits, targets) = (tensor("logits"), tensor("targets"));

    let mut two_batches = BitsPerByte::default();
    let losses = per_token(logits, targets);
    two_batches.add(&losses, targets, &table);
    two_batches.add(&losses.flip([0]), &targets.flip([0]), &table);
    let expected = bpb["two_batches_with_ignored_targets"]
        .as_f64()
        .expect("a number");
    assert!(
        (two_batches.value() - expected).abs() < 1e-5,
        "{} is not {expected}",
        two_batches.value()
    );

    let substitute = bpb["one_batch_targets_minus1_replaced_by"]
        .as_i64()
        .expect("an id");
    let all = targets.where_self(&targets.ge(0), &Tensor::from(substitute));
    let mut one_batch = BitsPerByte::default();
    one_batch.add(&per_token(logits, &all), &all, &table);
    let expected = bpb["one_batch_no_ignored"].as_f64().expect("a number");
    assert!(
        (one_batch.value() - expected).abs() < 1e-5,
        "{} is not {expected}",
        one_batch.value()
    );

    let mut zeros = BitsPerByte::default();
    zeros.add(&losses.zeros_like(), targets, &table);
    assert!(
        (zeros.value() - expected).abs() > 0.1,
        "losses of zero would pass"
    );
}

#[test]
fn nothing_counted_is_infinite() {
    assert!(BitsPerByte::default().value().is_infinite());
}

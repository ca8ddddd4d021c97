//! With nanochat's model, rollouts and rewards: its advantages, log-probabilities, losses and gradients.

use grpo::{
    Counts, Distribution, Normaliser, Objective, Padded, RateDecay, RateSchedule, Row, advantages,
    token_weights,
};
use serde_json::Value;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use tch::{Device, Kind, Tensor};
use transformer::safetensors_io::read_tensors;
use transformer::{Causal, Config, Gpt, Plain, Switches, names};

/// A file of the golden set: in NANOCRAB_GOLDEN, or this crate's own copy, or chapter 03's of the model.
fn golden(name: &str) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = match std::env::var_os("NANOCRAB_GOLDEN") {
        Some(folder) => PathBuf::from(folder),
        None if name.starts_with("gpt-") => here.join("../03-transformer/tests/golden"),
        None => here.join("tests/golden"),
    };
    root.join(name)
}

fn json(name: &str) -> Value {
    let path = golden(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap()
}

fn tensors(name: &str) -> HashMap<String, Tensor> {
    read_tensors(&golden(name)).unwrap().into_iter().collect()
}

fn model(folder: &str) -> Gpt {
    let meta = json(&format!("{folder}/meta.json"));
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
    let weights = tensors(&format!("{folder}/weights.safetensors"))
        .into_iter()
        .map(|(name, tensor)| (names::from_nanochat(&name).unwrap(), tensor))
        .collect();
    Gpt::from_tensors(&config, Device::Cpu, weights).unwrap()
}

fn distance(a: &Tensor, b: &Tensor) -> f64 {
    assert_eq!(a.size(), b.size());
    (a - b).abs().max().to_kind(Kind::Double).double_value(&[])
}

fn relative(a: &Tensor, b: &Tensor) -> f64 {
    assert_eq!(a.size(), b.size());
    let (a, b) = (a.to_kind(Kind::Double), b.to_kind(Kind::Double));
    ((a - &b).norm() / b.norm()).double_value(&[])
}

/// Equal within the limit; and zeros in our place would not have been.
fn assert_close(
    what: &str,
    ours: &Tensor,
    golden: &Tensor,
    limit: f64,
    measure: fn(&Tensor, &Tensor) -> f64,
) {
    let off = measure(&ours.detach(), golden);
    assert!(off <= limit, "{what} is off by {off:e}, limit {limit:e}");
    let zeros = measure(&golden.zeros_like(), golden);
    assert!(zeros > limit, "{what}: zeros pass this test too");
    println!("{what}: off by {off:.1e}, limit {limit:e}, zeros {zeros:.1e}");
}

fn numbers<T>(value: &Value, of: fn(&Value) -> T) -> Vec<T> {
    value.as_array().unwrap().iter().map(of).collect()
}

#[test]
fn parity_reinforce_loss_and_gradients() {
    let set = json("grpo/grpo.json");
    let io = tensors("grpo/grpo.safetensors");
    let folder = set["model"].as_str().unwrap().split('/').next().unwrap();
    let gpt = model(folder);

    let id = |value: &Value| value.as_u64().unwrap() as u32;
    let rows: Vec<Vec<u32>> = numbers(&set["sequences"], |row| row.clone())
        .iter()
        .map(|row| numbers(row, id))
        .collect();
    let masks: Vec<Vec<u8>> = numbers(&set["masks"], |row| row.clone())
        .iter()
        .map(|row| numbers(row, |bit| bit.as_u64().unwrap() as u8))
        .collect();
    let rewards = numbers(&set["rewards"], |reward| reward.as_f64().unwrap());
    let count = |key: &str| set[key].as_u64().unwrap() as usize;
    let (size, passes) = (count("device_batch_size"), count("num_passes"));
    let padding = count("pad_id") as u32;
    let trained = |mask: &[u8]| mask.iter().skip(1).filter(|&&bit| bit == 1).count();

    let ours = advantages(&Objective::reinforce(), &rewards);
    let ours_f32: Vec<f32> = ours.iter().map(|&a| a as f32).collect();
    let ours_f32 = Tensor::from_slice(&ours_f32);
    assert_close("advantages", &ours_f32, &io["advantages"], 1e-6, distance);

    // All rows at once, for the padded inputs and targets.
    let row = |index: usize, weight: f64| Row {
        ids: &rows[index],
        mask: &masks[index],
        advantage: ours[index],
        weight,
    };
    let all: Vec<Row<'_>> = (0..rows.len()).map(|index| row(index, 1.0)).collect();
    let all = Padded::new(&all, padding, Device::Cpu).unwrap();
    assert!(all.inputs.equal(&io["inputs"]));
    assert!(all.targets.equal(&io["targets"]));

    let plain = Distribution {
        temperature: 1.0,
        top_k: 0,
        top_p: 1.0,
    };
    let mut gradient_before = None;
    for pass in 0..passes {
        let indices = pass * size..(pass + 1) * size;
        let pass_tokens: usize = indices.clone().map(|index| trained(&masks[index])).sum();
        assert_eq!(
            pass_tokens as u64,
            set["passes"][pass]["num_valid"].as_u64().unwrap()
        );
        let counts = Counts {
            groups: count("examples_per_rank"),
            rollouts: rows.len(),
            tokens: masks.iter().map(|mask| trained(mask)).sum(),
            passes,
            pass_tokens,
            max_tokens: 256,
        };
        let weighted = indices.clone().map(|index| {
            let weight = token_weights(Normaliser::Pass, trained(&masks[index]), &counts);
            row(index, weight)
        });
        let weighted: Vec<Row<'_>> = weighted.collect();
        let padded = Padded::new(&weighted, padding, Device::Cpu).unwrap();
        let chosen = padded.forward(&gpt, &Plain, &mut Causal, &plain).unwrap();

        // (N,) back to its places in (B, T), whose width is that of all rows
        let expected = &io[&format!("pass{pass}.logp")];
        let places = io["targets"]
            .narrow(0, (pass * size) as i64, size as i64)
            .ne(-1);
        let expected = expected.masked_select(&places);
        assert_close(
            &format!("log-probabilities of pass {pass}"),
            &chosen.log_probabilities,
            &expected,
            5e-5,
            distance,
        );

        let old = chosen.log_probabilities.detach();
        let loss = padded.loss(&chosen.log_probabilities, &old, None).loss;
        let expected = set["passes"][pass]["loss"].as_f64().unwrap() as f32;
        assert_close(
            &format!("loss of pass {pass}"),
            &loss,
            &Tensor::from(expected),
            5e-6,
            distance,
        );
        loss.backward();
        let head = &gpt.parameters().iter().find(|p| p.name == "lm_head.weight");
        let gradient = head.unwrap().tensor.grad().copy();
        assert_close(
            &format!("head's gradient after pass {pass}"),
            &gradient,
            &io[&format!("pass{pass}.lm_head_grad_accumulated")],
            1e-5,
            relative,
        );
        if let Some(before) = gradient_before.replace(gradient.copy()) {
            assert!(distance(&gradient, &before) > 0.0);
        }
    }

    let find = |name: &str| {
        let ours = names::from_nanochat(name).unwrap();
        let found = gpt.parameters().iter().find(|p| p.name == ours);
        found.unwrap().tensor.grad()
    };
    assert_close(
        "first query matrix's gradient",
        &find("transformer.h.0.attn.c_q.weight"),
        &io["final.c_q0_grad"],
        1e-5,
        relative,
    );
    let norms = set["grad_norms"].as_object().unwrap();
    assert_eq!(norms.len(), gpt.parameters().len());
    for (name, norm) in norms {
        let ours = find(name).norm();
        let golden = Tensor::from(norm.as_f64().unwrap() as f32);
        assert_close(name, &ours, &golden, 1e-5, relative);
    }
}

#[test]
fn the_ratio_at_one_has_the_same_gradient_as_the_log_probability() {
    let set = json("grpo/grpo.json");
    let gpt = model(set["model"].as_str().unwrap().split('/').next().unwrap());
    let ids = [1, 2, 3, 4, 5, 6];
    let row = |advantage| Row {
        ids: &ids,
        mask: &[0, 0, 1, 1, 0, 1],
        advantage,
        weight: 0.25,
    };
    let padded = Padded::new(&[row(0.7), row(-0.4)], 0, Device::Cpu).unwrap();
    let distribution = Distribution {
        temperature: 0.8,
        top_k: 20,
        top_p: 1.0,
    };
    let gradient = |clip| {
        for parameter in gpt.parameters() {
            tensors::clear_gradient(&parameter.tensor);
        }
        let chosen = padded
            .forward(&gpt, &Plain, &mut Causal, &distribution)
            .unwrap();
        let old = chosen.log_probabilities.detach();
        padded
            .loss(&chosen.log_probabilities, &old, clip)
            .loss
            .backward();
        gpt.parameters()[1].tensor.grad().copy()
    };
    let free = gradient(None);
    let clipped = gradient(Objective::grpo().clip);
    assert!(free.norm().double_value(&[]) > 0.0);
    assert!(relative(&clipped, &free) < 1e-6);
}

#[test]
fn parity_linear_decay() {
    let schedule = json("schedule.json");
    let stages = schedule["chat_2025"].as_array().unwrap();
    let rl = stages
        .iter()
        .find(|stage| stage["script"].as_str().unwrap().contains("rl"))
        .unwrap();
    let ours = RateSchedule {
        steps: rl["num_iterations"].as_u64().unwrap(),
        decay: RateDecay::Linear,
    };
    let steps = numbers(&rl["steps"], |step| step.as_u64().unwrap());
    let expected = numbers(&rl["lr_multiplier"], |lr| lr.as_f64().unwrap());
    assert!(expected.iter().any(|&lr| lr > 0.5), "zeros would pass");
    for (step, expected) in steps.into_iter().zip(expected) {
        assert!((ours.multiplier(step) - expected).abs() < 1e-12, "{step}");
    }
}

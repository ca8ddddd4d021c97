//! With nanochat's model of July 2026: greedy tokens and decoded logits are nanochat's, smear and windows included, however
//! the prompt is cut into pieces.

mod golden_set;

use engine::{Engine, KvCache};
use golden_set::{golden, json, model, numbers, tokenizer};
use std::ops::ControlFlow;
use tch::{Kind, Tensor};
use tokenizer::Special;
use transformer::safetensors_io::read_tensors;
use transformer::{Causal, NaiveSampler, Plain, Prompt, Sample, Sampler, Sampling};

fn greedy(ids: &[u32], max_tokens: usize) -> Prompt {
    Prompt {
        ids: ids.to_vec(),
        settings: Sampling {
            temperature: 0.0,
            max_tokens,
            ..Sampling::default()
        },
        seed: 0,
    }
}

fn sample(sampler: &mut dyn Sampler, prompts: &[Prompt]) -> Vec<Sample> {
    sampler
        .sample(prompts, None, &mut |_| ControlFlow::Continue(()))
        .unwrap()
}

#[test]
fn parity_greedy_tokens() {
    let Some(golden) = golden() else { return };
    let gpt = model(&golden);
    let tokenizer = tokenizer(&golden);
    let cases = json(&golden.join("engine/engine.json"));
    let cases = cases["generations"].as_array().unwrap();
    assert!(!cases.is_empty());
    let mut prompts = Vec::new();
    let mut expected = Vec::new();
    for case in cases {
        let ids: Vec<u32> = numbers(&case["prompt_ids"]);
        if let Some(text) = case["prompt_text"].as_str() {
            let mut encoded = vec![tokenizer.special(Special::Bos)];
            tokenizer.encode_into(text, &mut encoded);
            assert_eq!(encoded, ids);
        }
        let answer: Vec<u32> = numbers(&case["greedy_ids"]);
        prompts.push(greedy(&ids, answer.len()));
        expected.push(answer);
        // Whether nanochat's two ways of generating agree, on which the comparison below rests.
        let agree = case["greedy_ids"] == case["naive_greedy_ids"];
        assert_eq!(case["cached_equals_naive"].as_bool(), Some(agree));
    }
    for chunk in [1, 7, 300] {
        let mut engine = Engine::new(&gpt, &Plain).with_prefill_chunk(chunk);
        for (prompt, expected) in prompts.iter().zip(&expected) {
            let alone = sample(&mut engine, std::slice::from_ref(prompt));
            assert_eq!(alone[0].ids, *expected, "chunks of {chunk}");
        }
        let together = sample(&mut engine, &prompts);
        for (sample, expected) in together.iter().zip(&expected) {
            assert_eq!(sample.ids, *expected, "chunks of {chunk}, in one batch");
        }
    }
    let naive = sample(&mut NaiveSampler::new(&gpt, &Plain), &prompts);
    for (sample, case) in naive.iter().zip(cases) {
        assert_eq!(sample.ids, numbers::<u32>(&case["naive_greedy_ids"]));
    }
}

#[test]
fn parity_decoded_logits() {
    let Some(golden) = golden() else { return };
    let _guard = tch::no_grad_guard();
    let gpt = model(&golden);
    let cases = json(&golden.join("engine/engine.json"));
    let file = cases["kv_logits"].as_str().unwrap();
    let file = file.split(':').next().unwrap(); // "logits.safetensors: what is in it"
    let logits = read_tensors(&golden.join("engine").join(file)).unwrap();
    let find = |name: String| {
        let found = logits.iter().find(|(known, _)| *known == name);
        &found.unwrap_or_else(|| panic!("no {name}")).1
    };
    for (index, case) in cases["generations"].as_array().unwrap().iter().enumerate() {
        let golden = find(format!("prompt{index}.decode_logits")); // (steps, V)
        let full = find(format!("prompt{index}.full_logits"));
        let steps = golden.size()[0] as usize;
        let apart = (golden - full).abs().max().double_value(&[]);
        let told = case["cache_vs_full_max_abs"].as_f64().unwrap();
        assert!(
            apart < 5e-5 && told < 5e-5,
            "{apart} and {told} (of all steps)"
        );

        let prompt: Vec<i64> = numbers(&case["prompt_ids"]);
        let mut row = prompt.clone();
        let answer: Vec<i64> = numbers(&case["greedy_ids"]);
        row.extend(&answer[..answer.len() - 1]);
        let row = gpt.upload(&row, 1, row.len() as i64).unwrap(); // (1, T)
        let first = prompt.len() as i64 - 1;

        let at_once = gpt.logits(&Plain, &mut Causal, &row).unwrap(); // (1, T, V)
        let answers = at_once.get(0).narrow(0, first, answer.len() as i64); // (answer, V)
        let (two, _) = answers.topk(2, -1, true, true); // (answer, 2)
        let gaps = two.select(1, 0) - two.select(1, 1);
        let gap = gaps.min().double_value(&[]);
        let told = case["min_top1_top2_gap"].as_f64().unwrap();
        assert!(
            (gap - told).abs() < 1e-4,
            "smallest gap {gap} against {told}"
        );

        let at_once = at_once.get(0).narrow(0, first, steps as i64); // (steps, V)
        for chunk in [1, 5, 128, 4096] {
            let time = first + steps as i64;
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

//! Tokens that nanochat drew are drawn here too, by a sampler that behaves as nanochat's: *one* generator for all rows of
//! a batch, so that a row's tokens depend on its neighbours. The product has one generator per row; this sampler is
//! for the comparison only, and shows that the cache under it is the same.
//!
//! One test in a file of its own: libtorch's generator is global, and tests of one file run at the same time.

mod golden_set;

use engine::{KvCache, ToolMachine};
use golden_set::{golden, json, model, nanochats_calculator, numbers, tables, tokenizer};
use std::collections::VecDeque;
use std::path::Path;
use tch::{Kind, Tensor};
use tokenizer::{Special, Tokenizer};
use transformer::{Gpt, Plain, Tool};

struct OneGenerator<'a> {
    gpt: &'a Gpt,
    tokenizer: &'a Tokenizer,
    temperature: f64,
    top_k: i64,
}

impl OneGenerator<'_> {
    /// One id per row of logits (B, V).
    fn draw(&self, logits: &Tensor) -> Vec<u32> {
        let drawn = if self.temperature == 0.0 {
            logits.argmax(-1, true) // (B, 1)
        } else if self.top_k > 0 {
            let k = self.top_k.min(logits.size()[1]);
            let (values, ids) = logits.topk(k, -1, true, true); // (B, k)
            let chances = (values / self.temperature).softmax(-1, Kind::Float);
            ids.gather(1, &chances.multinomial(1, false), false) // (B, 1)
        } else {
            let chances = (logits / self.temperature).softmax(-1, Kind::Float);
            chances.multinomial(1, false)
        };
        let ids: Vec<i64> = Vec::try_from(drawn.flatten(0, 1)).unwrap();
        ids.into_iter().map(|id| id as u32).collect()
    }

    /// New ids and masks of `rows` continuations of one prompt, which is read in one row and then copied.
    fn sample(&self, prompt: &[i64], rows: usize, max_tokens: usize) -> Vec<(Vec<u32>, Vec<u8>)> {
        let time = prompt.len();
        let (kind, device) = (Kind::Float, self.gpt.device());
        let mut one = KvCache::new(self.gpt.config(), 1, time, kind, device);
        let prompt = self.gpt.upload(prompt, 1, time as i64).unwrap(); // (1, T)
        let logits = self.gpt.last_logits(&Plain, &mut one, &prompt).unwrap(); // (1, V)
        one.advance(&[time as i64]);
        let mut logits = logits.repeat([rows as i64, 1]); // (B, V)
        let mut cache = one.select(&vec![0; rows], (time + max_tokens) as i64);

        let mut tool = ToolMachine::with(self.tokenizer, |call| {
            nanochats_calculator(call).map(|(text, _)| text)
        });
        let ends = [Special::AssistantEnd, Special::Bos].map(|end| self.tokenizer.special(end));
        let mut forced = vec![VecDeque::new(); rows];
        let mut ended = vec![false; rows];
        let mut samples = vec![(Vec::new(), Vec::new()); rows];
        for _ in 0..max_tokens {
            let mut newest = Vec::new();
            for (row, drawn) in self.draw(&logits).into_iter().enumerate() {
                let order = forced[row].pop_front();
                let id = order.unwrap_or(drawn);
                newest.push(i64::from(id));
                ended[row] |= ends.contains(&id);
                if !ended[row] {
                    samples[row].0.push(id);
                    samples[row].1.push(u8::from(order.is_none()));
                    if order.is_none() {
                        forced[row].extend(tool.accept(row, id).unwrap_or_default());
                    }
                }
            }
            if ended.iter().all(|&ended| ended) {
                break;
            }
            let newest = self.gpt.upload(&newest, rows as i64, 1).unwrap(); // (B, 1)
            logits = self.gpt.last_logits(&Plain, &mut cache, &newest).unwrap(); // (B, V)
            cache.advance(&vec![1; rows]);
        }
        samples
    }
}

fn compare(golden: &Path) -> usize {
    let gpt = model(golden);
    let tokenizer = tokenizer(golden);
    let engine = json(&golden.join("engine/engine.json"));
    let mut compared = 0;
    for case in engine["generations"].as_array().unwrap() {
        let prompt: Vec<i64> = numbers(&case["prompt_ids"]);
        for drawn in case["sampled"].as_array().unwrap() {
            // Only then does libtorch's global generator stand for the generator that nanochat hands in.
            assert_eq!(
                drawn["same_with_global_generator_seeded"].as_bool(),
                Some(true)
            );
            let sampler = OneGenerator {
                gpt: &gpt,
                tokenizer: &tokenizer,
                temperature: drawn["temperature"].as_f64().unwrap(),
                top_k: drawn["top_k"].as_i64().unwrap_or(0),
            };
            tch::manual_seed(drawn["seed"].as_i64().unwrap());
            let rows = drawn["num_samples"].as_u64().unwrap() as usize;
            let max_tokens = drawn["max_tokens"].as_u64().unwrap() as usize;
            let ours = sampler.sample(&prompt, rows, max_tokens);
            let ids = tables::<u32>(&drawn["new_ids"]);
            let masks = tables::<u8>(&drawn["masks"]);
            assert_eq!(ids.len(), rows);
            for (row, ((ours, mask), (golden, golden_mask))) in
                ours.iter().zip(ids.iter().zip(&masks)).enumerate()
            {
                assert_eq!(ours, golden, "row {row} of {drawn}");
                assert_eq!(mask, golden_mask, "row {row}");
                compared += ours.len();
            }
        }
    }
    compared
}

#[test]
fn parity_of_drawn_tokens() {
    let Some(golden) = golden() else { return };
    let _guard = tch::no_grad_guard();
    assert!(compare(&golden) > 100, "too little was compared");
}

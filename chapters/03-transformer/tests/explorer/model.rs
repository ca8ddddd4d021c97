//! The explorer's model as the crate sees it: read from the page's script, and run with a `Context` that keeps the weights.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tch::{Device, Kind, Tensor};
use transformer::{Causal, Config, Context, Gpt, Plain};

/// The text between two marks.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let begin = text
        .find(before)
        .unwrap_or_else(|| panic!("no {before:?} in the model's script"))
        + before.len();
    let length = text[begin..].find(after).unwrap();
    &text[begin..begin + length]
}

pub fn script() -> String {
    std::fs::read_to_string(crate::browser::book().join("play/attention-model.js")).unwrap()
}

pub fn words(script: &str) -> Vec<String> {
    let words = between(script, "words: \"", "\"");
    words.split(' ').map(String::from).collect()
}

pub fn load(script: &str) -> Gpt {
    let number = |name: &str| -> f64 {
        let text = between(script, &format!("{name}: "), ",");
        text.parse().unwrap()
    };
    let config = Config {
        heads: number("heads") as i64,
        kv_heads: number("kvHeads") as i64,
        width: number("width") as i64,
        rope_base: number("ropeBase"),
        softcap: number("softcap"),
        norm_eps: number("eps"),
        ..Config::d(
            number("layers") as i64,
            words(script).len() as i64,
            number("context") as i64,
        )
        .unwrap()
    };
    let tensors = transformer::layout(&config)
        .into_iter()
        .map(|slot| {
            let entry = between(script, &format!("\"{}\": {{", slot.name), "}");
            let bytes = |name: &str| {
                let written = between(entry, &format!("{name}: \""), "\"");
                STANDARD.decode(written).unwrap()
            };
            let values: Vec<i8> = bytes("values")
                .into_iter()
                .map(|byte| i8::from_le_bytes([byte]))
                .collect();
            let scales: Vec<f32> = bytes("scales")
                .chunks(4)
                .map(|four| f32::from_le_bytes(four.try_into().unwrap()))
                .collect();
            let weight = Tensor::from_slice(&values)
                .to_kind(Kind::Float)
                .view(&slot.shape[..])
                * Tensor::from_slice(&scales).unsqueeze(1);
            (slot.name, weight)
        })
        .collect();
    Gpt::from_tensors(&config, Device::Cpu, tensors).unwrap()
}

/// What the page can be asked to change.
#[derive(Clone, Copy)]
pub struct Asked {
    pub positions: bool,
    /// Layer and head that hands nothing over.
    pub off: Option<(usize, i64)>,
}

struct Recorder {
    asked: Asked,
    /// `[layer][head]`, each (T, T) in rows
    weights: Vec<Vec<Vec<f32>>>,
}

impl Context for Recorder {
    fn positions(&self, batch: i64, time: i64, device: Device) -> Tensor {
        let positions = Causal.positions(batch, time, device);
        if self.asked.positions {
            positions
        } else {
            positions.zeros_like()
        }
    }

    fn attend(
        &mut self,
        layer: usize,
        window: Option<i64>,
        q: &Tensor,
        k: &Tensor,
        v: &Tensor,
    ) -> Tensor {
        let (time, heads, width) = (q.size()[1], q.size()[2], q.size()[3]);
        let shared = heads / k.size()[2];
        let future = Tensor::ones([time, time], (Kind::Bool, Device::Cpu)).triu(1);
        let of_head = |head: i64| -> Vec<f32> {
            let one = |x: &Tensor, head| x.select(0, 0).select(1, head); // (B, T, H, D) -> (T, D)
            let scores = one(q, head).matmul(&one(k, head / shared).tr()) / (width as f64).sqrt();
            let weights = scores
                .masked_fill(&future, f64::NEG_INFINITY)
                .softmax(-1, Kind::Float);
            weights.flatten(0, 1).try_into().unwrap()
        };
        self.weights.push((0..heads).map(of_head).collect());
        let y = Causal.attend(layer, window, q, k, v); // (B, T, H, D)
        match self.asked.off {
            Some((off, head)) if off == layer => {
                let mut mask = vec![1.0f32; heads as usize];
                mask[head as usize] = 0.0;
                y * Tensor::from_slice(&mask).view([1, 1, heads, 1])
            }
            _ => y,
        }
    }
}

/// `[layer][head]` weights (T, T), and logits (T, V), all in rows.
pub fn run(gpt: &Gpt, ids: &[i64], asked: Asked) -> (Vec<Vec<Vec<f32>>>, Vec<f32>) {
    let _guard = tch::no_grad_guard();
    let row = Tensor::from_slice(ids).unsqueeze(0); // (1, T)
    let mut recorder = Recorder {
        asked,
        weights: Vec::new(),
    };
    let logits = gpt.logits(&Plain, &mut recorder, &row).unwrap();
    (recorder.weights, logits.flatten(0, 2).try_into().unwrap())
}

//! The golden folder: numbers that nanochat's own code produced. Its model and texts are too large, or real text, and are
//! not kept with the crate: NANOCRAB_GOLDEN names the folder that has them.
#![allow(dead_code)] // each test file uses its part

use engine::{Value as Number, calculator};
use serde_json::Value;
use std::path::{Path, PathBuf};
use tch::Device;
use tokenizer::{Tokenizer, Vocabulary};
use transformer::safetensors_io::read_tensors;
use transformer::{Config, Gpt, Switches, names};

/// `None`, and a word about it, where there is no golden folder.
pub fn golden() -> Option<PathBuf> {
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

pub fn json(path: &Path) -> Value {
    let text =
        std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

pub fn numbers<T: TryFrom<u64>>(value: &Value) -> Vec<T> {
    let number = |x: &Value| {
        let number = T::try_from(x.as_u64().unwrap()).ok();
        number.expect("a small number")
    };
    value.as_array().unwrap().iter().map(number).collect()
}

/// One list of numbers per row.
pub fn tables<T: TryFrom<u64>>(value: &Value) -> Vec<Vec<T>> {
    value.as_array().unwrap().iter().map(numbers).collect()
}

/// The trained model of July 2026's architecture.
pub fn model(golden: &Path) -> Gpt {
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

/// The tokenizer that goes with it.
pub fn tokenizer(golden: &Path) -> Tokenizer {
    let core = json(&golden.join("core/meta.json"));
    let bpe = json(&golden.join(core["tokenizer"].as_str().unwrap()));
    let pairs = tables::<u32>(&bpe["merges"]);
    let merges = pairs.iter().map(|pair| (pair[0], pair[1])).collect();
    Tokenizer::new(Vocabulary::from_merges(merges).unwrap())
}

/// A calculator that answers as nanochat's does, with the Python type of its answer: commas vanish, also in quotes; `**`
/// and `%` are refused; a real number keeps its `.0`.
pub fn nanochats_calculator(expression: &str) -> Option<(String, &'static str)> {
    let expression = expression.replace(',', "");
    let sum = expression.chars().all(|c| "0123456789*+-/.() ".contains(c));
    if sum && expression.contains("**") || !sum && !expression.contains(".count(") {
        return None;
    }
    match calculator::evaluate(&expression).ok()? {
        Number::Whole(n) => Some((n.to_string(), "int")),
        Number::Real(x) => {
            let text = Number::Real(x).to_string();
            let whole = !text.contains(['.', 'e']);
            Some((text + if whole { ".0" } else { "" }, "float"))
        }
    }
}

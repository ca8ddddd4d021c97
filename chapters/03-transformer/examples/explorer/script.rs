//! The trained weights as a script: a page that is opened from the disk may not fetch, but it may load scripts.
//!
//! A weight becomes a whole number of −127 to 127 times a scale of its row, a byte instead of four. The page, the tests and
//! the numbers in the chapter all use the weights after that rounding.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tch::{Device, Kind, Tensor};
use transformer::{Config, Gpt};

/// A matrix `[out, in]` in bytes, and what its rows are multiplied by.
pub struct Rounded {
    name: String,
    shape: Vec<i64>,
    scales: Vec<f32>,
    values: Vec<i8>,
}

pub fn round(gpt: &Gpt) -> anyhow::Result<Vec<Rounded>> {
    let _guard = tch::no_grad_guard();
    gpt.parameters()
        .iter()
        .map(|parameter| {
            let weight = parameter.tensor.detach();
            let scales = weight.abs().amax([1], true) / 127.0; // [out, 1]
            let values = (&weight / scales.clamp_min(1e-12))
                .round()
                .to_kind(Kind::Int8);
            Ok(Rounded {
                name: parameter.name.clone(),
                shape: weight.size(),
                scales: scales.flatten(0, 1).try_into()?,
                values: values.flatten(0, 1).try_into()?,
            })
        })
        .collect()
}

pub fn rebuild(config: &Config, rounded: &[Rounded]) -> anyhow::Result<Gpt> {
    let tensors = rounded
        .iter()
        .map(|matrix| {
            let values = Tensor::from_slice(&matrix.values).to_kind(Kind::Float);
            let weight =
                values.view(&matrix.shape[..]) * Tensor::from_slice(&matrix.scales).unsqueeze(1);
            (matrix.name.clone(), weight)
        })
        .collect();
    Ok(Gpt::from_tensors(config, Device::Cpu, tensors)?)
}

pub fn script(config: &Config, words: &[&str], rounded: &[Rounded], comment: &str) -> String {
    let mut text = comment.to_string();
    text += "globalThis.nanocrabAttentionModel = {\n";
    let _ = writeln!(text, "  words: \"{}\".split(\" \"),", words.join(" "));
    let _ = writeln!(
        text,
        "  layers: {}, heads: {}, kvHeads: {}, width: {}, context: {},",
        config.layers, config.heads, config.kv_heads, config.width, config.context
    );
    let _ = writeln!(
        text,
        "  ropeBase: {}, softcap: {}, eps: {:e},",
        config.rope_base, config.softcap, config.norm_eps
    );
    text += "  // Rows of whole numbers, a byte each, and a 32-bit scale for every row; both to the base 64.\n  tensors: {\n";
    for matrix in rounded {
        let scales: Vec<u8> = matrix
            .scales
            .iter()
            .flat_map(|scale| scale.to_le_bytes())
            .collect();
        let values: Vec<u8> = matrix
            .values
            .iter()
            .map(|value| value.to_le_bytes()[0])
            .collect();
        let _ = writeln!(
            text,
            "    \"{}\": {{ shape: {:?}, scales: \"{}\", values: \"{}\" }},",
            matrix.name,
            matrix.shape,
            STANDARD.encode(scales),
            STANDARD.encode(values)
        );
    }
    text += "  },\n};\n";
    text
}

//! What the model is: its first values, its invariances, what it refuses.

mod first_values;
mod invariances;
mod refusals;

use tch::{Device, Kind, Tensor};
use transformer::{
    Attend, Causal, CausalWith, Config, Context, Error, Gpt, Kernels, Plain, Role, Rotary,
    causal_attention,
};

fn small() -> Config {
    Config {
        heads: 4,
        kv_heads: 2,
        width: 32,
        ..Config::d(2, 50, 16).unwrap()
    }
}

/// A model whose zero tensors have been filled, so that every part of it does something.
fn awake(config: &Config, seed: u64) -> Gpt {
    let gpt = Gpt::new(config, Device::Cpu, seed).unwrap();
    let _guard = tch::no_grad_guard();
    for (index, parameter) in gpt.parameters().iter().enumerate() {
        let deviation = if parameter.role == Role::Embedding {
            1.0
        } else {
            0.3
        };
        // Scrambled sines instead of libtorch's generator: that one is shared by all tests that run at the same time.
        let count = parameter.tensor.numel() as i64;
        let place = Tensor::arange(count, (Kind::Double, Device::Cpu))
            + (1000 * index as i64 + seed as i64);
        let uniform = ((place * 12.9898).sin() * 43758.5453).frac();
        parameter
            .tensor
            .shallow_clone()
            .copy_(&(uniform * (3f64.sqrt() * deviation)).view_as(&parameter.tensor));
    }
    gpt
}

fn ids(rows: &[&[i64]]) -> Tensor {
    Tensor::from_slice(&rows.concat()).view([rows.len() as i64, -1])
}

fn logits(gpt: &Gpt, ids: &Tensor) -> Tensor {
    gpt.logits(&Plain, &mut Causal, ids).unwrap().detach()
}

fn apart(a: &Tensor, b: &Tensor) -> f64 {
    (a - b).abs().max().double_value(&[])
}

//! Samplers and scorers: what is drawn, when it stops, what it depends on.

mod choice;
mod rows;

use std::ops::ControlFlow;

use tch::Device;
use transformer::{
    Config, Error, Gpt, NaiveSampler, Plain, PlainScorer, Prompt, Sample, Sampler, Sampling,
    Scorer, StopReason, TokenChoice, Tool,
};

fn model() -> Gpt {
    let config = Config {
        heads: 4,
        kv_heads: 2,
        width: 32,
        ..Config::d(2, 50, 16).unwrap()
    };
    let gpt = Gpt::new(&config, Device::Cpu, 1).unwrap();
    let _guard = tch::no_grad_guard();
    tch::manual_seed(1);
    for parameter in gpt.parameters() {
        let _ = parameter.tensor.shallow_clone().normal_(0.0, 0.3);
    }
    gpt
}

fn settings() -> Sampling {
    Sampling {
        temperature: 1.0,
        top_k: 0,
        max_tokens: 8,
        stop: Vec::new(),
        ..Sampling::default()
    }
}

fn prompt(ids: &[u32], seed: u64) -> Prompt {
    Prompt {
        ids: ids.to_vec(),
        settings: settings(),
        seed,
    }
}

fn sample(gpt: &Gpt, prompts: &[Prompt]) -> Vec<Sample> {
    NaiveSampler::new(gpt, &Plain)
        .sample(prompts, None, &mut |_| ControlFlow::Continue(()))
        .unwrap()
}

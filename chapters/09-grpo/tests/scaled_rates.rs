//! A stage that trains on at a fraction of the rates does so in every group.

use grpo::scaled_optimizer;
use muon::{Rates2025, Solo, StepScale};
use tch::{Device, Kind, Tensor};
use transformer::{Config, Gpt, Plain, Switches};

/// The largest change of any parameter after one step at `rate_scale`, by name.
fn changes(rate_scale: f64) -> Vec<(String, f64)> {
    let config = Config {
        switches: Switches::july_2026(),
        ..Config::d(2, 64, 64).expect("a shape")
    };
    let gpt = Gpt::new(&config, Device::Cpu, 1).expect("a model");
    {
        // Away from the zeros that some tensors begin with, so that all have gradients.
        let _guard = tch::no_grad_guard();
        tch::manual_seed(1);
        for parameter in gpt.parameters() {
            let _ = parameter.tensor.shallow_clone().normal_(0.0, 0.3);
        }
    }
    let rates = Rates2025::default();
    let mut optimizer =
        scaled_optimizer(&gpt, &rates, rate_scale, Box::new(Solo)).expect("an optimizer");
    let before: Vec<Tensor> = gpt
        .parameters()
        .iter()
        .map(|parameter| parameter.tensor.detach().copy())
        .collect();
    let ids = Tensor::randint(64, [4, 32], (Kind::Int64, Device::Cpu)); // (B, T)
    let loss = gpt.loss(&Plain, &ids, &ids).expect("a loss");
    loss.sum.backward();
    optimizer
        .step(&StepScale {
            lr: 1.0,
            momentum: 0.95,
            weight_decay: 0.0,
        })
        .expect("a step");
    gpt.parameters()
        .iter()
        .zip(before)
        .map(|(parameter, before)| {
            let change = (parameter.tensor.detach() - before).abs().max();
            (parameter.name.clone(), change.double_value(&[]))
        })
        .collect()
}

#[test]
fn every_group_is_scaled_those_of_the_switches_too() {
    for ((name, full), (_, tiny)) in changes(1.0).into_iter().zip(changes(1e-6)) {
        assert!(full > 1e-5, "{name} does not move at full rate: {full}");
        assert!(
            tiny < 1e-2 * full,
            "{name} moves by {tiny} at a millionth of the rate, by {full} at the full one"
        );
    }
}

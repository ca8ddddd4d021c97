//! A fresh model.

use super::*;

#[test]
fn the_first_loss_is_the_logarithm_of_the_vocabulary() {
    let gpt = Gpt::new(&small(), Device::Cpu, 1).unwrap();
    let rows = ids(&[&[1, 2, 3, 4], &[5, 6, 7, 8]]);
    let loss = gpt
        .loss(&Plain, &rows, &rows)
        .unwrap()
        .mean()
        .double_value(&[]);
    assert!((loss - 50f64.ln()).abs() < 1e-6, "{loss}");
}

#[test]
fn the_gradient_reaches_the_weights_in_three_waves() {
    let gpt = Gpt::new(&small(), Device::Cpu, 1).unwrap();
    let rows = ids(&[&[1, 2, 3, 4], &[5, 6, 7, 8]]);
    let mut waves = Vec::new();
    for _ in 0..3 {
        gpt.loss(&Plain, &rows, &rows).unwrap().mean().backward();
        let _guard = tch::no_grad_guard();
        let mut reached = Vec::new();
        for parameter in gpt.parameters() {
            let mut gradient = parameter.tensor.grad();
            if gradient.abs().max().double_value(&[]) > 0.0 {
                reached.push(parameter.name.rsplit('.').nth(1).unwrap());
            }
            let _ = parameter
                .tensor
                .shallow_clone()
                .subtract_(&(&gradient * 0.1));
            let _ = gradient.zero_();
        }
        reached.sort_unstable();
        reached.dedup();
        waves.push(reached);
    }
    assert_eq!(waves[0], ["lm_head"]);
    assert_eq!(waves[1], ["embed_tokens", "fc2", "lm_head", "o_proj"]);
    assert_eq!(
        waves[2],
        [
            "embed_tokens",
            "fc1",
            "fc2",
            "k_proj",
            "lm_head",
            "o_proj",
            "q_proj",
            "v_proj"
        ]
    );
}

#[test]
fn first_values_have_the_spread_that_the_layout_says() {
    let config = Config {
        kv_heads: 1,
        ..Config::d(4, 2000, 16).unwrap()
    }; // width 256, 2 heads of 128
    let gpt = Gpt::new(&config, Device::Cpu, 7).unwrap();
    let spread = |name: &str| {
        let parameter = gpt
            .parameters()
            .iter()
            .find(|p| p.name.contains(name))
            .unwrap();
        parameter.tensor.std(true).double_value(&[])
    };
    let close = |a: f64, b: f64| (a / b - 1.0).abs() < 0.02;
    assert!(close(spread("embed_tokens"), 1.0));
    assert!(close(spread("layers.0.self_attn.q_proj"), 1.0 / 16.0));
    assert!(close(
        spread("layers.0.self_attn.k_proj"),
        0.5f64.sqrt() / 16.0
    )); // half as many outputs as inputs
    assert!(close(spread("layers.3.mlp.fc1"), 1.0 / 16.0));
    for zero in ["o_proj", "fc2", "lm_head"] {
        assert_eq!(spread(zero), 0.0);
    }
}

#[test]
fn a_tensors_first_values_depend_on_the_seed_and_its_name_alone() {
    let (shallow, deep) = (
        small(),
        Config {
            layers: 3,
            ..small()
        },
    );
    let (a, b) = (
        Gpt::new(&shallow, Device::Cpu, 1).unwrap(),
        Gpt::new(&deep, Device::Cpu, 1).unwrap(),
    );
    let other = Gpt::new(&shallow, Device::Cpu, 2).unwrap();
    for (index, parameter) in a.parameters().iter().enumerate() {
        let twin = b
            .parameters()
            .iter()
            .find(|p| p.name == parameter.name)
            .unwrap();
        assert_eq!(parameter.tensor, twin.tensor, "{}", parameter.name);
        let zero = parameter.tensor.std(true).double_value(&[]) == 0.0;
        assert_eq!(
            parameter.tensor == other.parameters()[index].tensor,
            zero,
            "{}",
            parameter.name
        );
    }
    let (q0, q1) = (&a.parameters()[1].tensor, &a.parameters()[7].tensor);
    assert_ne!(q0, q1, "the same part of two layers");
}

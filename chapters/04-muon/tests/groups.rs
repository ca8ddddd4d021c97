//! Which tensor goes to which optimizer, at which rate.

use muon::{Group, Method, Rates2025, Refinements, groups_2025};
use serde_json::Value;
use std::path::PathBuf;
use tch::{Device, Kind, Tensor};
use transformer::{Config, Gpt, Parameter, Role, Switches};

fn parameter(name: &str, role: Role, rows: i64, columns: i64) -> Parameter {
    let tensor = Tensor::zeros([rows, columns], (Kind::Float, Device::Cpu)).set_requires_grad(true);
    Parameter {
        name: name.to_string(),
        tensor,
        role,
    }
}

/// The role of a tensor by nanochat's names.
fn role(name: &str) -> Role {
    match name {
        "transformer.wte.weight" => Role::Embedding,
        "lm_head.weight" => Role::Head,
        _ => Role::Matrix,
    }
}

fn find<'a>(groups: &'a [Group], name: &str) -> &'a Group {
    let holds = |group: &&Group| group.parameters.iter().any(|(known, _)| known == name);
    groups
        .iter()
        .find(holds)
        .unwrap_or_else(|| panic!("{name} is in no group"))
}

#[test]
fn rates_and_settings_of_the_groups_parity() {
    let root = std::env::var_os("NANOCRAB_GOLDEN").map(PathBuf::from);
    let root =
        root.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden"));
    let text = std::fs::read_to_string(root.join("optim-2025/meta.json")).expect("meta.json");
    let meta: Value = serde_json::from_str(&text).expect("JSON");
    let number = |value: &Value| value.as_f64().expect("a number");
    let shapes = meta["state_shapes"].as_object().expect("shapes");
    let parameters: Vec<Parameter> = shapes
        .iter()
        .filter(|(buffer, _)| {
            buffer.ends_with("::exp_avg") || buffer.ends_with("::momentum_buffer")
        })
        .map(|(buffer, shape)| {
            let name = buffer.split("::").next().expect("a name");
            parameter(
                name,
                role(name),
                number(&shape[0]) as i64,
                number(&shape[1]) as i64,
            )
        })
        .collect();
    let kwargs = &meta["setup_kwargs"];
    let rates = Rates2025 {
        embedding: number(&kwargs["embedding_lr"]),
        head: number(&kwargs["unembedding_lr"]),
        matrix: number(&kwargs["matrix_lr"]),
        weight_decay: number(&kwargs["weight_decay"]),
    };
    let width = number(&meta["config"]["n_embd"]) as i64;
    let groups = groups_2025(&parameters, width, &rates, Kind::Float).expect("groups");
    assert_eq!(
        groups
            .iter()
            .map(|group| group.parameters.len())
            .sum::<usize>(),
        parameters.len()
    );
    for theirs in meta["groups"].as_array().expect("groups") {
        for name in theirs["params"].as_array().expect("names") {
            let ours = find(&groups, name.as_str().expect("a name"));
            assert!(
                (ours.lr / number(&theirs["initial_lr"]) - 1.0).abs() < 1e-12,
                "{name}: {}",
                ours.lr
            );
            assert_eq!(
                ours.weight_decay,
                theirs["weight_decay"].as_f64().unwrap_or(0.0),
                "{name}"
            );
            match ours.method {
                Method::AdamW { betas, eps } => {
                    assert_eq!(theirs["optimizer"], "AdamW");
                    assert_eq!(
                        [betas.0, betas.1],
                        [number(&theirs["betas"][0]), number(&theirs["betas"][1])]
                    );
                    assert_eq!(eps, number(&theirs["eps"]));
                }
                Method::Muon {
                    steps,
                    nesterov,
                    compute,
                    refinements,
                } => {
                    assert_eq!(refinements, Refinements::NONE);
                    assert_eq!(theirs["optimizer"], "Muon");
                    assert_eq!(steps as f64, number(&theirs["ns_steps"]));
                    assert_eq!(
                        (nesterov, compute),
                        (theirs["nesterov"] == true, Kind::Float)
                    );
                }
            }
        }
    }
}

#[test]
fn matrices_of_one_shape_are_one_group() {
    let parameters = [
        parameter("embedding", Role::Embedding, 10, 4),
        parameter("a", Role::Matrix, 4, 4),
        parameter("tall", Role::Matrix, 16, 4),
        parameter("b", Role::Matrix, 4, 4),
        parameter("wide", Role::Matrix, 4, 16),
        parameter("head", Role::Head, 10, 4),
    ];
    let groups = groups_2025(&parameters, 4, &Rates2025::default(), Kind::Float).expect("groups");
    let matrices: Vec<usize> = groups
        .iter()
        .filter(|group| matches!(group.method, Method::Muon { .. }))
        .map(|group| group.parameters.len())
        .collect();
    assert_eq!(matrices, [2, 1, 1]);
    assert_eq!(groups.len(), 5);
}

#[test]
fn two_parameters_of_one_name_are_refused() {
    let twice = [
        parameter("a", Role::Matrix, 4, 4),
        parameter("a", Role::Matrix, 4, 4),
    ];
    let error = groups_2025(&twice, 4, &Rates2025::default(), Kind::Float).expect_err("twice");
    assert!(error.to_string().contains("the tensor a "), "{error}");
}

#[test]
fn the_seed_recipe_trains_what_switches_bring_too() {
    let config = Config {
        switches: Switches::july_2026(),
        ..Config::d(2, 64, 64).expect("a shape")
    };
    let gpt = Gpt::new(&config, Device::Cpu, 1).expect("a model");
    let groups = groups_2025(
        gpt.parameters(),
        config.width,
        &Rates2025::default(),
        Kind::Float,
    )
    .expect("groups");
    let trained: usize = groups.iter().map(|group| group.parameters.len()).sum();
    assert_eq!(trained, gpt.parameters().len());
}

//! Saving and loading: what comes back is what was saved, and damaged folders are refused with the reason.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tch::{Device, Kind, Tensor};
use transformer::safetensors_io::{read_tensors, write_tensors};
use transformer::{Config, Error, Gpt, save_folder};

fn small() -> Config {
    Config {
        heads: 4,
        kv_heads: 2,
        width: 32,
        ..Config::d(2, 50, 16).unwrap()
    }
}

fn saved() -> (Gpt, tempfile::TempDir) {
    let gpt = Gpt::new(&small(), Device::Cpu, 1).unwrap();
    let folder = tempfile::tempdir().unwrap();
    save_folder(&gpt, folder.path()).unwrap();
    (gpt, folder)
}

fn change_config(folder: &Path, change: impl FnOnce(&mut Value)) {
    let path = folder.join("config.json");
    let mut config = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    change(&mut config);
    fs::write(path, config.to_string()).unwrap();
}

fn change_tensors(folder: &Path, change: impl FnOnce(&mut Vec<(String, Tensor)>)) {
    let path = folder.join("model.safetensors");
    let mut tensors = read_tensors(&path).unwrap();
    change(&mut tensors);
    let borrowed: Vec<_> = tensors
        .iter()
        .map(|(name, tensor)| (name.clone(), tensor))
        .collect();
    write_tensors(&path, &borrowed).unwrap();
}

fn refusal(folder: &Path) -> Error {
    Gpt::load_folder(folder, Device::Cpu)
        .err()
        .expect("the folder should have been refused")
}

/// The whole chain, as a program prints it.
fn words(error: &Error) -> String {
    error.to_string()
}

#[test]
fn a_saved_model_comes_back_to_the_bit() {
    let (gpt, folder) = saved();
    let back = Gpt::load_folder(folder.path(), Device::Cpu).unwrap();
    assert_eq!(back.config(), gpt.config());
    for (a, b) in gpt.parameters().iter().zip(back.parameters()) {
        assert_eq!((&a.name, a.role), (&b.name, b.role));
        assert_eq!(a.tensor, b.tensor);
        assert!(b.tensor.requires_grad());
    }
    let mut files: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    files.sort();
    assert_eq!(
        files,
        ["config.json", "model.safetensors"],
        "nothing unfinished is left over"
    );
}

#[test]
fn half_precision_weights_become_fp32_masters() {
    let (_, folder) = saved();
    change_tensors(folder.path(), |tensors| {
        for (_, tensor) in tensors {
            *tensor = tensor.to_kind(Kind::BFloat16);
        }
    });
    let back = Gpt::load_folder(folder.path(), Device::Cpu).unwrap();
    assert!(
        back.parameters()
            .iter()
            .all(|parameter| parameter.tensor.kind() == Kind::Float)
    );
}

#[test]
fn missing_extra_and_misshaped_tensors_are_named() {
    let (_, folder) = saved();
    change_tensors(folder.path(), |tensors| {
        tensors.retain(|(name, _)| name != "model.layers.1.mlp.fc1.weight")
    });
    let message = words(&refusal(folder.path()));
    assert!(
        message.contains("`model.layers.1.mlp.fc1.weight` is missing")
            && message.contains("[128, 32]"),
        "{message}"
    );
    assert!(message.contains("model.safetensors"), "{message}");

    let (_, folder) = saved();
    change_tensors(folder.path(), |tensors| {
        tensors.push(("resid_lambdas".into(), Tensor::from_slice(&[1f32])))
    });
    let message = words(&refusal(folder.path()));
    assert!(
        message.contains("`resid_lambdas` is not part of this model"),
        "{message}"
    );

    let (_, folder) = saved();
    change_config(folder.path(), |config| config["vocab_size"] = json!(51));
    let message = words(&refusal(folder.path()));
    assert!(
        message.contains("[50, 32]") && message.contains("[51, 32]"),
        "{message}"
    );
}

#[test]
fn a_truncated_or_empty_weight_file_is_refused() {
    let (_, folder) = saved();
    let path = folder.path().join("model.safetensors");
    let whole = fs::read(&path).unwrap();
    for length in [0, 4, 100, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        let error = refusal(folder.path());
        assert!(
            matches!(error, Error::Safetensors { .. }),
            "{length} bytes: {error}"
        );
        assert!(words(&error).contains("model.safetensors"), "{error}");
    }
    fs::remove_file(&path).unwrap();
    assert!(matches!(refusal(folder.path()), Error::File { .. }));
}

#[test]
fn another_architecture_is_refused_by_its_key() {
    let refused = |change: fn(&mut Value)| {
        let (_, folder) = saved();
        change_config(folder.path(), change);
        words(&refusal(folder.path()))
    };
    type Change = fn(&mut Value);
    let cases: [(Change, &str); 8] = [
        (
            |config| config["model_type"] = json!("llama"),
            "model_type is \"llama\"",
        ),
        (
            |config| drop(config.as_object_mut().unwrap().remove("model_type")),
            "model_type is missing",
        ),
        (
            |config| config["hidden_act"] = json!("silu"),
            "`hidden_act`",
        ),
        (
            |config| config["attention_bias"] = json!(true),
            "`attention_bias`",
        ),
        (
            |config| config["tie_word_embeddings"] = json!(true),
            "`tie_word_embeddings`",
        ),
        (
            |config| config["rope_parameters"]["rope_type"] = json!("yarn"),
            "`rope_type`",
        ),
        (
            |config| config["intermediate_size"] = json!(100),
            "`intermediate_size`",
        ),
        (
            |config| config["hidden_size"] = json!("wide"),
            "`hidden_size`",
        ),
    ];
    for (change, expected) in cases {
        let message = refused(change);
        assert!(
            message.contains(expected) && message.contains("config.json"),
            "{message}"
        );
    }
}

#[test]
fn a_nanocrab_model_with_an_unknown_switch_is_refused_and_one_with_none_is_read() {
    let (_, folder) = saved();
    change_config(folder.path(), |config| {
        config["model_type"] = json!("nanocrab")
    });
    assert!(Gpt::load_folder(folder.path(), Device::Cpu).is_ok());
    change_config(folder.path(), |config| config["value_dreams"] = json!(true));
    let message = words(&refusal(folder.path()));
    assert!(
        message.contains("unknown switch `value_dreams`"),
        "{message}"
    );
}

#[test]
fn broken_json_and_a_missing_folder_are_named() {
    let (_, folder) = saved();
    fs::write(folder.path().join("config.json"), "{ \"model_type\": ").unwrap();
    assert!(words(&refusal(folder.path())).contains("config.json is not valid JSON"));
    let gone = folder.path().join("gone");
    assert!(words(&refusal(&gone)).contains("gone"));
    let gpt = Gpt::new(&small(), Device::Cpu, 1).unwrap();
    assert!(
        save_folder(&gpt, &gone).is_err(),
        "saving does not make the folder"
    );
}

#[test]
fn every_element_type_survives_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mixed.safetensors");
    let numbers = Tensor::from_slice(&[0f32, 1., 2., 3., 4., 5.]).view([2, 3]);
    let kinds = [
        Kind::Float,
        Kind::BFloat16,
        Kind::Half,
        Kind::Int64,
        Kind::Double,
        Kind::Int,
        Kind::Uint8,
        Kind::Bool,
    ];
    let mut tensors: Vec<_> = kinds
        .iter()
        .map(|&kind| (format!("{kind:?}"), numbers.to_kind(kind)))
        .collect();
    tensors.push(("transposed view".into(), numbers.tr()));
    tensors.push(("scalar".into(), Tensor::from(3.5f32)));
    tensors.push((
        "empty".into(),
        Tensor::zeros([0, 3], (Kind::Float, Device::Cpu)),
    ));
    let borrowed: Vec<_> = tensors
        .iter()
        .map(|(name, tensor)| (name.clone(), tensor))
        .collect();
    write_tensors(&path, &borrowed).unwrap();

    let back = read_tensors(&path).unwrap();
    assert_eq!(back.len(), tensors.len());
    for (name, tensor) in &tensors {
        let (_, found) = back.iter().find(|(other, _)| other == name).unwrap();
        assert_eq!(
            (found.kind(), found.size()),
            (tensor.kind(), tensor.size()),
            "{name}"
        );
        assert!(
            found.eq_tensor(tensor).all().double_value(&[]) == 1.0,
            "{name}"
        );
    }
    let complex = Tensor::zeros([1], (Kind::ComplexFloat, Device::Cpu));
    let error = write_tensors(&path, &[("phase".to_string(), &complex)])
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("`phase`") && error.contains("ComplexFloat"),
        "{error}"
    );
    assert_eq!(
        read_tensors(&path).unwrap().len(),
        tensors.len(),
        "the old file is still whole"
    );
}

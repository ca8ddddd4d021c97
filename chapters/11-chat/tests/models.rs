//! Model folders that cannot be talked to say why.

mod babbler;

use babbler::{babbler, tokenizer};
use chat::{Model, find_model};
use std::path::Path;
use tch::Device;

fn save(folder: &Path) {
    std::fs::create_dir_all(folder).expect("a folder");
    let model = babbler(64);
    transformer::save_folder(&model.gpt, folder).expect("saved");
    model
        .tokenizer
        .save(&folder.join("tokenizer.json"))
        .expect("saved");
}

fn refusal(folder: &Path) -> String {
    Model::load(folder, Device::Cpu)
        .err()
        .expect("refused")
        .to_string()
}

#[test]
fn a_whole_folder_loads() {
    let folder = tempfile::tempdir().expect("a folder");
    save(folder.path());
    let model = Model::load(folder.path(), Device::Cpu).expect("a model");
    assert_eq!(model.gpt.config().context, 64);
}

#[test]
fn a_missing_file_is_named() {
    for missing in ["config.json", "model.safetensors", "tokenizer.json"] {
        let folder = tempfile::tempdir().expect("a folder");
        save(folder.path());
        std::fs::remove_file(folder.path().join(missing)).expect("removed");
        let message = refusal(folder.path());
        assert!(
            message.contains(missing) && message.contains("a model folder holds"),
            "{message}"
        );
    }
}

#[test]
fn another_model_s_tokenizer_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    save(folder.path());
    tokenizer(280)
        .save(&folder.path().join("tokenizer.json"))
        .expect("saved");
    let message = refusal(folder.path());
    assert!(
        message.contains("280") && message.contains("290"),
        "{message}"
    );
}

#[test]
fn a_truncated_model_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    save(folder.path());
    let path = folder.path().join("model.safetensors");
    let bytes = std::fs::read(&path).expect("weights");
    std::fs::write(&path, &bytes[..bytes.len() / 2]).expect("written");
    assert!(refusal(folder.path()).contains("model.safetensors"));
}

#[test]
fn without_any_model_the_message_says_how_to_make_one() {
    let runs = tempfile::tempdir().expect("a folder");
    let message = find_model(&runs.path().join("runs"))
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("./speedrun.sh") && message.contains("--model"),
        "{message}"
    );
}

#[test]
fn the_furthest_stage_of_the_newest_run_is_found() {
    let runs = tempfile::tempdir().expect("a folder");
    for stage in ["old/base", "old/sft", "new/base"] {
        save(&runs.path().join(stage));
        std::thread::sleep(std::time::Duration::from_millis(20)); // file times are coarse
    }
    assert_eq!(
        find_model(runs.path()).expect("a model"),
        runs.path().join("new/base")
    );
    save(&runs.path().join("new/sft"));
    assert_eq!(
        find_model(runs.path()).expect("a model"),
        runs.path().join("new/sft")
    );
}

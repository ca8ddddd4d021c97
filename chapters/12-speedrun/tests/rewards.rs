//! Rewards in the pipeline, where something is rewarded: twenty word problems that fine-tuning has nearly learnt by heart.

use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

/// Pretraining of ten steps, fine-tuning on the problems alone, rewards on the same ones.
fn recipe() -> Value {
    let smoke = concat!(env!("CARGO_MANIFEST_DIR"), "/recipes/smoke.json");
    let text = std::fs::read_to_string(smoke).expect("the recipe");
    let mut recipe: Value = serde_json::from_str(&text).expect("JSON");
    recipe["name"] = "rewards".into();
    recipe["data"]["corpus"]["word_problems"] = 20.into();
    recipe["model"]["context"] = 256.into();
    recipe["train"]["device_rows"] = 4.into();
    recipe["train"]["tokens"] = 10_240.into();
    recipe["mid"] = Value::Null;
    recipe["sft"]["mixture"] = json!({ "sources": [{ "kind": "gsm8k" }] });
    recipe["sft"]["validation"] = Value::Null;
    recipe["sft"]["device_rows"] = 4.into();
    recipe["sft"]["epochs"] = 60.0.into();
    recipe["sft"]["rate_scale"] = 1.0.into();
    recipe["rl"] = json!({
        "questions": 2, "samples": 2,
        "settings": {
            "max_steps": 4, "prompts_per_step": 4, "samples_per_prompt": 4, "max_tokens": 96, "rows_per_pass": 8,
            "evaluate_every": 2, "checkpoint_seconds": 60.0
        }
    });
    recipe["evals"] = Value::Null;
    recipe["quiz"] = Value::Null;
    recipe
}

fn weights(root: &Path, stage: &str) -> Vec<u8> {
    std::fs::read(root.join(stage).join("model.safetensors")).expect("weights")
}

#[test]
fn what_is_rewarded_is_learnt_from() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("rewards.json");
    std::fs::write(&path, recipe().to_string()).expect("written");
    let output = Command::new(env!("CARGO_BIN_EXE_nanocrab"))
        .args(["speedrun", "--recipe"])
        .arg(&path)
        .arg("--runs-dir")
        .arg(folder.path())
        .env("OMP_WAIT_POLICY", "passive")
        .output()
        .expect("the program starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{problem}");

    let root = folder.path().join("rewards");
    let log = pretrain::read_metrics(&root.join("metrics.jsonl")).expect("a log");
    let steps: Vec<&Value> = log
        .iter()
        .filter(|line| line["stage"] == "rl" && line.get("reward").is_some())
        .collect();
    assert_eq!(steps.len(), 4);
    let updated: Vec<_> = steps
        .iter()
        .filter(|step| step["updated"] == true)
        .collect();
    assert!(
        !updated.is_empty(),
        "no step had two different rewards:\n{said}"
    );
    for step in updated {
        assert!(
            step["entropy"].as_f64().is_some_and(|bits| bits > 0.0),
            "{step}"
        );
        let reward = step["reward"].as_f64().expect("a reward");
        assert!(reward > 0.0 && reward < 1.0, "{step}");
    }
    // A right answer here has called the calculator, and what the calculator wrote was not trained on: chapter 09's tests. That the
    // pipeline has put the parts together shows in what is left.
    assert!(weights(&root, "rl") != weights(&root, "sft"));
}

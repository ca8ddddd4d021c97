//! Facts about the switches that need no golden numbers.

use std::fs;

use serde_json::{Value, json};
use tch::{Device, Kind, Tensor};
use transformer::{
    Causal, Config, Context, Error, Gpt, Initialisation, Plain, Role, Switches, layout,
    save_folder, short_window, windows,
};

fn shape(switches: Switches) -> Config {
    Config {
        vocab_size: 50,
        heads: 2,
        kv_heads: 1,
        width: 32,
        context: 256,
        layers: 4,
        switches,
        ..Config::d(4, 50, 256).unwrap()
    }
}

fn ids(time: i64) -> Tensor {
    Tensor::arange(2 * time, (Kind::Int64, Device::Cpu))
        .remainder(47)
        .view([2, time])
}

#[test]
fn with_all_switches_off_the_layout_is_the_seed_models() {
    let seed = layout(&shape(Switches::default()));
    assert_eq!(seed.len(), 2 + 6 * 4);
    let roles = [Role::Embedding, Role::Head, Role::Matrix];
    assert!(seed.iter().all(|slot| roles.contains(&slot.role)));
    assert!(Switches::default().all_off() && !Switches::july_2026().all_off());
}

#[test]
fn short_windows_are_a_quarter_of_the_context_in_blocks_of_128() {
    let found = [128, 512, 513, 1024, 2048].map(short_window);
    assert_eq!(found, [128, 128, 256, 256, 512]);
}

#[test]
fn the_pattern_is_tiled_and_the_last_layer_is_long() {
    let of = |pattern: &str, layers| {
        let switches = Switches {
            window_pattern: Some(pattern.into()),
            ..Switches::default()
        };
        windows(&Config {
            layers,
            ..shape(switches)
        })
    };
    let (s, l) = (Some(128), None);
    assert_eq!(of("SSSL", 7), [s, s, s, l, s, s, l]);
    assert_eq!(of("SL", 3), [s, l, l]);
    assert_eq!(of("L", 2), [l, l]);
}

#[test]
fn the_first_values_follow_the_laws_of_2026() {
    let config = shape(Switches::july_2026());
    let gpt = Gpt::new(&config, Device::Cpu, 7).unwrap();
    let tensor = |name: &str| {
        let found = gpt.parameters().iter().find(|p| p.name == name);
        found.unwrap_or_else(|| panic!("{name}")).tensor.detach()
    };
    let deviation = |name: &str| tensor(name).std(false).double_value(&[]);
    let bound = (3.0f64 / 32.0).sqrt();
    let uniform = |name: &str, low: f64, high: f64| {
        let t = tensor(name);
        let (least, most) = (t.min().double_value(&[]), t.max().double_value(&[]));
        assert!(least >= low && most <= high, "{name}: {least} to {most}");
        assert!(
            most - least > 0.8 * (high - low),
            "{name}: {least} to {most}"
        );
    };
    uniform("model.layers.0.self_attn.q_proj.weight", -bound, bound);
    uniform("model.layers.1.self_attn.v_proj.weight", -bound, bound);
    uniform("model.value_embeddings.3.weight", -bound, bound);
    let up = 0.4 * bound;
    uniform("model.layers.2.mlp.fc1.weight", -up, up);
    uniform("model.layers.3.self_attn.value_gate.weight", 0.0, 0.02);
    uniform("model.smear_gate.weight", 0.0, 0.02);
    assert!((deviation("model.embed_tokens.weight") / 0.8 - 1.0).abs() < 0.1);
    assert!((deviation("lm_head.weight") / 0.001 - 1.0).abs() < 0.1);
    for zero in ["self_attn.o_proj", "mlp.fc2"] {
        assert_eq!(deviation(&format!("model.layers.0.{zero}.weight")), 0.0);
    }
    let list = |name: &str| Vec::<f32>::try_from(tensor(name)).unwrap();
    assert_eq!(list("model.backout_strength"), [0.2]);
    assert_eq!(list("model.smear_strength"), [0.0]);
    let (r, s) = (list("model.residual_scalars"), list("model.start_scalars"));
    assert_eq!((r[0], r[3], s[0], s[3]), (1.15, 1.05, 0.20, 0.05));
    assert!((r[1] - (1.15 - 0.1 / 3.0)).abs() < 1e-6, "{r:?}");
}

#[test]
fn a_row_starts_without_a_previous_embedding_and_smear_sees_one_back() {
    let x = Tensor::randn([2, 5, 8], (Kind::Float, Device::Cpu));
    let previous = Causal.previous(&x);
    assert_eq!(previous.narrow(1, 0, 1).abs().max().double_value(&[]), 0.0);
    assert_eq!(previous.narrow(1, 1, 4), x.narrow(1, 0, 4));
}

#[test]
fn padding_leaves_logits_and_losses_as_they_are() {
    let plain = shape(Switches::default());
    let padded = shape(Switches {
        vocab_multiple: 64,
        initialisation: Initialisation::July2026,
        ..Switches::default()
    });
    let gpt = Gpt::new(&padded, Device::Cpu, 3).unwrap();
    let cropped = gpt
        .parameters()
        .iter()
        .map(|p| match p.role {
            Role::Embedding | Role::Head => (p.name.clone(), p.tensor.detach().narrow(0, 0, 50)),
            _ => (p.name.clone(), p.tensor.detach()),
        })
        .collect();
    assert_eq!(gpt.parameters()[0].tensor.size(), [64, 32]);
    assert_eq!(gpt.head().size(), [50, 32]);
    let small = Gpt::from_tensors(&plain, Device::Cpu, cropped).unwrap();
    let rows = ids(9);
    let logits = |gpt: &Gpt| gpt.logits(&Plain, &mut Causal, &rows).unwrap();
    assert_eq!(logits(&gpt).size(), [2, 9, 50]);
    assert_eq!(logits(&gpt), logits(&small));
    let loss = |gpt: &Gpt| gpt.loss(&Plain, &rows, &rows).unwrap().sum;
    assert_eq!(loss(&gpt), loss(&small));
}

#[test]
fn every_2026_tensor_that_should_learns_from_a_backward_pass() {
    let gpt = Gpt::new(&shape(Switches::july_2026()), Device::Cpu, 3).unwrap();
    let rows = ids(200);
    let loss = gpt.loss(&Plain, &rows, &rows).unwrap();
    loss.mean().backward();
    for parameter in gpt.parameters() {
        assert!(parameter.tensor.grad().defined(), "{}", parameter.name);
    }
}

#[test]
fn a_folder_keeps_the_switches_and_says_nanocrab() {
    let folder = tempfile::tempdir().unwrap();
    let gpt = Gpt::new(&shape(Switches::july_2026()), Device::Cpu, 3).unwrap();
    save_folder(&gpt, folder.path()).unwrap();
    let path = folder.path().join("config.json");
    let read = || -> Value { serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap() };
    let mut json = read();
    assert_eq!(json["model_type"], "nanocrab");
    assert_eq!(json["window_pattern"], "SSSL");
    let back = Gpt::load_folder(folder.path(), Device::Cpu).unwrap();
    assert_eq!(back.config(), gpt.config());
    let rows = ids(9);
    let logits = |gpt: &Gpt| gpt.logits(&Plain, &mut Causal, &rows).unwrap();
    assert_eq!(logits(&back), logits(&gpt));

    let mut refusal = |key: &str, value: Value| {
        let good = std::mem::replace(&mut json[key], value);
        fs::write(&path, json.to_string()).unwrap();
        json[key] = good;
        match Gpt::load_folder(folder.path(), Device::Cpu) {
            Err(error) => error.to_string(),
            Ok(_) => panic!("{key} passes"),
        }
    };
    for (key, value) in [
        ("smear", json!("yes")),
        ("window_pattern", json!("SXL")),
        ("initialisation", json!("2031")),
        ("vocab_multiple", json!(0)),
        ("model_type", json!("nanochat")),
        ("lens", json!(true)),
    ] {
        let message = refusal(key, value);
        let named = match key {
            "model_type" => "qk_scale",
            key => key,
        };
        assert!(message.contains(named), "{key}: {message}");
        fs::write(&path, read().to_string()).unwrap();
    }
}

#[test]
fn what_cannot_be_switched_on_is_said() {
    let narrow = Config {
        width: 16,
        ..shape(Switches::july_2026())
    };
    let error = narrow.check().unwrap_err();
    assert!(matches!(error, Error::Config(_)) && error.to_string().contains("smear"));
    for pattern in ["", "SX", "sl"] {
        let bad = shape(Switches {
            window_pattern: Some(pattern.into()),
            ..Switches::default()
        });
        assert!(
            bad.check()
                .unwrap_err()
                .to_string()
                .contains("window_pattern")
        );
    }
}

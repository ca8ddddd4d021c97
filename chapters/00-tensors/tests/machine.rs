//! Setting up the machine, and the program's own table.

use std::process::{Command, Output};

use tch::{Device, Kind, Tensor};
use tensors::{Choice, CudaState, clear_gradient, seed_everything, start};

fn choice(device: &str, dtype: &str) -> Choice {
    Choice {
        device: Some(device.to_string()),
        dtype: Some(dtype.to_string()),
        threads: None,
    }
}

#[test]
fn a_cpu_computes_in_fp32_unless_asked_otherwise() {
    let machine = start(&Choice {
        device: Some("cpu".to_string()),
        ..Choice::default()
    })
    .unwrap();
    assert_eq!(
        (machine.device, machine.compute),
        (Device::Cpu, Kind::Float)
    );
    assert!(machine.threads >= 1);
    assert_eq!(
        start(&choice("cpu", "bf16")).unwrap().compute,
        Kind::BFloat16
    );
}

#[test]
fn what_is_unknown_is_named_with_the_values_that_would_do() {
    let message = |choice: Choice| start(&choice).unwrap_err().to_string();
    for device in ["gpu", "cuda:", "cuda:x", "cuda:-1", "CPU", ""] {
        let text = message(choice(device, "fp32"));
        assert!(
            text.contains(&format!("{device:?}"))
                && text.contains("cuda:N")
                && text.contains("mps"),
            "{text}"
        );
    }
    let text = message(choice("cpu", "fp16"));
    assert!(
        text.contains("\"fp16\"") && text.contains("fp32 or bf16"),
        "{text}"
    );
    for threads in [0, 1_000_000] {
        let text = message(Choice {
            threads: Some(threads),
            ..Choice::default()
        });
        assert!(
            text.contains(&threads.to_string()) && text.contains("from 1 to"),
            "{text}"
        );
    }
}

#[test]
fn a_device_that_is_not_there_is_refused_with_the_reason() {
    let machine = start(&Choice::default()).unwrap();
    let beyond = match machine.cuda {
        CudaState::Loaded { devices } => devices,
        CudaState::Absent { .. } | CudaState::Unusable { .. } => 0,
    };
    let text = start(&choice(&format!("cuda:{beyond}"), "fp32"))
        .unwrap_err()
        .to_string();
    assert!(
        text.contains("cannot be used") && text.contains("cargo course doctor"),
        "{text}"
    );
}

#[test]
fn starting_twice_and_from_several_threads_does_no_harm() {
    let starts: Vec<_> = (0..4)
        .map(|_| std::thread::spawn(|| start(&Choice::default()).unwrap()))
        .collect();
    for machine in starts {
        assert_eq!(machine.join().unwrap(), start(&Choice::default()).unwrap());
    }
}

#[test]
fn the_same_seed_gives_the_same_numbers() {
    let draw = |seed| {
        seed_everything(seed);
        Tensor::randn([100], (Kind::Float, Device::Cpu))
    };
    // The generator is libtorch's, shared by all tests of this program: only this one draws from it.
    let (first, again, other) = (draw(7), draw(7), draw(8));
    assert!(first.equal(&again) && !first.equal(&other));
}

#[test]
fn a_cleared_gradient_is_gone_and_the_next_one_is_not_added_to_it() {
    let x = Tensor::ones([3], (Kind::Float, Device::Cpu)).set_requires_grad(true);
    (&x * 2.0).sum(Kind::Float).backward();
    clear_gradient(&x);
    assert!(!x.grad().defined());
    (&x * 3.0).sum(Kind::Float).backward();
    assert_eq!(Vec::<f32>::try_from(x.grad()).unwrap(), [3.0; 3]);
}

/// Runs the demonstration without what Cargo puts into the environment.
fn program(arguments: &[&str], policy: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tensors"));
    command
        .args(arguments)
        .env_remove("OMP_WAIT_POLICY")
        .env_remove("GOMP_SPINCOUNT")
        .env_remove("KMP_BLOCKTIME");
    if let Some(policy) = policy {
        command.env("OMP_WAIT_POLICY", policy);
    }
    command.output().unwrap()
}

fn waiting_row(output: &Output) -> String {
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = report["rows"].as_array().unwrap();
    rows.iter().find(|row| row["what"] == "waiting").unwrap()["value"]
        .as_str()
        .unwrap()
        .to_string()
}

#[cfg(unix)]
#[test]
fn a_program_without_a_waiting_policy_begins_anew_with_a_passive_one() {
    assert!(waiting_row(&program(&["--json"], None)).starts_with("passive"));
    assert!(
        waiting_row(&program(&["--json"], Some("ACTIVE"))).starts_with("active"),
        "the user's choice stands"
    );
}

#[test]
fn the_table_names_every_fact() {
    let output = program(&["--threads", "1"], None);
    let text = String::from_utf8(output.stdout).unwrap();
    for what in [
        "libtorch",
        "2.11.0",
        "CUDA",
        "precision",
        "threads",
        "waiting",
        "GFLOP/s",
        "finite differences",
    ] {
        assert!(text.contains(what), "{what} is missing in\n{text}");
    }
}

#[test]
fn a_wrong_argument_ends_the_program_with_a_message_and_no_table() {
    for (arguments, expected) in [
        (vec!["--device", "tpu"], "unknown device \"tpu\""),
        (vec!["--dtype", "fp8"], "unknown precision \"fp8\""),
        (vec!["--threads", "many"], "\"many\""),
        (vec!["--device"], "needs a value"),
        (vec!["--fast"], "unknown argument \"--fast\""),
    ] {
        let output = program(&arguments, None);
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(
            !output.status.success() && output.stdout.is_empty() && message.contains(expected),
            "{message}"
        );
    }
}

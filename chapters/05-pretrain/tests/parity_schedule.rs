//! The schedules of October 2025 and July 2026, number by number.

use pretrain::Schedule;
use serde_json::Value;
use std::path::PathBuf;

fn golden() -> PathBuf {
    match std::env::var_os("NANOCRAB_GOLDEN") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden"),
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .expect("a list")
        .iter()
        .map(|v| v.as_f64().expect("a number"))
        .collect()
}

#[test]
fn base_training_parity() {
    let text = std::fs::read_to_string(golden().join("schedule.json"))
        .expect("schedule.json is in the golden folder");
    let all: Value = serde_json::from_str(&text).expect("JSON");
    let cases = all["base_train_2025"].as_array().expect("cases");
    assert!(!cases.is_empty());
    for case in cases {
        let number = |key: &str| case[key].as_f64().expect("a number");
        let schedule = Schedule::october_2025(
            number("num_iterations") as u64,
            number("warmup_ratio"),
            number("warmdown_ratio"),
            number("final_lr_frac"),
        );
        let steps = numbers(&case["steps"]);
        let (rates, momenta) = (
            numbers(&case["lr_multiplier"]),
            numbers(&case["muon_momentum"]),
        );
        assert!(rates.iter().any(|&rate| rate > 0.0), "zeros would pass");
        for (index, &step) in steps.iter().enumerate() {
            let scale = schedule.at(step as u64);
            assert!(
                (scale.lr - rates[index]).abs() <= 1e-12,
                "step {step}: multiplier {} is not {}",
                scale.lr,
                rates[index]
            );
            assert!(
                (scale.momentum - momenta[index]).abs() <= 1e-12,
                "step {step}: momentum {} is not {}",
                scale.momentum,
                momenta[index]
            );
        }
    }
}

#[test]
fn base_training_2026_parity() {
    let text = std::fs::read_to_string(golden().join("schedule.json"))
        .expect("schedule.json is in the golden folder");
    let all: Value = serde_json::from_str(&text).expect("JSON");
    let cases = all["base_train_2026"].as_array().expect("cases");
    assert!(!cases.is_empty());
    for case in cases {
        let number = |key: &str| case[key].as_f64().expect("a number");
        let schedule = Schedule::july_2026(
            number("num_iterations") as u64,
            number("warmup_steps") as u64,
            number("warmdown_ratio"),
            number("final_lr_frac"),
        );
        let decay = number("weight_decay_scaled");
        for key in ["lr_multiplier", "muon_momentum", "weight_decay"] {
            let theirs = numbers(&case[key]);
            assert!(
                theirs.iter().any(|&number| number > 0.0),
                "zeros would pass"
            );
            for (step, theirs) in numbers(&case["steps"]).iter().zip(theirs) {
                let scale = schedule.at(*step as u64);
                let ours = match key {
                    "lr_multiplier" => scale.lr,
                    "muon_momentum" => scale.momentum,
                    _ => decay * scale.weight_decay,
                };
                assert!(
                    (ours - theirs).abs() <= 1e-12,
                    "{key} at step {step} of {}: {ours} is not {theirs}",
                    schedule.steps
                );
            }
        }
    }
}

#[test]
fn a_schedule_saved_before_2026_still_loads() {
    let old = r#"{"steps":7,"warmup_steps":0,"warmdown_ratio":0.2,"final_fraction":0.0,
        "momentum":{"first":0.85,"last":0.95,"ramp_steps":300}}"#;
    let schedule: Schedule = serde_json::from_str(old).expect("an old schedule");
    assert_eq!(schedule, Schedule::october_2025(7, 0.0, 0.2, 0.0));
}

#[test]
fn a_flat_schedule_stays_at_one() {
    let schedule = Schedule::october_2025(100, 0.0, 0.0, 0.0);
    assert!((0..=100).all(|step| schedule.multiplier(step) == 1.0));
}

#[test]
fn warm_up_rises_and_warm_down_ends_at_the_final_fraction() {
    let schedule = Schedule::october_2025(100, 0.1, 0.5, 0.05);
    assert_eq!(schedule.multiplier(0), 0.1);
    assert_eq!(schedule.multiplier(9), 1.0);
    assert_eq!(schedule.multiplier(50), 1.0);
    assert!((schedule.multiplier(100) - 0.05).abs() < 1e-12);
    assert!((50..100).all(|step| schedule.multiplier(step) > schedule.multiplier(step + 1)));
}

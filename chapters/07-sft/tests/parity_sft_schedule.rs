//! The multipliers equal nanochat's, and the training loop's schedule draws the same curve.

use serde_json::Value;
use sft::Ramp;
use std::path::{Path, PathBuf};

fn schedules() -> Value {
    let root = match std::env::var_os("NANOCRAB_GOLDEN") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden"),
    };
    let path = root.join("schedule.json");
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// (where, multiplier) of one golden curve.
fn points(curve: &Value, where_: &str) -> Vec<(f64, f64)> {
    let list = |key: &str| {
        curve[key]
            .as_array()
            .unwrap()
            .iter()
            .map(|x| x.as_f64().unwrap())
            .collect::<Vec<_>>()
    };
    list(where_)
        .into_iter()
        .zip(list("lr_multiplier"))
        .collect()
}

fn assert_curve(ours: impl Fn(f64) -> f64, golden: &[(f64, f64)]) {
    for &(at, expected) in golden {
        assert!(
            (ours(at) - expected).abs() < 1e-12,
            "at {at}: {} instead of {expected}",
            ours(at)
        );
    }
    assert!(
        golden.iter().any(|(_, expected)| *expected > 1e-3),
        "zeros would pass"
    );
}

#[test]
fn parity_of_midtraining() {
    assert_curve(
        |progress| Ramp::MID_2025.multiplier(progress),
        &points(&schedules()["mid_train_2025"], "progress"),
    );
}

#[test]
fn parity_of_midtraining_in_optimizer_steps() {
    // So many steps that each golden progress is a whole number of them.
    let schedule = Ramp::MID_2025.over(100_000);
    assert_curve(
        |progress| schedule.multiplier((progress * 1e5).round() as u64),
        &points(&schedules()["mid_train_2025"], "progress"),
    );
}

#[test]
fn parity_of_fine_tuning_2026() {
    for curve in schedules()["chat_sft_2026"].as_array().unwrap() {
        let ratio = |key: &str| curve[key].as_f64().unwrap();
        let ramp = Ramp {
            warmup_ratio: ratio("warmup_ratio"),
            warmdown_ratio: ratio("warmdown_ratio"),
            final_fraction: ratio("final_lr_frac"),
        };
        assert_curve(
            |progress| ramp.multiplier(progress),
            &points(curve, "progress"),
        );
        if ramp.warmup_ratio == 0.0 {
            let schedule = ramp.over(100_000);
            assert_curve(
                |progress| schedule.multiplier((progress * 1e5).round() as u64),
                &points(curve, "progress"),
            );
        }
        let momentum = ramp.over(1000);
        let steps = curve["muon_momentum_steps"].as_array().unwrap();
        for (step, expected) in steps.iter().zip(curve["muon_momentum"].as_array().unwrap()) {
            let ours = momentum.momentum(step.as_u64().unwrap());
            assert!((ours - expected.as_f64().unwrap()).abs() < 1e-12);
            assert!(expected.as_f64().unwrap() > 0.1, "zeros would pass");
        }
    }
}

#[test]
fn parity_of_fine_tuning_2025() {
    for curve in schedules()["chat_2025"].as_array().unwrap() {
        let steps = curve["num_iterations"].as_u64().unwrap();
        assert_curve(
            |step| Ramp::SFT_2025.multiplier(step / steps as f64),
            &points(curve, "steps"),
        );
        assert_curve(
            |step| Ramp::SFT_2025.over(steps).multiplier(step as u64),
            &points(curve, "steps"),
        );
    }
}

#[test]
fn the_loop_s_schedule_draws_the_same_curve() {
    for ramp in [Ramp::MID_2025, Ramp::SFT_2025, Ramp::SFT_2026] {
        let schedule = ramp.over(500);
        for step in 0..500 {
            let (a, b) = (
                schedule.multiplier(step),
                ramp.multiplier(step as f64 / 500.0),
            );
            assert!((a - b).abs() < 1e-12, "{ramp:?} at {step}: {a} and {b}");
        }
    }
}

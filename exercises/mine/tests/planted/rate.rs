//! Answers to exercise 05.2 that are nearly right, and one that is none.

use super::{refused, run, says};
use pretrain::{RateMultiplier, Schedule};
use speedrun::parts::Plug;
use std::sync::atomic::{AtomicUsize, Ordering};

const OF_RATE: &str = "exercise 05.2, the trapezoid: the planted answer";

fn rate(function: RateMultiplier) -> Plug {
    mine::rate::plug(super::WHOSE, function)
}

#[test]
fn rates_that_are_nearly_right_are_refused() {
    // The first step is wasted.
    let said = refused(rate(|schedule, step| match step < schedule.warmup_steps {
        true => step as f64 / schedule.warmup_steps as f64,
        false => schedule.multiplier(step),
    }));
    says(
        &said,
        &[
            OF_RATE,
            "gives 0 at step 0, where the chapter's code gives 0.25",
            "asked about 40 steps, 4 of warm-up",
            "check 05.2`",
        ],
    );
    // Halves go up: one step more of warm-down.
    let said = refused(rate(|schedule, step| {
        let down = (schedule.warmdown_ratio * schedule.steps as f64).round() as u64;
        let ratio = down as f64 / schedule.steps as f64;
        let other = Schedule {
            warmdown_ratio: ratio,
            ..schedule.clone()
        };
        other.multiplier(step)
    }));
    says(&said, &[OF_RATE, "at step 18", "50 steps, 4 of warm-up"]);
    // It falls to nothing.
    let said = refused(rate(|schedule, step| {
        let other = Schedule {
            final_fraction: 0.0,
            ..schedule.clone()
        };
        other.multiplier(step)
    }));
    says(&said, &[OF_RATE, "an end at 0.05"]);
    let said = refused(rate(|_, _| f64::NAN));
    says(&said, &[OF_RATE, "gives NaN at step 0"]);
    // Right for few steps.
    let said = refused(rate(|schedule, step| match step {
        0..60 => schedule.multiplier(step),
        _ => 1.0,
    }));
    says(
        &said,
        &[OF_RATE, "gives 1 at step ", "asked about 80 steps"],
    );
}

#[test]
fn rates_that_are_not_there_are_refused() {
    let said = refused(rate(|_, _| todo!("exercise 05.2")));
    says(&said, &[OF_RATE, "is not written yet", "rate.rs:"]);
    let said = refused(rate(|schedule, step| {
        (schedule.steps.checked_sub(step + 100)).expect("a hundred steps") as f64
    }));
    says(&said, &[OF_RATE, "panicked at", "a hundred steps"]);
}

/// Calls of the function that is plugged in below.
static CALLS: AtomicUsize = AtomicUsize::new(0);

#[test]
fn pretraining_asks_the_multiplier_that_is_plugged_in_once_a_step() {
    fn counted(schedule: &Schedule, step: u64) -> f64 {
        CALLS.fetch_add(1, Ordering::SeqCst);
        schedule.multiplier(step)
    }
    let runs = tempfile::tempdir().unwrap();
    let calls = |stage: &str| {
        CALLS.store(0, Ordering::SeqCst);
        run(runs.path(), &[stage, "--mine"], rate(counted)).unwrap();
        CALLS.load(Ordering::SeqCst)
    };
    // Before every command the plug looks at it.
    let looking = calls("data");
    assert_eq!(calls("tokenizer"), looking);
    assert_eq!(calls("train") - looking, 80);
}

//! Intervals against published and computed values.

use evals::Bootstrap;
use evals::interval::{centred, percentiles, wilson};

fn near(a: f64, b: f64, within: f64) {
    assert!((a - b).abs() < within, "{a} is not {b}");
}

#[test]
fn wilson_gives_the_published_intervals() {
    // Newcombe 1998, table I, method 3: 81/263, 15/148, 0/20, 1/29
    for (correct, total, low, high) in [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ] {
        let interval = wilson(correct, total);
        near(interval.low, low, 5e-5);
        near(interval.high, high, 5e-5);
    }
    assert_eq!((wilson(0, 0).low, wilson(0, 0).high), (0.0, 1.0));
    assert_eq!(wilson(20, 20).high, 1.0);
}

#[test]
fn the_bootstrap_agrees_with_the_normal_distribution_for_many_questions() {
    let correct: Vec<bool> = (0..1000).map(|i| i % 10 < 3).collect();
    let interval = percentiles(
        Bootstrap {
            resamples: 4000,
            seed: 5,
        }
        .accuracies(&correct, 0),
    );
    let half = 1.96 * (0.3_f64 * 0.7 / 1000.0).sqrt();
    near(interval.low, 0.3 - half, 0.004);
    near(interval.high, 0.3 + half, 0.004);
}

#[test]
fn resamples_of_different_tasks_are_independent() {
    let correct: Vec<bool> = (0..200).map(|i| i % 2 == 0).collect();
    let bootstrap = Bootstrap {
        resamples: 2000,
        seed: 0,
    };
    let (a, b) = (
        bootstrap.accuracies(&correct, 0),
        bootstrap.accuracies(&correct, 1),
    );
    assert_eq!(a, bootstrap.accuracies(&correct, 0));
    let covariance = |a: &[f64], b: &[f64]| {
        a.iter()
            .zip(b)
            .map(|(a, b)| (a - 0.5) * (b - 0.5))
            .sum::<f64>()
            / a.len() as f64
    };
    let correlation = covariance(&a, &b) / (covariance(&a, &a) * covariance(&b, &b)).sqrt();
    assert!(correlation.abs() < 0.1, "{correlation}");
}

#[test]
fn nothing_to_resample_is_no_panic() {
    assert_eq!(
        Bootstrap {
            resamples: 3,
            seed: 0
        }
        .accuracies(&[], 0),
        [0.0; 3]
    );
    assert_eq!(percentiles(Vec::new()).low, 0.0);
}

#[test]
fn centring_moves_guessing_to_0_and_perfection_to_1() {
    near(centred(0.25, 0.25), 0.0, 1e-15);
    near(centred(1.0, 0.62), 1.0, 1e-15);
    near(centred(0.0, 0.5), -1.0, 1e-15);
    near(centred(0.4, 0.25), 0.2, 1e-15);
}

//! Advantages, weights, the clip, pass@k: the formulas, with numbers worked out by hand.

use grpo::{
    Clip, Counts, Distribution, GrpoSettings, Normaliser, Objective, Padded, RateDecay,
    RateSchedule, Row, advantages, pass_at_k, sample_seed, sums, token_weights,
};
use tch::{Device, Kind, Tensor};

fn close(ours: &[f64], expected: &[f64]) {
    assert_eq!(ours.len(), expected.len());
    for (a, b) in ours.iter().zip(expected) {
        assert!((a - b).abs() < 1e-3, "{ours:?} instead of {expected:?}");
    }
}

fn vector(tensor: &Tensor) -> Vec<f64> {
    Vec::try_from(tensor.detach().to_kind(Kind::Double)).unwrap()
}

#[test]
fn the_baseline_is_the_mean_and_grpo_divides_by_the_deviation() {
    // mean 0.25, squares 0.0625 · 3 + 0.5625 = 0.75, / 3 = 0.25, deviation 0.5
    let rewards = [0.0, 0.0, 1.0, 0.0];
    close(
        &advantages(&Objective::reinforce(), &rewards),
        &[-0.25, -0.25, 0.75, -0.25],
    );
    close(
        &advantages(&Objective::dr_grpo(), &rewards),
        &[-0.25, -0.25, 0.75, -0.25],
    );
    close(
        &advantages(&Objective::grpo(), &rewards),
        &[-0.5, -0.5, 1.5, -0.5],
    );
    let bare = Objective {
        baseline: grpo::Baseline::Nothing,
        ..Objective::reinforce()
    };
    close(&advantages(&bare, &rewards), &rewards);
}

#[test]
fn a_group_without_variance_has_no_advantage_not_a_crumb_of_one() {
    let thirds = [0.1 + 0.2; 7]; // whose mean is not quite 0.3 in floating point
    for objective in [
        Objective::reinforce(),
        Objective::grpo(),
        Objective::dr_grpo(),
        Objective::dapo(),
    ] {
        assert_eq!(advantages(&objective, &thirds), [0.0; 7]);
    }
    assert!(advantages(&Objective::grpo(), &[]).is_empty());
}

/// One rollout of 2 trained tokens with advantage 1, one of 8 with −1.
fn loss_of_unequal_lengths(normaliser: Normaliser) -> f64 {
    let counts = |pass_tokens| Counts {
        groups: 1,
        rollouts: 2,
        tokens: 10,
        passes: 1,
        pass_tokens,
        max_tokens: 16,
    };
    let [short, long] = [2, 8].map(|length| token_weights(normaliser, length, &counts(10)));
    let ids: Vec<u32> = (0..9).collect();
    let row = |length: usize, advantage, weight| Row {
        ids: &ids[..=length],
        mask: &[0, 1, 1, 1, 1, 1, 1, 1, 1][..=length],
        advantage,
        weight,
    };
    let rows = [row(2, 1.0, short), row(8, -1.0, long)];
    let padded = Padded::new(&rows, 0, Device::Cpu).unwrap();
    assert_eq!(padded.trained(), 10);
    let log_probabilities = Tensor::full([10], -1.0, (Kind::Float, Device::Cpu));
    let old = log_probabilities.copy();
    padded
        .loss(&log_probabilities, &old, None)
        .loss
        .double_value(&[])
}

#[test]
fn with_unequal_lengths_the_normalisers_disagree() {
    // Every ln p is −1, so a rollout's part of the loss is (its tokens) · w · A.
    // GRPO: each rollout counts the same: (1 − 1) / 2. A long wrong answer is punished no more than a short one.
    assert!(loss_of_unequal_lengths(Normaliser::Sequence).abs() < 1e-6);
    // DAPO: each token counts the same: (2 − 8) / 10.
    assert!((loss_of_unequal_lengths(Normaliser::Step) + 0.6).abs() < 1e-6);
    // nanochat, one pass: the same as DAPO's.
    assert!((loss_of_unequal_lengths(Normaliser::Pass) + 0.6).abs() < 1e-6);
    // Dr. GRPO: (2 − 8) / (2 · 16).
    assert!((loss_of_unequal_lengths(Normaliser::Constant) + 0.1875).abs() < 1e-6);
}

/// One token with ratio ρ and advantage A under clip-higher: (loss, its derivative by ln p, clipped).
fn one_token(ratio: f64, advantage: f64) -> (f64, f64, f64) {
    let row = Row {
        ids: &[3, 4],
        mask: &[0, 1],
        advantage,
        weight: 1.0,
    };
    let padded = Padded::new(&[row], 0, Device::Cpu).unwrap();
    let old = Tensor::from_slice(&[-1.5f32]);
    let now = Tensor::from_slice(&[-1.5 + ratio.ln() as f32]).set_requires_grad(true);
    let clip = Clip {
        low: 0.2,
        high: 0.28,
    };
    let surrogate = padded.loss(&now, &old, Some(clip));
    surrogate.loss.backward();
    (
        surrogate.loss.double_value(&[]),
        now.grad().double_value(&[0]),
        surrogate.clipped.double_value(&[0]),
    )
}

#[test]
fn clip_higher_lets_good_tokens_rise_further_than_bad_ones_fall() {
    let check = |(loss, slope, clipped): (f64, f64, f64), expected: (f64, f64, f64)| {
        close(
            &[loss, slope, clipped],
            &[expected.0, expected.1, expected.2],
        );
    };
    check(one_token(1.0, 1.0), (-1.0, -1.0, 0.0));
    // good token, risen by 25 %: within 1.28, still pushed; by 30 %: held
    check(one_token(1.25, 1.0), (-1.25, -1.25, 0.0));
    check(one_token(1.3, 1.0), (-1.28, 0.0, 1.0));
    // bad token, fallen by 15 %: still pushed down; by 25 %: held
    check(one_token(0.85, -1.0), (0.85, 0.85, 0.0));
    check(one_token(0.75, -1.0), (0.8, 0.0, 1.0));
    // moved the wrong way: never held
    check(one_token(0.5, 1.0), (-0.5, -0.5, 0.0));
    check(one_token(2.0, -1.0), (2.0, 2.0, 0.0));
    // beyond all reason: finite
    assert!(one_token(1e30, -1.0).0.is_finite());
}

#[test]
fn prompts_forced_tokens_and_padding_are_never_targets() {
    let rows = [
        Row {
            ids: &[10, 11, 12, 13, 14, 15],
            mask: &[0, 0, 1, 0, 0, 1],
            advantage: 1.0,
            weight: 1.0,
        },
        Row {
            ids: &[20, 21, 22],
            mask: &[1, 0, 1], // the first id cannot be predicted, whatever the mask says
            advantage: -1.0,
            weight: 1.0,
        },
    ];
    let padded = Padded::new(&rows, 99, Device::Cpu).unwrap();
    let ids = |tensor: &Tensor| Vec::<i64>::try_from(tensor.flatten(0, 1)).unwrap();
    assert_eq!(
        ids(&padded.inputs),
        [10, 11, 12, 13, 14, 20, 21, 22, 99, 99]
    );
    assert_eq!(
        ids(&padded.targets),
        [-1, 12, -1, -1, 15, -1, 22, -1, -1, -1]
    );
    assert_eq!(padded.trained(), 3);
    let nothing = Row {
        mask: &[0; 6],
        ..rows[0]
    };
    assert!(Padded::new(&[nothing], 0, Device::Cpu).is_none());
    assert!(Padded::new(&[], 0, Device::Cpu).is_none());
}

#[test]
fn temperature_and_truncation_by_hand() {
    // weights 8, 4, 2, 2 at temperature 1
    let logits = Tensor::from_slice(&[8f32.ln(), 4f32.ln(), 2f32.ln(), 2f32.ln()]).view([1, 4]);
    let of = |temperature, top_k, top_p, id: i64| {
        let distribution = Distribution {
            temperature,
            top_k,
            top_p,
        };
        let chosen = distribution.of_chosen(&logits, &Tensor::from_slice(&[id]));
        (
            vector(&chosen.log_probabilities)[0].exp(),
            vector(&chosen.entropies)[0],
        )
    };
    let entropy = |shares: &[f64]| -> f64 { shares.iter().map(|p| -p * p.ln()).sum() };
    let check = |(p, h): (f64, f64), expected: f64, shares: &[f64]| {
        close(&[p, h], &[expected, entropy(shares)]);
    };
    check(of(1.0, 0, 1.0, 1), 0.25, &[0.5, 0.25, 0.125, 0.125]);
    // temperature ½ squares the weights: 64, 16, 4, 4
    let squared = [64.0 / 88.0, 16.0 / 88.0, 4.0 / 88.0, 4.0 / 88.0];
    check(of(0.5, 0, 1.0, 1), squared[1], &squared);
    check(of(1.0, 2, 1.0, 1), 1.0 / 3.0, &[2.0 / 3.0, 1.0 / 3.0]);
    // of two equals the one with the smaller id is kept
    let three = [8.0 / 14.0, 4.0 / 14.0, 2.0 / 14.0];
    check(of(1.0, 3, 1.0, 2), three[2], &three);
    // top p 0.6 keeps 0.5 and the one that crosses the line
    check(of(1.0, 0, 0.6, 0), 2.0 / 3.0, &[2.0 / 3.0, 1.0 / 3.0]);
    // a token outside the kept set is counted in: 2 / (8 + 4 + 2)
    check(of(1.0, 2, 1.0, 3), 2.0 / 14.0, &[2.0 / 3.0, 1.0 / 3.0]);
    check(of(1.0, 1, 0.5, 0), 1.0, &[1.0]);
}

#[test]
fn truncation_gives_finite_gradients() {
    for (top_k, top_p, id) in [(2, 1.0, 3i64), (0, 0.6, 0), (3, 0.5, 1), (0, 1.0, 2)] {
        let logits = Tensor::from_slice(&[3.0f32, 1.0, 0.5, -2.0])
            .view([1, 4])
            .set_requires_grad(true);
        let distribution = Distribution {
            temperature: 0.7,
            top_k,
            top_p,
        };
        let chosen = distribution.of_chosen(&logits, &Tensor::from_slice(&[id]));
        chosen.log_probabilities.sum(Kind::Float).backward();
        let gradient = vector(&logits.grad().flatten(0, 1));
        assert!(gradient.iter().all(|g| g.is_finite()), "{gradient:?}");
        // a log-softmax's gradient sums to 0
        assert!(gradient.iter().sum::<f64>().abs() < 1e-6);
    }
}

#[test]
fn pass_at_k_is_the_share_of_subsets_with_a_right_answer() {
    for (n, c) in [(5usize, 0usize), (5, 2), (6, 1), (6, 6), (1, 1)] {
        for k in 1..=n {
            // every subset of k among n, the first c of which are right
            let subsets = (0u32..1 << n).filter(|set| set.count_ones() as usize == k);
            let (mut hit, mut all) = (0, 0);
            for set in subsets {
                all += 1;
                hit += usize::from(set & ((1 << c) - 1) != 0);
            }
            let expected = hit as f64 / f64::from(all);
            assert!((pass_at_k(n, c, k) - expected).abs() < 1e-12, "{n} {c} {k}");
        }
    }
}

#[test]
fn rates_fall_to_nothing_and_cosine_falls_late() {
    let at = |decay, step| RateSchedule { steps: 40, decay }.multiplier(step);
    for decay in [RateDecay::Linear, RateDecay::Cosine] {
        assert_eq!(at(decay, 0), 1.0);
        assert!((at(decay, 20) - 0.5).abs() < 1e-12);
        assert!(at(decay, 40).abs() < 1e-12);
    }
    assert!(at(RateDecay::Cosine, 10) > at(RateDecay::Linear, 10));
    assert!(at(RateDecay::Cosine, 36) < at(RateDecay::Linear, 36));
    assert_eq!(at(RateDecay::Constant, 39), 1.0);
    assert_eq!(
        RateSchedule {
            steps: 40,
            decay: RateDecay::Cosine
        }
        .at(0)
        .momentum,
        0.95
    );
}

#[test]
fn every_place_in_a_run_has_its_own_seed() {
    let mut seen = std::collections::HashSet::new();
    for run in 0..3 {
        for step in 0..12 {
            for draw in 0..12 {
                for sample in 0..12 {
                    assert!(seen.insert(sample_seed(run, step, draw, sample)));
                }
            }
        }
    }
    assert_eq!(sample_seed(1, 2, 3, 4), sample_seed(1, 2, 3, 4));
}

#[test]
fn settings_are_data_and_senseless_ones_are_refused() {
    let recipe = r#"{ "prompts_per_step": 4, "decay": "cosine",
        "objective": { "baseline": "mean", "divide_by_std": false, "clip": { "low": 0.2, "high": 0.28 },
                       "normaliser": "step", "zero_variance": { "replace": { "at_most": 3 } } } }"#;
    let settings: GrpoSettings = serde_json::from_str(recipe).unwrap();
    assert_eq!(settings.prompts_per_step, 4);
    assert_eq!(settings.samples_per_prompt, 16);
    assert_eq!(settings.objective.normaliser, Normaliser::Step);
    settings.check().unwrap();
    let written = serde_json::to_string(&settings).unwrap();
    let again: GrpoSettings = serde_json::from_str(&written).unwrap();
    assert_eq!(again, settings);
    assert!(serde_json::from_str::<GrpoSettings>(r#"{ "temprature": 1 }"#).is_err());

    GrpoSettings::recommended().check().unwrap();
    sums::settings(80).check().unwrap();
    // nanochat's number of steps
    assert_eq!(GrpoSettings::default().steps(7473), 467);

    let broken: [fn(&mut GrpoSettings); 8] = [
        |s| s.temperature = 0.0,
        |s| s.samples_per_prompt = 1,
        |s| s.updates_per_step = 2,
        |s| s.rows_per_pass = 0,
        |s| s.epochs = f64::NAN,
        |s| s.top_p = 0.0,
        |s| s.rate_scale = -1.0,
        |s| s.objective.zero_variance = grpo::ZeroVariance::Replace { at_most: 0 },
    ];
    for breaks in broken {
        let mut settings = GrpoSettings::default();
        breaks(&mut settings);
        let message = settings.check().unwrap_err().to_string();
        assert!(message.contains(';'), "names a remedy: {message}");
    }
}

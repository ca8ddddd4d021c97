//! One token: how it is drawn from its logits.

use super::*;

#[test]
fn greedy_takes_the_likeliest_token_each_time() {
    let gpt = model();
    let mut greedy = prompt(&[1, 2, 3], 0);
    greedy.settings.temperature = 0.0;
    let sample = sample(&gpt, &[greedy]).remove(0);
    assert_eq!(sample.stop, StopReason::MaxTokens);
    assert_eq!(sample.log_probabilities, [0.0; 8]);
    let row: Vec<u32> = [1, 2, 3]
        .iter()
        .copied()
        .chain(sample.ids.iter().copied())
        .collect();
    let scores = PlainScorer::new(&gpt, &Plain)
        .score(&[row])
        .unwrap()
        .remove(0);
    assert_eq!(sample.ids, scores.argmax[2..10]);
}

#[test]
fn log_probabilities_are_the_models_when_nothing_is_tempered_or_cut() {
    let gpt = model();
    let sample = sample(&gpt, &[prompt(&[1, 2, 3], 5)]).remove(0);
    let row: Vec<u32> = [1, 2, 3]
        .iter()
        .copied()
        .chain(sample.ids.iter().copied())
        .collect();
    let scores = PlainScorer::new(&gpt, &Plain)
        .score(&[row])
        .unwrap()
        .remove(0);
    for (log_probability, loss) in sample.log_probabilities.iter().zip(&scores.losses[2..]) {
        assert!(
            (log_probability + loss).abs() < 1e-5,
            "{log_probability} {loss}"
        );
        assert!(*loss > 0.01);
    }
}

#[test]
fn frequencies_follow_the_tempered_and_truncated_softmax() {
    let logits = [1.0f32, 3.0, 2.0, 2.5, -1.0];
    for (temperature, top_k) in [(1.0, 0), (0.5, 0), (2.0, 3), (1.0, 1), (1.0, 99)] {
        let mut weights: Vec<f64> = logits
            .iter()
            .map(|&logit| (f64::from(logit) / temperature).exp())
            .collect();
        if top_k == 1 {
            weights = vec![0.0, 1.0, 0.0, 0.0, 0.0];
        } else if top_k == 3 {
            (weights[0], weights[4]) = (0.0, 0.0);
        }
        let total: f64 = weights.iter().sum();
        let mut choice = TokenChoice::new(
            &Sampling {
                temperature,
                top_k,
                ..settings()
            },
            11,
        );
        let mut counts = [0u32; 5];
        let draws = 20_000;
        for _ in 0..draws {
            let (id, log_probability) = choice.choose(&logits, &[]).unwrap();
            counts[id as usize] += 1;
            let expected = (weights[id as usize] / total).ln();
            assert!((f64::from(log_probability) - expected).abs() < 1e-5);
        }
        for (count, weight) in counts.iter().zip(&weights) {
            let (seen, expected) = (f64::from(*count) / f64::from(draws), weight / total);
            assert!(
                (seen - expected).abs() < 0.012,
                "temperature {temperature}, top {top_k}: {seen} {expected}"
            );
            assert_eq!(*count == 0, expected == 0.0);
        }
    }
}

#[test]
fn of_equal_logits_the_smaller_id_comes_first() {
    let mut greedy = TokenChoice::new(
        &Sampling {
            temperature: 0.0,
            ..settings()
        },
        0,
    );
    assert_eq!(greedy.choose(&[1.0, 2.0, 2.0], &[]).unwrap().0, 1);
    let mut top = TokenChoice::new(
        &Sampling {
            top_k: 1,
            ..settings()
        },
        0,
    );
    assert_eq!(top.choose(&[1.0, 2.0, 2.0], &[]).unwrap(), (1, 0.0));
}

/// Which of five ids can come, and with what probabilities, under these settings and after this row.
fn distribution(settings: Sampling, row: &[u32]) -> Vec<f64> {
    // probabilities 0.5, 0.25, 0.125, 0.0625, 0.0625
    let logits: Vec<f32> = [0.5f32, 0.25, 0.125, 0.0625, 0.0625].map(f32::ln).to_vec();
    let mut choice = TokenChoice::new(&settings, 5);
    let mut seen = vec![0.0; 5];
    for _ in 0..2_000 {
        let (id, log_probability) = choice.choose(&logits, row).unwrap();
        seen[id as usize] = f64::from(log_probability).exp();
    }
    seen
}

fn assert_near(found: &[f64], expected: &[f64]) {
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() < 1e-4, "{found:?} instead of {expected:?}");
    }
}

#[test]
fn the_nucleus_is_the_smallest_set_that_holds_the_share() {
    let nucleus = |top_p| {
        distribution(
            Sampling {
                top_p,
                ..settings()
            },
            &[],
        )
    };
    assert_near(&nucleus(0.4), &[1.0, 0.0, 0.0, 0.0, 0.0]);
    assert_near(&nucleus(0.6), &[2.0 / 3.0, 1.0 / 3.0, 0.0, 0.0, 0.0]);
    assert_near(
        &nucleus(0.9),
        &[8.0 / 15.0, 4.0 / 15.0, 2.0 / 15.0, 1.0 / 15.0, 0.0],
    );
    assert_near(&nucleus(1.0), &[0.5, 0.25, 0.125, 0.0625, 0.0625]);
}

#[test]
fn min_p_is_a_share_of_the_likeliest() {
    let kept = |min_p| {
        distribution(
            Sampling {
                min_p,
                ..settings()
            },
            &[],
        )
    };
    assert_near(&kept(0.3), &[2.0 / 3.0, 1.0 / 3.0, 0.0, 0.0, 0.0]);
    assert_near(&kept(1.0), &[1.0, 0.0, 0.0, 0.0, 0.0]);
}

#[test]
fn truncations_add_up() {
    let settings = Sampling {
        top_k: 3,
        top_p: 0.9,
        min_p: 0.3,
        ..settings()
    };
    assert_near(
        &distribution(settings, &[]),
        &[2.0 / 3.0, 1.0 / 3.0, 0.0, 0.0, 0.0],
    );
}

#[test]
fn a_repetition_penalty_moves_logits_of_either_sign_down() {
    let settings = Sampling {
        repetition_penalty: 2.0,
        ..settings()
    };
    // ln 0.5 is negative and doubles: its weight becomes 0.25. That id 0 stands there twice makes no difference.
    let weights = [0.25, 0.25, 0.125, 0.0625, 0.0625];
    let expected: Vec<f64> = weights.iter().map(|weight| weight / 0.75).collect();
    assert_near(&distribution(settings.clone(), &[0, 0]), &expected);
    let mut choice = TokenChoice::new(
        &Sampling {
            temperature: 0.0,
            ..settings
        },
        0,
    );
    assert_eq!(choice.choose(&[3.0, 2.0], &[0]).unwrap().0, 1);
}

#[test]
fn insight_is_the_models_own_opinion() {
    let gpt = model();
    let mut curious = prompt(&[1, 2, 3], 4);
    curious.settings.insight = 3;
    curious.settings.temperature = 0.5;
    curious.settings.top_k = 2;
    let mut told = Vec::new();
    NaiveSampler::new(&gpt, &Plain)
        .sample(&[curious], None, &mut |added| {
            told.push((added.id, added.insight.cloned().unwrap()));
            ControlFlow::Continue(())
        })
        .unwrap();
    let mut row = vec![1, 2, 3];
    for (id, insight) in told {
        row.push(id);
        let scores = PlainScorer::new(&gpt, &Plain)
            .score(std::slice::from_ref(&row))
            .unwrap();
        let loss = *scores[0].losses.last().unwrap();
        assert!((insight.log_probability + loss).abs() < 1e-4);
        assert_eq!(insight.likeliest.len(), 3);
        assert!(insight.likeliest.is_sorted_by(|a, b| a.1 >= b.1));
        assert_eq!(insight.likeliest[0].0, scores[0].argmax[row.len() - 2]);
    }
}

#[test]
fn senseless_settings_are_refused_by_name() {
    let gpt = model();
    let refused = |change: fn(&mut Sampling), name: &str| {
        let mut prompt = prompt(&[1], 0);
        change(&mut prompt.settings);
        let error = NaiveSampler::new(&gpt, &Plain)
            .sample(&[prompt], None, &mut |_| ControlFlow::Continue(()))
            .unwrap_err()
            .to_string();
        assert!(error.contains(name), "{error}");
    };
    refused(|settings| settings.temperature = -1.0, "temperature -1");
    refused(|settings| settings.top_p = 0.0, "top_p 0");
    refused(|settings| settings.min_p = 1.5, "min_p 1.5");
    refused(
        |settings| settings.repetition_penalty = f64::NAN,
        "repetition_penalty NaN",
    );
}

#[test]
fn a_logit_that_is_not_a_number_is_an_error() {
    let mut choice = TokenChoice::new(&settings(), 0);
    assert!(matches!(
        choice.choose(&[0.0, f32::NAN], &[]),
        Err(Error::NotFinite)
    ));
}

//! What a step does to the weights, under each objective, and which settings it refuses.

use super::*;

#[test]
fn a_step_without_variance_changes_nothing_even_with_momentum() {
    for zero_variance in [
        ZeroVariance::Keep,
        ZeroVariance::Skip,
        ZeroVariance::Replace { at_most: 2 },
    ] {
        // Two steps with something to learn (so that Muon has momentum), then every answer is worth the same.
        let folder = tempfile::tempdir().unwrap();
        base(folder.path());
        let constant = AtomicUsize::new(0);
        let task = Rule::new(11, |_: usize, answer: &str, _: usize| {
            match constant.load(Ordering::SeqCst) {
                0 => even(0, answer, 0),
                _ => 0.25,
            }
        });
        let settings = GrpoSettings {
            objective: Objective {
                zero_variance,
                ..Objective::grpo()
            },
            ..settings()
        };
        let learning = Part {
            settings: settings.clone(),
            stop_after: Some(2),
            ..whole(&task)
        };
        let (_, _, before) = part(folder.path(), learning).unwrap();
        constant.store(1, Ordering::SeqCst);
        let rest = Part {
            settings,
            ..whole(&task)
        };
        let (outcome, reports, after) = part(folder.path(), rest).unwrap();
        assert!(matches!(
            outcome,
            Outcome::Finished(TrainState { step: 6, .. })
        ));
        assert_eq!(reports.len(), 4);
        for report in &reports {
            assert!(!report.updated);
            assert_eq!((report.zero_variance, report.reward), (1.0, 0.25));
            assert_eq!((report.loss, report.gradient_norm), (None, None));
        }
        assert_eq!(weights(&before), weights(&after));
        let bytes = weights(&after).concat();
        let mut numbers = bytes
            .chunks(4)
            .map(|b| f32::from_le_bytes(b.try_into().unwrap()));
        assert!(numbers.all(f32::is_finite));
    }
}

#[test]
fn groups_without_variance_are_replaced_within_bounds() {
    let run = |zero_variance, task: &dyn Task| {
        let folder = tempfile::tempdir().unwrap();
        base(folder.path());
        let settings = GrpoSettings {
            max_steps: Some(3),
            objective: Objective {
                zero_variance,
                ..Objective::dapo()
            },
            ..settings()
        };
        let (outcome, reports, _) = part(
            folder.path(),
            Part {
                settings,
                ..whole(task)
            },
        )
        .unwrap();
        let Outcome::Finished(state) = outcome else {
            panic!("not finished")
        };
        (state.position.unwrap().batches, reports)
    };
    // Half of the questions teach nothing; of the others each group has both rewards.
    let half = || {
        Rule::new(12, |question: usize, _: &str, judged: usize| {
            f64::from(question % 2 == 1 && judged % 2 == 1)
        })
    };
    let replace = ZeroVariance::Replace { at_most: 4 };
    let (drawn, reports) = run(replace, &half());
    assert!(reports.iter().all(|r| r.groups == 3 && r.prompts <= 12));
    assert!(
        reports
            .iter()
            .any(|r| r.prompts > 3 && r.zero_variance > 0.0)
    );
    assert_eq!(drawn, reports.iter().map(|r| r.prompts as u64).sum::<u64>());

    let (drawn, reports) = run(ZeroVariance::Skip, &half());
    assert!(reports.iter().all(|r| r.prompts == 3));
    assert!(reports.iter().any(|r| r.groups < 3));
    assert_eq!(drawn, 9);

    let (_, reports) = run(ZeroVariance::Keep, &half());
    assert!(reports.iter().all(|r| (r.prompts, r.groups) == (3, 3)));

    // Nothing to be found anywhere: the step gives up at four times the prompts.
    let (_, reports) = run(replace, &Rule::new(5, |_, _: &str, _| 1.0));
    assert!(
        reports
            .iter()
            .all(|r| (r.prompts, r.groups) == (12, 0) && !r.updated)
    );
}

#[test]
fn every_objective_runs_and_its_recomputed_log_probabilities_are_the_samplers() {
    for (objective, updates) in [
        (Objective::reinforce(), 1),
        (Objective::grpo(), 2),
        (Objective::dr_grpo(), 1),
        (Objective::dapo(), 2),
    ] {
        for (temperature, top_k, top_p) in [(1.0, 0, 1.0), (0.7, 20, 1.0), (1.2, 60, 0.8)] {
            let folder = tempfile::tempdir().unwrap();
            base(folder.path());
            let settings = GrpoSettings {
                max_steps: Some(2),
                objective,
                updates_per_step: updates,
                temperature,
                top_k,
                top_p,
                ..settings()
            };
            let task = Rule::new(11, even);
            let (_, reports, _) = part(
                folder.path(),
                Part {
                    settings,
                    ..whole(&task)
                },
            )
            .unwrap();
            for report in reports.iter().filter(|report| report.updated) {
                assert!(report.sampler_gap.unwrap() < 1e-5, "{report:?}");
                assert!(report.entropy.unwrap() > 0.0);
                assert!(report.gradient_norm.unwrap() > 0.0);
                if updates == 1 {
                    assert_eq!(report.clipped, Some(0.0));
                }
            }
            assert!(reports.iter().any(|report| report.updated));
        }
    }
}

#[test]
fn an_unchanged_policy_has_ratio_one_for_every_token() {
    let tokenizer = sums::tokenizer();
    let gpt = lessons::taught(&tokenizer, 2, 10, 16).unwrap();
    for (temperature, top_k, top_p) in [(0.6, 5, 1.0), (1.0, 50, 1.0), (1.5, 0, 0.7), (1.0, 0, 1.0)]
    {
        let settings = GrpoSettings {
            temperature,
            top_k,
            top_p,
            max_tokens: 12,
            ..GrpoSettings::default()
        };
        let make_sampler = |gpt| Box::new(NaiveSampler::new(gpt, &Plain)) as Box<dyn Sampler>;
        let rollouts = rollouts(&gpt, &make_sampler, &tokenizer, &settings);
        let mut prompts = Prompts::new(&sums::Sums, &tokenizer, 32, 3, 0).unwrap();
        let draws = [prompts.draw().unwrap(), prompts.draw().unwrap()];
        let groups = rollouts
            .collect(
                &sums::Sums,
                &draws,
                6,
                &|d, s| 10 * d + s,
                &Interrupt::never(),
            )
            .unwrap()
            .unwrap();
        let rows: Vec<&grpo::Rollout> = groups.iter().flat_map(|g| &g.rollouts).collect();
        let padded = grpo::Padded::new(
            &rows
                .iter()
                .map(|rollout| grpo::Row {
                    ids: &rollout.ids,
                    mask: &rollout.mask,
                    advantage: 1.0,
                    weight: 1.0,
                })
                .collect::<Vec<_>>(),
            0,
            tch::Device::Cpu,
        )
        .unwrap();
        let chosen = padded
            .forward(&gpt, &Plain, &mut Causal, &settings.distribution())
            .unwrap();
        let recomputed: Vec<f32> = Vec::try_from(chosen.log_probabilities.detach()).unwrap();
        let reported: Vec<f32> = rows
            .iter()
            .flat_map(|rollout| &rollout.log_probabilities)
            .copied()
            .collect();
        assert_eq!(recomputed.len(), reported.len());
        assert!(recomputed.len() > 20);
        for (ours, theirs) in recomputed.iter().zip(&reported) {
            assert!((ours - theirs).abs() < 1e-4, "{ours} and {theirs}");
            assert!(((ours - theirs).exp() - 1.0).abs() < 1e-4);
        }
        // Without truncation and temperature in the loss they would not agree.
        if (temperature, top_k) != (1.0, 0) {
            let plain = GrpoSettings {
                temperature: 1.0,
                top_k: 0,
                top_p: 1.0,
                ..settings
            };
            let chosen = padded
                .forward(&gpt, &Plain, &mut Causal, &plain.distribution())
                .unwrap();
            let plain: Vec<f32> = Vec::try_from(chosen.log_probabilities.detach()).unwrap();
            let off = plain.iter().zip(&reported).map(|(a, b)| (a - b).abs());
            assert!(off.fold(0.0, f32::max) > 1e-2);
        }
    }
}

#[test]
fn senseless_rewards_advantages_and_checkpoints_are_refused_with_words() {
    let folder = tempfile::tempdir().unwrap();
    base(folder.path());
    let message = |part_: Part<'_>| part(folder.path(), part_).err().unwrap().to_string();
    let nan = Rule::new(11, |_, _: &str, _| f64::NAN);
    assert!(message(whole(&nan)).contains("NaN"));
    let empty = Rule::new(0, even);
    assert!(message(whole(&empty)).contains("no questions"));

    let task = Rule::new(11, even);
    let short: &Advantage<'_> = &|_| vec![1.0];
    let own = Part {
        advantage: Some(short),
        ..whole(&task)
    };
    assert!(message(own).contains("one finite number per reward"));

    let first = Part {
        stop_after: Some(1),
        ..whole(&task)
    };
    part(folder.path(), first).unwrap();
    let other = Part {
        settings: GrpoSettings {
            temperature: 0.5,
            ..settings()
        },
        ..whole(&task)
    };
    assert!(message(other).contains("another run"));
}

#[test]
fn ones_own_advantage_takes_the_place_of_the_objectives() {
    let folder = tempfile::tempdir().unwrap();
    base(folder.path());
    let task = Rule::new(11, even);
    let nothing: &Advantage<'_> = &|rewards| vec![0.0; rewards.len()];
    let own = Part {
        advantage: Some(nothing),
        ..whole(&task)
    };
    let (_, reports, _) = part(folder.path(), own).unwrap();
    assert!(
        reports
            .iter()
            .all(|report| !report.updated && report.groups > 0)
    );
}

//! The run: it learns, resumes bit for bit, leaves the weights alone when there is nothing to learn, stops when asked, and
//! says what is wrong.

use dataset::{Conversation, Message};
use evals::{Kind, Task};
use grpo::{
    Advantage, Draw, Error, Evaluation, GrpoRun, GrpoSettings, MakeSampler, Objective, Prompts,
    RateDecay, Rollouts, StepReport, TogetherSampler, ZeroVariance, lessons, open, reinforce, sums,
};
use muon::Rates2025;
use pretrain::{Interrupt, Metrics, Outcome, TrainState, read_metrics};
use serde_json::Value;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use tensors::{CudaState, Machine};
use tokenizer::{Special, Tokenizer};
use transformer::{
    Added, Config, Gpt, NaiveSampler, Plain, Prompt, Sample, Sampler, Sampling, StopReason, Tool,
};

fn machine() -> Machine {
    Machine {
        device: tch::Device::Cpu,
        compute: tch::Kind::Float,
        threads: 1,
        cuda: CudaState::Absent {
            reason: String::new(),
        },
    }
}

/// Rewards answers by a rule on (question, answer, how many were judged before).
struct Rule<F> {
    rule: F,
    judged: AtomicUsize,
    questions: usize,
}

impl<F> Rule<F> {
    fn new(questions: usize, rule: F) -> Self {
        Rule {
            rule,
            judged: AtomicUsize::new(0),
            questions,
        }
    }
}

impl<F: Fn(usize, &str, usize) -> f64 + Send + Sync> Task for Rule<F> {
    fn name(&self) -> &str {
        "rule"
    }
    fn kind(&self) -> Kind {
        Kind::Generative
    }
    fn len(&self) -> usize {
        self.questions
    }
    fn conversation(&self, index: usize) -> Result<Conversation, evals::Error> {
        let question = format!("q{index}");
        Ok(Conversation::exchange(question, Message::assistant("a")))
    }
    fn is_correct(&self, index: usize, answer: &str) -> Result<bool, evals::Error> {
        Ok(self.reward(index, answer)? > 0.5)
    }
    fn reward(&self, index: usize, answer: &str) -> Result<f64, evals::Error> {
        let before = self.judged.fetch_add(1, Ordering::SeqCst);
        Ok((self.rule)(index, answer, before))
    }
}

/// 1 for answers with an even number of letters: a fresh model gives both kinds.
fn even(_: usize, answer: &str, _: usize) -> f64 {
    f64::from(answer.chars().count().is_multiple_of(2))
}

fn settings() -> GrpoSettings {
    GrpoSettings {
        epochs: 1000.0,
        max_steps: Some(6),
        prompts_per_step: 3,
        samples_per_prompt: 4,
        max_tokens: 6,
        temperature: 0.9,
        top_k: 40,
        train_stop: true,
        rollout_rows: 5,
        rows_per_pass: 5,
        updates_per_step: 2,
        objective: Objective::dapo(),
        decay: RateDecay::Cosine,
        evaluate_every: 0,
        checkpoint_seconds: 1e9,
        clip_gradients: Some(1.0),
        seed: 5,
        ..GrpoSettings::default()
    }
}

/// A base model in `folder/base`: barely taught, so that it answers with this and that.
fn base(folder: &Path) -> Tokenizer {
    let tokenizer = sums::tokenizer();
    let gpt = lessons::taught(&tokenizer, 1, 6, 16).unwrap();
    let base = folder.join("base");
    std::fs::create_dir_all(&base).unwrap();
    transformer::save_folder(&gpt, &base).unwrap();
    tokenizer.save(&base.join("tokenizer.json")).unwrap();
    tokenizer
}

struct Part<'a> {
    task: &'a dyn Task,
    settings: GrpoSettings,
    advantage: Option<&'a Advantage<'a>>,
    /// Ctrl-C after this step.
    stop_after: Option<u64>,
}

/// One part of a run: from the checkpoint in `folder/rl`, if there is one, to the end or the interruption.
fn part(folder: &Path, part: Part<'_>) -> Result<(Outcome, Vec<StepReport>, Gpt), Error> {
    let tokenizer = sums::tokenizer();
    let rl = folder.join("rl");
    let scale = part.settings.rate_scale;
    let rates = Rates2025::default();
    let start = open(
        &folder.join("base"),
        &rl,
        &machine(),
        &tokenizer,
        &rates,
        scale,
    )?;
    let mut metrics = Metrics::open(&folder.join("metrics.jsonl"))?;
    let interrupt = Interrupt::never();
    let mut reports = Vec::new();
    let outcome = reinforce(GrpoRun {
        gpt: &start.gpt,
        kernels: &Plain,
        make_sampler: &|gpt| Box::new(TogetherSampler::new(gpt, &Plain)),
        make_tool: Some(&|| Box::new(sums::Adder::new(&tokenizer))),
        task: part.task,
        tokenizer: &tokenizer,
        optimizer: start.optimizer,
        advantage: part.advantage,
        evaluate: Box::new(|_, step| {
            Ok(Some(Evaluation {
                scores: vec![("step".to_string(), step as f64)],
                samples: Vec::new(),
            }))
        }),
        on_step: &mut |report| {
            if part.stop_after == Some(report.step) {
                interrupt.press();
            }
            reports.push(report.clone());
        },
        metrics: &mut metrics,
        interrupt: interrupt.clone(),
        settings: part.settings,
        folder: &rl,
        state: start.state,
    })?;
    Ok((outcome, reports, start.gpt))
}

fn whole(task: &dyn Task) -> Part<'_> {
    Part {
        task,
        settings: settings(),
        advantage: None,
        stop_after: None,
    }
}

fn weights(gpt: &Gpt) -> Vec<Vec<u8>> {
    let bytes = |tensor: &tch::Tensor| {
        let numbers: Vec<f32> = Vec::try_from(tensor.detach().flatten(0, -1)).unwrap();
        numbers.iter().flat_map(|n| n.to_le_bytes()).collect()
    };
    gpt.parameters().iter().map(|p| bytes(&p.tensor)).collect()
}

/// The log without what the clock says.
fn log(folder: &Path) -> Vec<Value> {
    let mut events = read_metrics(&folder.join("metrics.jsonl")).unwrap();
    for event in &mut events {
        let event = event.as_object_mut().unwrap();
        event.retain(|key, _| !key.ends_with("_seconds"));
    }
    events
}

#[test]
fn six_steps_are_three_and_three_bit_for_bit() {
    let task = Rule::new(11, even);
    let straight = tempfile::tempdir().unwrap();
    base(straight.path());
    let (outcome, reports, gpt) = part(straight.path(), whole(&task)).unwrap();
    let Outcome::Finished(state) = outcome else {
        panic!("not finished")
    };
    assert_eq!((state.step, reports.len()), (6, 6));
    assert!(reports.iter().all(|report| report.updated));

    let broken = tempfile::tempdir().unwrap();
    base(broken.path());
    let first = Part {
        stop_after: Some(3),
        ..whole(&task)
    };
    let (outcome, _, half) = part(broken.path(), first).unwrap();
    let Outcome::Interrupted(halfway) = outcome else {
        panic!("not interrupted")
    };
    assert_eq!(halfway.step, 3);
    assert_ne!(weights(&half), weights(&gpt));
    let (outcome, reports, resumed) = part(broken.path(), whole(&task)).unwrap();
    assert!(matches!(
        outcome,
        Outcome::Finished(TrainState { step: 6, .. })
    ));
    assert_eq!(reports.len(), 3);

    assert_eq!(weights(&resumed), weights(&gpt));
    assert_eq!(log(broken.path()), log(straight.path()));
    let buffers = |folder: &Path| std::fs::read(folder.join("rl/optimizer-0.safetensors")).unwrap();
    assert_eq!(buffers(broken.path()), buffers(straight.path()));
}

#[test]
fn a_killed_run_goes_on_from_its_last_checkpoint() {
    let task = Rule::new(11, even);
    let straight = tempfile::tempdir().unwrap();
    base(straight.path());
    let (_, _, gpt) = part(straight.path(), whole(&task)).unwrap();

    let killed = tempfile::tempdir().unwrap();
    base(killed.path());
    let first = Part {
        stop_after: Some(2),
        ..whole(&task)
    };
    part(killed.path(), first).unwrap();
    // What a run that went on and died has left: lines in the log that belong to no checkpoint.
    let log_file = killed.path().join("metrics.jsonl");
    let mut text = std::fs::read_to_string(&log_file).unwrap();
    text += "{\"stage\":\"rl\",\"step\":3,\"reward\":0.5}\n{\"stage\":\"rl\",\"st";
    std::fs::write(&log_file, text).unwrap();
    let (_, _, resumed) = part(killed.path(), whole(&task)).unwrap();
    assert_eq!(weights(&resumed), weights(&gpt));
    assert_eq!(log(killed.path()), log(straight.path()));
}

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
            .forward(&gpt, &Plain, &settings.distribution())
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
            let chosen = padded.forward(&gpt, &Plain, &plain.distribution()).unwrap();
            let plain: Vec<f32> = Vec::try_from(chosen.log_probabilities.detach()).unwrap();
            let off = plain.iter().zip(&reported).map(|(a, b)| (a - b).abs());
            assert!(off.fold(0.0, f32::max) > 1e-2);
        }
    }
}

fn rollouts<'a>(
    gpt: &'a Gpt,
    make_sampler: &'a MakeSampler<'a>,
    tokenizer: &'a Tokenizer,
    settings: &GrpoSettings,
) -> Rollouts<'a> {
    Rollouts {
        gpt,
        make_sampler,
        make_tool: None,
        tokenizer,
        distribution: settings.distribution(),
        max_tokens: settings.max_tokens,
        train_stop: settings.train_stop,
        rows: settings.rollout_rows,
    }
}

/// Plays back one answer for every prompt.
struct Script(Sample);

impl Sampler for Script {
    fn sample(
        &mut self,
        prompts: &[Prompt],
        _: Option<&mut dyn Tool>,
        _: &mut dyn FnMut(&Added<'_>) -> ControlFlow<()>,
    ) -> Result<Vec<Sample>, transformer::Error> {
        Ok(vec![self.0.clone(); prompts.len()])
    }
}

#[test]
fn a_tools_output_is_read_by_the_judge_and_never_trained() {
    let tokenizer = sums::tokenizer();
    let gpt = Gpt::new(&lessons::config(&tokenizer).unwrap(), tch::Device::Cpu, 1).unwrap();
    let special = |which| tokenizer.special(which);
    let mut ids = vec![special(Special::PythonStart)];
    tokenizer.encode_into("3+4", &mut ids);
    ids.extend([special(Special::PythonEnd), special(Special::OutputStart)]);
    tokenizer.encode_into("7", &mut ids);
    ids.push(special(Special::OutputEnd));
    tokenizer.encode_into("7", &mut ids);
    let script = Sample {
        mask: vec![1, 1, 1, 1, 1, 0, 0, 0, 1],
        log_probabilities: vec![-0.5, -0.5, -0.5, -0.5, -0.5, 0.0, 0.0, 0.0, -0.5],
        stop: StopReason::Token(special(Special::AssistantEnd)),
        ids,
    };
    let make_sampler = |_| Box::new(Script(script.clone())) as Box<dyn Sampler>;
    for (train_stop, trained) in [(false, 6), (true, 7)] {
        let settings = GrpoSettings {
            train_stop,
            ..GrpoSettings::default()
        };
        let rollouts = rollouts(&gpt, &make_sampler, &tokenizer, &settings);
        let mut prompts = Prompts::new(&sums::Sums, &tokenizer, 32, 3, 0).unwrap();
        let draw = loop {
            let draw = prompts.draw().unwrap();
            if draw.question == 34 {
                break draw;
            }
        };
        let groups = rollouts
            .collect(&sums::Sums, &[draw], 2, &|_, s| s, &Interrupt::never())
            .unwrap()
            .unwrap();
        let rollout = &groups[0].rollouts[0];
        assert_eq!(rollout.reward, 1.0);
        assert!(rollout.finished && rollout.called_tool);
        assert_eq!(sums::shown(&rollout.text), "«3+4»→7│7");
        assert_eq!((rollout.length(), rollout.trained()), (9, trained));
        assert_eq!(rollout.ids.len(), rollout.mask.len());
        let answer = &rollout.mask[rollout.prompt_length..];
        assert_eq!(answer[..9], script.mask[..]);
        assert!(
            rollout.mask[..rollout.prompt_length]
                .iter()
                .all(|&m| m == 0)
        );
    }
}

#[test]
fn all_rows_together_give_the_naive_samplers_tokens() {
    let tokenizer = sums::tokenizer();
    let gpt = lessons::taught(&tokenizer, 4, 10, 16).unwrap();
    let prompts: Vec<Prompt> = (0..24)
        .map(|row| Prompt {
            ids: [
                vec![tokenizer.special(Special::Bos)],
                tokenizer.encode(&"12+3"[..row % 5]),
            ]
            .concat(),
            settings: Sampling {
                top_k: 30,
                max_tokens: 4 + row,
                stop: vec![tokenizer.special(Special::AssistantEnd)],
                ..Sampling::default()
            },
            seed: row as u64,
        })
        .collect();
    let sample = |sampler: &mut dyn Sampler| {
        let mut tool = sums::Adder::new(&tokenizer);
        let mut heard = 0;
        let samples = sampler
            .sample(&prompts, Some(&mut tool), &mut |_| {
                heard += 1;
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(heard, samples.iter().map(|s| s.ids.len()).sum::<usize>());
        samples
    };
    let together = sample(&mut TogetherSampler::new(&gpt, &Plain));
    let naive = sample(&mut NaiveSampler::new(&gpt, &Plain));
    for (ours, theirs) in together.iter().zip(&naive) {
        assert_eq!(
            (&ours.ids, &ours.mask, ours.stop),
            (&theirs.ids, &theirs.mask, theirs.stop)
        );
        let off = ours.log_probabilities.iter().zip(&theirs.log_probabilities);
        assert!(off.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) < 1e-5);
    }
}

#[test]
fn ctrl_c_while_sampling_leaves_everything_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let tokenizer = base(folder.path());
    let rl = folder.path().join("rl");
    let rates = Rates2025::default();
    let from = folder.path().join("base");
    let start = open(&from, &rl, &machine(), &tokenizer, &rates, 0.05).unwrap();
    let before = weights(&start.gpt);
    let mut metrics = Metrics::open(&folder.path().join("metrics.jsonl")).unwrap();
    let interrupt = Interrupt::never();
    let press = interrupt.clone();
    let judged = Rule::new(11, move |_: usize, _: &str, _: usize| {
        press.press(); // in the middle of the first step
        1.0
    });
    let outcome = reinforce(GrpoRun {
        gpt: &start.gpt,
        kernels: &Plain,
        make_sampler: &|gpt| Box::new(TogetherSampler::new(gpt, &Plain)),
        make_tool: None,
        task: &judged,
        tokenizer: &tokenizer,
        optimizer: start.optimizer,
        advantage: None,
        evaluate: Box::new(|_, _| Ok(Some(Evaluation::default()))),
        on_step: &mut |_| panic!("the step was given up"),
        metrics: &mut metrics,
        interrupt,
        settings: settings(),
        folder: &rl,
        state: None,
    })
    .unwrap();
    // The first round was judged; the second, for replacements, was not sampled any more.
    let Outcome::Interrupted(state) = outcome else {
        panic!("not interrupted")
    };
    assert_eq!((state.step, state.position), (0, None));
    assert_eq!(before, weights(&start.gpt));
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

#[test]
fn rollouts_do_not_depend_on_how_many_rows_are_sampled_at_once() {
    let tokenizer = sums::tokenizer();
    let gpt = lessons::taught(&tokenizer, 2, 10, 16).unwrap();
    let make_sampler = |gpt| Box::new(NaiveSampler::new(gpt, &Plain)) as Box<dyn Sampler>;
    let of = |rollout_rows| {
        let settings = GrpoSettings {
            rollout_rows,
            max_tokens: 5,
            ..GrpoSettings::default()
        };
        let mut prompts = Prompts::new(&sums::Sums, &tokenizer, 32, 3, 0).unwrap();
        let draws: Vec<Draw> = (0..3).map(|_| prompts.draw().unwrap()).collect();
        rollouts(&gpt, &make_sampler, &tokenizer, &settings)
            .collect(
                &sums::Sums,
                &draws,
                3,
                &|d, s| 100 * d + s,
                &Interrupt::never(),
            )
            .unwrap()
            .unwrap()
    };
    assert_eq!(of(1), of(9));
}

#[test]
fn prompts_come_in_another_order_each_epoch_and_resume_anywhere() {
    let tokenizer = sums::tokenizer();
    let from = |seed, drawn| {
        let mut prompts = Prompts::new(&sums::Sums, &tokenizer, 32, seed, drawn).unwrap();
        let questions: Vec<usize> = (0..200).map(|_| prompts.draw().unwrap().question).collect();
        assert_eq!(prompts.drawn(), drawn + 200);
        questions
    };
    let straight = from(1, 0);
    assert_eq!(from(1, 130)[..70], straight[130..]);
    let sorted = |questions: &[usize]| {
        let mut questions = questions.to_vec();
        questions.sort_unstable();
        questions
    };
    let all: Vec<usize> = (0..100).collect();
    assert_eq!(sorted(&straight[..100]), all);
    assert_eq!(sorted(&straight[100..]), all);
    assert_ne!(straight[..100], straight[100..]);
    assert_ne!(straight, from(2, 0));

    // No room for an answer anywhere: words, not an endless search.
    let mut cramped = Prompts::new(&sums::Sums, &tokenizer, 7, 1, 0).unwrap();
    assert!(cramped.draw().unwrap_err().to_string().contains("room"));
}

#[test]
fn the_lessons_reward_rises() {
    let folder = tempfile::tempdir().unwrap();
    let tokenizer = sums::tokenizer();
    let gpt = lessons::taught(&tokenizer, 1, 250, 32).unwrap();
    let place = folder.path().join("base");
    std::fs::create_dir_all(&place).unwrap();
    transformer::save_folder(&gpt, &place).unwrap();
    tokenizer.save(&place.join("tokenizer.json")).unwrap();
    let settings = GrpoSettings {
        max_steps: Some(30),
        prompts_per_step: 8,
        samples_per_prompt: 8,
        max_tokens: 16,
        top_k: 0,
        temperature: 1.0,
        rollout_rows: 64,
        rows_per_pass: 64,
        updates_per_step: 1,
        objective: Objective::dr_grpo(),
        ..settings()
    };
    let part_ = Part {
        settings,
        ..whole(&sums::Sums)
    };
    let (_, reports, _) = part(folder.path(), part_).unwrap();
    let mean = |reports: &[StepReport]| {
        reports.iter().map(|report| report.reward).sum::<f64>() / reports.len() as f64
    };
    let (first, last) = (mean(&reports[..3]), mean(&reports[27..]));
    println!("reward {first:.2} -> {last:.2}");
    assert!(last > first + 0.15, "{first} -> {last}");
}

#[test]
fn a_models_shape_is_what_the_demonstration_says() {
    let config: Config = lessons::config(&sums::tokenizer()).unwrap();
    assert_eq!(
        (config.width, config.layers, config.vocab_size),
        (64, 2, 265)
    );
}

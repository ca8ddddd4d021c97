//! A run that is stopped, killed or interrupted goes on as if nothing had happened.

use super::*;

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
fn ctrl_c_while_sampling_leaves_everything_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let tokenizer = base(folder.path());
    let rl = folder.path().join("rl");
    let rates = Rates2025::default();
    let from = folder.path().join("base");
    let start = open(&from, &rl, &machine(), &tokenizer, &rates, 0.05, &alone()).unwrap();
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
        context: Box::new(Causal),
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

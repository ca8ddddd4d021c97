//! Several ranks learn what one would: their rollouts are the rollouts of one, and so are rewards, gradients and decisions.

use dataset::{Conversation, Message};
use evals::{Kind, Shared, Task};
use grpo::{
    Distribution, Error, Evaluation, Group, GrpoRun, GrpoSettings, Objective, Prompts, Rollouts,
    StepReport, lessons, open, reinforce, sample_seed, sums,
};
use muon::{Collective, Rates2025, Solo, Threads};
use pretrain::{Interrupt, Metrics, Outcome, read_metrics};
use std::path::Path;
use std::rc::Rc;
use std::sync::Mutex;
use tch::{Device, Tensor};
use tensors::{CudaState, Machine};
use transformer::{Causal, Gpt, NaiveSampler, Plain, Sampler};

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Three questions with five answers each, two of them side by side.
fn rollouts(ranks: &dyn Collective) -> Vec<Group> {
    let tokenizer = sums::tokenizer();
    let gpt = {
        // libtorch's random numbers belong to the whole program, and threads would draw each other's.
        let _turn = ONE_AT_A_TIME.lock().expect("no panic");
        lessons::taught(&tokenizer, 1, 6, 16).expect("a model that answers")
    };
    let make_sampler = |gpt| -> Box<dyn Sampler + '_> {
        let own = NaiveSampler::new(gpt, &Plain);
        Box::new(Shared { own, ranks })
    };
    let adder = || -> Box<dyn transformer::Tool + '_> { Box::new(sums::Adder::new(&tokenizer)) };
    let rollouts = Rollouts {
        gpt: &gpt,
        make_sampler: &make_sampler,
        make_tool: Some(&adder),
        tokenizer: &tokenizer,
        distribution: Distribution {
            temperature: 0.9,
            top_k: 40,
            top_p: 1.0,
        },
        max_tokens: 8,
        train_stop: true,
        rows: 7,
    };
    let mut prompts = Prompts::new(&sums::Sums, &tokenizer, 32, 3, 0).expect("questions");
    let draws: Vec<_> = (0..3)
        .map(|_| prompts.draw().expect("a question"))
        .collect();
    let seed = |draw, sample| sample_seed(5, 1, draw, sample);
    rollouts
        .collect(&sums::Sums, &draws, 5, &seed, &Interrupt::never())
        .expect("answers")
        .expect("nobody interrupts")
}

#[test]
fn rollouts_are_the_same_for_any_number_of_ranks() {
    tch::set_num_threads(1);
    let alone = rollouts(&Solo);
    let answers = |groups: &[Group]| -> Vec<Vec<u32>> {
        let all = groups.iter().flat_map(|group| &group.rollouts);
        all.map(|rollout| rollout.ids.clone()).collect()
    };
    let mut different = answers(&alone);
    different.sort_unstable();
    different.dedup();
    assert!(
        different.len() > 3,
        "answers that are all the same prove nothing"
    );
    for world in [1, 2, 3, 4, 8] {
        for shared in Threads::run(world, |rank| rollouts(&rank)) {
            assert_eq!(shared, alone, "{world} ranks");
        }
    }
}

/// 1 for answers with an even number of letters. Remembers what it was asked about.
struct Even {
    /// (question, answer), in the order in which they were judged.
    heard: Mutex<Vec<(usize, String)>>,
    /// Instead of the rule: what every answer is worth, and whom to interrupt when one is judged.
    always: Option<(f64, Option<Interrupt>)>,
}

impl Even {
    fn new() -> Even {
        Even {
            heard: Mutex::default(),
            always: None,
        }
    }
}

impl Task for Even {
    fn name(&self) -> &str {
        "even"
    }
    fn kind(&self) -> Kind {
        Kind::Generative
    }
    fn len(&self) -> usize {
        11
    }
    fn conversation(&self, index: usize) -> Result<Conversation, evals::Error> {
        let question = format!("q{index}");
        Ok(Conversation::exchange(question, Message::assistant("a")))
    }
    fn is_correct(&self, index: usize, answer: &str) -> Result<bool, evals::Error> {
        Ok(self.reward(index, answer)? > 0.5)
    }
    fn reward(&self, index: usize, answer: &str) -> Result<f64, evals::Error> {
        if let Some((worth, interrupt)) = &self.always {
            if let Some(interrupt) = interrupt {
                interrupt.press();
            }
            return Ok(*worth);
        }
        let mut heard = self.heard.lock().expect("no panic");
        heard.push((index, answer.to_string()));
        Ok(f64::from(u8::from(
            answer.chars().count().is_multiple_of(2),
        )))
    }
}

/// At a hundredth of the usual rates, as in chapter 05's test of ranks and for its reasons.
fn settings(objective: Objective) -> GrpoSettings {
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
        updates_per_step: if objective.clip.is_some() { 2 } else { 1 },
        objective,
        rate_scale: 0.01,
        evaluate_every: 0,
        checkpoint_seconds: 1e9,
        clip_gradients: Some(1.0),
        seed: 5,
        ..GrpoSettings::default()
    }
}

/// A folder with a model to start from: barely taught, so that it answers with this and that.
fn root() -> tempfile::TempDir {
    tch::set_num_threads(1);
    let root = tempfile::tempdir().expect("a folder");
    let tokenizer = sums::tokenizer();
    let gpt = {
        let _turn = ONE_AT_A_TIME.lock().expect("no panic");
        lessons::taught(&tokenizer, 1, 6, 16).expect("a model that answers")
    };
    let base = root.path().join("base");
    std::fs::create_dir_all(&base).expect("a folder");
    transformer::save_folder(&gpt, &base).expect("saved");
    tokenizer.save(&base.join("tokenizer.json")).expect("saved");
    root
}

/// What one rank has at the end.
#[derive(Debug)]
struct Ended {
    weights: Vec<Tensor>,
    reports: Vec<StepReport>,
    /// Of rank 0 as of all others: everyone judges everything.
    heard: Vec<(usize, String)>,
    step: u64,
    finished: bool,
}

/// One rank of one part of a run; the last rank is interrupted after step `stop_after`.
fn part(
    ranks: Rc<dyn Collective>,
    root: &Path,
    task: &Even,
    objective: Objective,
    stop_after: Option<u64>,
) -> Result<Ended, Error> {
    let tokenizer = sums::tokenizer();
    let settings = settings(objective);
    let machine = Machine {
        device: Device::Cpu,
        compute: tch::Kind::Float,
        threads: 1,
        cuda: CudaState::Absent {
            reason: String::new(),
        },
    };
    let (base, folder, rates) = (root.join("base"), root.join("rl"), Rates2025::default());
    let scale = settings.rate_scale;
    let start = open(&base, &folder, &machine, &tokenizer, &rates, scale, &ranks)?;
    let mut metrics = Metrics::open(&root.join("metrics.jsonl"))?;
    let interrupt = match &task.always {
        Some((_, Some(interrupt))) => interrupt.clone(),
        _ => Interrupt::never(),
    };
    let is_last = ranks.rank() + 1 == ranks.world();
    let mut reports = Vec::new();
    let outcome = reinforce(GrpoRun {
        gpt: &start.gpt,
        kernels: &Plain,
        context: Box::new(Causal),
        make_sampler: &|gpt| {
            Box::new(Shared {
                own: NaiveSampler::new(gpt, &Plain),
                ranks: &*ranks,
            })
        },
        make_tool: Some(&|| Box::new(sums::Adder::new(&tokenizer))),
        task,
        tokenizer: &tokenizer,
        optimizer: start.optimizer,
        advantage: None,
        evaluate: Box::new(|_, _| Ok(Some(Evaluation::default()))),
        on_step: &mut |report| {
            if stop_after == Some(report.step) && is_last {
                interrupt.press();
            }
            reports.push(report.clone());
        },
        metrics: &mut metrics,
        interrupt: interrupt.clone(),
        settings,
        folder: &folder,
        state: start.state,
    })?;
    let finished = matches!(outcome, Outcome::Finished(_));
    let (Outcome::Finished(state) | Outcome::Interrupted(state)) = outcome;
    let weights = start.gpt.parameters().iter();
    Ok(Ended {
        weights: weights.map(|it| it.tensor.detach().copy()).collect(),
        reports,
        heard: task.heard.lock().expect("no panic").clone(),
        step: state.step,
        finished,
    })
}

/// A part of a run by `world` ranks; all have the same weights and heard the same answers.
fn by(world: usize, root: &Path, objective: Objective, stop_after: Option<u64>) -> Ended {
    let mut ended = Threads::run(world, |rank| {
        let task = Even::new();
        part(Rc::new(rank), root, &task, objective, stop_after).expect("no rank is lost")
    });
    let first = ended.remove(0);
    for other in &ended {
        assert_eq!((other.step, other.finished), (first.step, first.finished));
        assert_eq!(other.heard, first.heard);
        assert!(apart(&other.weights, &first.weights) == 0.0);
    }
    first
}

/// The distance of weights, relative to all of the second.
fn apart(ours: &[Tensor], theirs: &[Tensor]) -> f64 {
    let flat = |tensors: &[Tensor]| {
        let flat = |tensor: &Tensor| tensor.to_kind(tch::Kind::Double).view([-1]);
        Tensor::cat(&tensors.iter().map(flat).collect::<Vec<_>>(), 0)
    };
    let (ours, theirs) = (flat(ours), flat(theirs));
    ((ours - &theirs).norm() / theirs.norm()).double_value(&[])
}

/// Everything that follows from the answers is equal; what follows from gradients, up to the order of sums.
fn assert_same_steps(ours: &[StepReport], theirs: &[StepReport]) {
    assert_eq!(ours.len(), theirs.len());
    for (ours, theirs) in ours.iter().zip(theirs) {
        let of_answers = |report: &StepReport| StepReport {
            loss: None,
            entropy: None,
            gradient_norm: None,
            clipped: None,
            sampler_gap: None,
            rollout_seconds: 0.0,
            training_seconds: 0.0,
            ..report.clone()
        };
        assert_eq!(of_answers(ours), of_answers(theirs));
        let of_gradients = |report: &StepReport| {
            let numbers = [report.loss, report.entropy, report.gradient_norm];
            numbers.map(|number| number.unwrap_or(0.0))
        };
        for (ours, theirs) in of_gradients(ours).into_iter().zip(of_gradients(theirs)) {
            let difference = (ours - theirs).abs();
            assert!(
                difference < 1e-5 * theirs.abs().max(1.0),
                "{ours}, {theirs}"
            );
        }
    }
}

#[test]
fn learning_is_the_same_for_any_number_of_ranks() {
    // DAPO has its passes across groups and two updates a step; nanochat's has them within groups.
    for objective in [Objective::dapo(), Objective::reinforce()] {
        let alone = root();
        let one = part(Rc::new(Solo), alone.path(), &Even::new(), objective, None);
        let one = one.expect("learning");
        assert!(one.finished && one.reports.iter().all(|report| report.updated));
        let start = Gpt::load_folder(&alone.path().join("base"), Device::Cpu).expect("a model");
        let start: Vec<Tensor> = start
            .parameters()
            .iter()
            .map(|it| it.tensor.detach())
            .collect();
        let moved = apart(&one.weights, &start);
        assert!(moved > 1e-4, "the weights have moved: {moved:e}");
        // With more than three ranks some have no pass: there are three or four in a step.
        for world in [1, 2, 3, 5] {
            let folder = root();
            let shared = by(world, folder.path(), objective, None);
            assert_eq!(shared.heard, one.heard, "{world} ranks: other answers");
            assert_same_steps(&shared.reports, &one.reports);
            let difference = apart(&shared.weights, &one.weights);
            println!("{world} ranks: {difference:.1e} apart; the weights moved by {moved:.1e}");
            assert!(difference < 1e-6, "{world} ranks: {difference:e}");
            let steps = read_metrics(&folder.path().join("metrics.jsonl")).expect("a log");
            let steps = steps
                .iter()
                .filter(|event| event["reward"].is_f64())
                .count();
            assert_eq!(steps, 6, "one rank writes the log");
        }
    }
}

#[test]
fn learning_goes_on_with_another_number_of_ranks() {
    let alone = root();
    let objective = Objective::dapo();
    let one = part(Rc::new(Solo), alone.path(), &Even::new(), objective, None).expect("learning");
    for (before, after) in [(3, 2), (2, 1)] {
        let folder = root();
        let first = by(before, folder.path(), objective, Some(3));
        // Pressed on the last rank, it stops them all.
        assert_eq!((first.step, first.finished), (3, false));
        let second = by(after, folder.path(), objective, None);
        assert_eq!([first.heard, second.heard].concat(), one.heard);
        assert_same_steps(&second.reports, &one.reports[3..]);
        let difference = apart(&second.weights, &one.weights);
        assert!(difference < 1e-6, "{before}, then {after}: {difference:e}");
    }
}

#[test]
fn one_rank_that_is_interrupted_while_it_writes_stops_all_of_them() {
    let folder = root();
    let ended = Threads::run(3, |rank| {
        // All alike, so that further prompts are asked for; meanwhile rank 1 is told to stop.
        let told = (rank.rank() == 1).then(Interrupt::never);
        let task = Even {
            always: Some((1.0, told)),
            ..Even::new()
        };
        part(Rc::new(rank), folder.path(), &task, Objective::dapo(), None)
    });
    for ended in ended {
        let ended = ended.expect("no rank is lost");
        assert_eq!((ended.step, ended.finished), (0, false));
    }
}

#[test]
fn a_rank_that_fails_stops_all_of_them_and_says_why() {
    let folder = root();
    let errors = Threads::run(3, |rank| {
        let worth = if rank.rank() == 2 { f64::NAN } else { 1.0 };
        let task = Even {
            always: Some((worth, None)),
            ..Even::new()
        };
        let ended = part(Rc::new(rank), folder.path(), &task, Objective::dapo(), None);
        ended.expect_err("rank 2 cannot judge").to_string()
    });
    for error in errors {
        assert!(error.contains("`even` rewards an answer"), "{error}");
    }
}

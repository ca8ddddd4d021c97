//! Fine-tuning by several ranks is the run of one rank, whatever share of the answers falls to each.
//!
//! At a hundredth of the usual rates, as in chapter 05's test of ranks and for its reasons.

mod words;

use dataset::BatchSource;
use muon::{Collective, Solo, Threads};
use pretrain::{Durability, Evaluation, Interrupt, Metrics, Outcome, TrainState, read_metrics};
use sft::{
    ConversationBatches, Error, Ingredient, Mixture, Ramp, SftRun, SftSettings, fine_tune,
    steps_for,
};
use std::path::Path;
use std::rc::Rc;
use tch::{Device, Kind, Tensor};
use tensors::{CudaState, Machine};
use transformer::{Causal, Config, Gpt, Plain};
use words::{Talks, exchanges, tokenizer};

const EPOCHS: f64 = 1.0;
/// Micro-batches of a step, over all ranks.
const ACCUMULATION: usize = 6;

fn settings() -> SftSettings {
    SftSettings {
        epochs: EPOCHS,
        accumulation: ACCUMULATION,
        rate_scale: 0.01,
        ramp: Ramp::SFT_2025,
        evaluate_every: 4,
        checkpoint_seconds: 1e9,
        ..SftSettings::october_2025(1, 48)
    }
}

fn mixture(conversations: usize) -> Mixture {
    let talks = Talks::boxed("talks", exchanges(conversations));
    Mixture::new(vec![Ingredient::once(talks)], 4, 0, 1).expect("a mixture")
}

/// So many that one row is left for the last step: of two ranks or three, one alone has something to learn from there.
fn conversations() -> usize {
    let leaves_one = |&count: &usize| rows(count) % ACCUMULATION == 1;
    (100..160).find(leaves_one).expect("one in six does")
}

fn rows(conversations: usize) -> usize {
    let mut batches = batches(conversations);
    batches.measure(EPOCHS).expect("something").rows
}

fn batches(conversations: usize) -> ConversationBatches {
    ConversationBatches::new(mixture(conversations), &tokenizer(), 1, 48)
        .expect("batches")
        .ending_after(EPOCHS)
}

/// A folder with a model to start from.
fn root() -> tempfile::TempDir {
    tch::set_num_threads(1);
    let root = tempfile::tempdir().expect("a folder");
    let base = root.path().join("base");
    std::fs::create_dir(&base).expect("a folder");
    let shape = Config::d(2, tokenizer().vocab_size() as i64, 48).expect("a shape");
    let config = Config {
        heads: 2,
        kv_heads: 1,
        width: 32,
        ..shape
    };
    let gpt = Gpt::new(&config, Device::Cpu, 3).expect("a model");
    transformer::save_folder(&gpt, &base).expect("saved");
    root
}

/// One rank of one part of a run; the last rank is interrupted after the evaluation at `stop_after`.
fn part(
    ranks: Rc<dyn Collective>,
    root: &Path,
    conversations: usize,
    stop_after: Option<u64>,
) -> Result<(Vec<Tensor>, TrainState), Error> {
    let machine = Machine {
        device: Device::Cpu,
        compute: Kind::Float,
        threads: 1,
        cuda: CudaState::Absent {
            reason: String::new(),
        },
    };
    let mut metrics = Metrics::open(&root.join("metrics.jsonl"))?;
    let interrupt = Interrupt::never();
    let press = interrupt.clone();
    let is_last = ranks.rank() + 1 == ranks.world();
    let (gpt, outcome) = fine_tune(SftRun {
        base: &root.join("base"),
        folder: &root.join("sft"),
        machine: &machine,
        kernels: &Plain,
        context: Box::new(Causal),
        tokenizer: &tokenizer(),
        mixture: mixture(conversations),
        evaluate: Box::new(move |_, step| {
            if stop_after == Some(step) && is_last {
                press.press();
            }
            Ok(Evaluation::default())
        }),
        metrics: &mut metrics,
        interrupt,
        settings: settings(),
        durability: Durability::default(),
        peak_flops: None,
        ranks,
    })?;
    let weights = gpt.parameters().iter().map(|it| it.tensor.detach().copy());
    let (Outcome::Finished(state) | Outcome::Interrupted(state)) = outcome;
    Ok((weights.collect(), state))
}

/// A part of a run by `world` ranks; all have the same weights afterwards, and stand at the same step.
fn by(world: usize, root: &Path, stop_after: Option<u64>) -> (Vec<Tensor>, TrainState) {
    let mut ended = Threads::run(world, |rank| {
        part(Rc::new(rank), root, conversations(), stop_after).expect("no rank is lost")
    });
    let first = ended.remove(0);
    for (weights, state) in &ended {
        assert_eq!((state.step, state.tokens), (first.1.step, first.1.tokens));
        assert!(apart(weights, &first.0) == 0.0, "ranks with other weights");
    }
    first
}

/// The distance of weights, relative to all of the second.
fn apart(ours: &[Tensor], theirs: &[Tensor]) -> f64 {
    let flat = |tensors: &[Tensor]| {
        let flat = |tensor: &Tensor| tensor.to_kind(Kind::Double).view([-1]);
        Tensor::cat(&tensors.iter().map(flat).collect::<Vec<_>>(), 0)
    };
    let (ours, theirs) = (flat(ours), flat(theirs));
    ((ours - &theirs).norm() / theirs.norm()).double_value(&[])
}

/// A number of each step of the log.
fn numbers(root: &Path, field: &str) -> Vec<f64> {
    let events = read_metrics(&root.join("metrics.jsonl")).expect("a log");
    let numbers = events.iter().filter_map(|event| event[field].as_f64());
    numbers.collect()
}

fn assert_same_run(shared: &Path, alone: &Path) {
    assert_eq!(numbers(shared, "tokens"), numbers(alone, "tokens"));
    // A norm is a sum over all weights in fp32, and the gradient of a last step of one row is made of few tokens.
    for (field, limit) in [("loss", 1e-6), ("gradient_norm", 1e-5)] {
        let (ours, theirs) = (numbers(shared, field), numbers(alone, field));
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.iter().zip(&theirs) {
            let difference = (ours / theirs - 1.0).abs();
            assert!(difference < limit, "{field}: {ours}, {theirs}");
        }
    }
}

/// Per step, how many targets each rank trains on.
fn supervised(world: usize) -> Vec<Vec<usize>> {
    let mut batches = batches(conversations());
    let step = |_| {
        let mut counts = vec![0; world];
        for batch in 0..ACCUMULATION {
            counts[batch % world] += batches.next_batch().expect("a batch").supervised;
        }
        counts
    };
    (0..steps_for(rows(conversations()), &settings()))
        .map(step)
        .collect()
}

#[test]
fn any_number_of_ranks_is_the_same_run() {
    let alone = root();
    let (weights, state) =
        part(Rc::new(Solo), alone.path(), conversations(), None).expect("fine-tuning");
    let start = Gpt::load_folder(&alone.path().join("base"), Device::Cpu).expect("a model");
    let start: Vec<Tensor> = start
        .parameters()
        .iter()
        .map(|it| it.tensor.detach())
        .collect();
    let moved = apart(&weights, &start);
    assert!(moved > 1e-4, "nothing has been learnt: {moved:e}");
    for world in [1, 2, 3] {
        let shared = root();
        let (ours, found) = by(world, shared.path(), None);
        assert_eq!((found.step, found.tokens), (state.step, state.tokens));
        let difference = apart(&ours, &weights);
        println!(
            "{world} ranks: {difference:.1e} apart after {} steps, in which the weights moved by {moved:.1e}",
            state.step
        );
        assert!(difference < 1e-6, "{world} ranks: {difference:e}");
        assert_same_run(shared.path(), alone.path());
    }
    // What the comparison has to have seen: shares of different size, and a rank that has nothing to learn from.
    for world in [2, 3] {
        let steps = supervised(world);
        assert!(steps.iter().any(|counts| counts[0] != counts[1]));
        let idle = |counts: &Vec<usize>| counts.contains(&0) && counts.iter().any(|&it| it > 0);
        assert!(steps.iter().any(idle), "{world} ranks: {steps:?}");
    }
}

#[test]
fn a_run_goes_on_with_another_number_of_ranks() {
    let alone = root();
    let (weights, _) =
        part(Rc::new(Solo), alone.path(), conversations(), None).expect("fine-tuning");
    for (before, after) in [(3, 2), (2, 1)] {
        let parts = root();
        let (_, state) = by(before, parts.path(), Some(4));
        // Pressed on the last rank, it stops them all.
        assert_eq!(state.step, 5);
        let (ours, _) = by(after, parts.path(), None);
        let difference = apart(&ours, &weights);
        println!("{before} ranks, then {after}: {difference:.1e}");
        assert!(difference < 1e-6, "{before}, then {after}: {difference:e}");
        assert_same_run(parts.path(), alone.path());
    }
}

#[test]
fn what_ranks_cannot_share_is_said_by_all_of_them() {
    let folder = root();
    let complaints = |world: usize, conversations: fn(usize) -> usize| {
        Threads::run(world, |rank| {
            let count = conversations(rank.rank());
            let ended = part(Rc::new(rank), folder.path(), count, None);
            ended.expect_err("refused").to_string()
        })
    };
    for said in complaints(4, |_| 60) {
        assert!(
            said.contains("6 batches of 1 rows, which 4 ranks cannot share evenly"),
            "{said}"
        );
    }
    for said in complaints(2, |rank| 60 - rank) {
        let both = ["rank 1 is about to do another thing", "the same data"];
        assert!(both.iter().all(|part| said.contains(part)), "{said}");
    }
    assert!(!folder.path().join("sft").exists(), "nothing was begun");
}

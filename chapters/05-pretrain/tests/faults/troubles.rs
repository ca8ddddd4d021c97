//! Losses that are no numbers, and spikes: stop, skip, go back.

use crate::small_run::{STEPS, events, trace, train, undisturbed};
use pretrain::trouble::{OnTrouble, Reaction, Spike};
use pretrain::{Durability, Outcome};
use std::cell::Cell;
use std::path::Path;
use tch::Tensor;
use transformer::{HeadLoss, Kernels, Plain};

/// Chapter 03's expressions. The losses of some batches, counted from the first of this program, are multiplied.
struct Struck {
    calls: Cell<u64>,
    at: Vec<u64>,
    factor: f64,
}

impl Struck {
    fn new(at: &[u64], factor: f64) -> Struck {
        Struck {
            calls: Cell::new(0),
            at: at.to_vec(),
            factor,
        }
    }
}

impl Kernels for Struck {
    fn linear(&self, x: &Tensor, weight: &Tensor) -> Tensor {
        Plain.linear(x, weight)
    }

    fn rms_norm(&self, x: &Tensor, eps: f64) -> Tensor {
        Plain.rms_norm(x, eps)
    }

    fn rope_qk_norm(&self, x: &Tensor, cos: &Tensor, sin: &Tensor, eps: f64) -> Tensor {
        Plain.rope_qk_norm(x, cos, sin, eps)
    }

    fn relu_squared(&self, x: &Tensor) -> Tensor {
        Plain.relu_squared(x)
    }

    fn head_loss(&self, x: &Tensor, head: &Tensor, targets: &Tensor, softcap: f64) -> HeadLoss {
        let loss = Plain.head_loss(x, head, targets, softcap);
        let call = self.calls.replace(self.calls.get() + 1);
        match self.at.contains(&call) {
            true => HeadLoss {
                sum: &loss.sum * self.factor,
                ..loss
            },
            false => loss,
        }
    }

    fn logits(&self, x: &Tensor, head: &Tensor, softcap: f64) -> Tensor {
        Plain.logits(x, head, softcap)
    }
}

fn choice(not_finite: Reaction, spike: Reaction, most: u64) -> Durability {
    Durability {
        on_trouble: OnTrouble {
            not_finite,
            spike: Some(Spike {
                factor: 5.0,
                after: 3,
                reaction: spike,
            }),
            most,
        },
        ..Durability::default()
    }
}

fn losses(folder: &Path) -> Vec<u64> {
    trace(folder).0.into_iter().map(|(step, _)| step).collect()
}

#[test]
fn a_loss_that_is_no_number_is_skipped_logged_and_does_not_touch_the_weights() {
    let folder = tempfile::tempdir().expect("a folder");
    let durability = choice(Reaction::Skip, Reaction::Stop, 10);
    let kernels = Struck::new(&[6, 7], f64::NAN);
    let outcome = train(folder.path(), &durability, &kernels, None).expect("goes on");
    assert!(
        matches!(outcome, Outcome::Finished(state) if state.troubles == 2 && state.step == STEPS)
    );
    let expected: Vec<u64> = (1..=STEPS).filter(|step| ![7, 8].contains(step)).collect();
    assert_eq!(losses(folder.path()), expected);
    let skipped: Vec<_> = events(folder.path())
        .into_iter()
        .filter_map(|event| Some(event["skipped"].as_str()?.to_string()))
        .collect();
    assert!(
        skipped.len() == 2 && skipped[0].contains("loss is NaN at step 6"),
        "{skipped:?}"
    );
    assert!(trace(folder.path()).1.len() > 1000);
}

#[test]
fn a_spike_stops_the_run_and_says_how_high_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let durability = choice(Reaction::Stop, Reaction::Stop, 10);
    let kernels = Struck::new(&[8], 50.0);
    let error = train(folder.path(), &durability, &kernels, None)
        .expect_err("a spike")
        .to_string();
    assert!(
        error.contains("step 8") && error.contains("running mean"),
        "{error}"
    );
    // In the beginning nothing is a spike.
    let folder = tempfile::tempdir().expect("a folder");
    train(folder.path(), &durability, &Struck::new(&[2], 50.0), None).expect("goes on");
}

#[test]
fn going_back_restores_the_checkpoint_and_reads_other_rows() {
    let folder = tempfile::tempdir().expect("a folder");
    let durability = choice(Reaction::GoBack, Reaction::GoBack, 10);
    let kernels = Struck::new(&[12], 50.0);
    let outcome = train(folder.path(), &durability, &kernels, None).expect("goes on");
    let Outcome::Finished(state) = outcome else {
        panic!("not finished");
    };
    // Steps 11 and 12 were taken, the 13th spiked; from step 10 on, the rows are those from number 13 on.
    assert_eq!((state.troubles, state.step), (1, STEPS));
    assert_eq!(state.position.expect("a position").batches, STEPS + 3);
    assert_eq!(
        losses(folder.path()),
        (1..=STEPS).collect::<Vec<_>>(),
        "each step once in the log"
    );
    let events = events(folder.path());
    let back = events
        .iter()
        .find(|event| event["gone_back_from"] == 12)
        .expect("in the log");
    assert_eq!(back["step"], 10);

    let whole = tempfile::tempdir().expect("a folder");
    undisturbed(whole.path());
    let (ours, theirs) = (trace(folder.path()).0, trace(whole.path()).0);
    assert_eq!(ours[..10], theirs[..10], "until step 10 it is the same run");
    assert_ne!(ours[10], theirs[10]);
}

#[test]
fn without_a_checkpoint_there_is_nothing_to_go_back_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let durability = choice(Reaction::GoBack, Reaction::GoBack, 10);
    let kernels = Struck::new(&[1], f64::INFINITY);
    let error = train(folder.path(), &durability, &kernels, None)
        .expect_err("none")
        .to_string();
    assert!(error.contains("no checkpoint to go back to"), "{error}");
}

#[test]
fn a_run_does_not_skip_for_ever() {
    let folder = tempfile::tempdir().expect("a folder");
    let durability = choice(Reaction::Skip, Reaction::Stop, 3);
    let kernels = Struck::new(&(6..20).collect::<Vec<_>>(), f64::NAN);
    let error = train(folder.path(), &durability, &kernels, None)
        .expect_err("too many")
        .to_string();
    assert!(
        error.contains("3 steps") && error.contains("NaN at step 9"),
        "{error}"
    );
}

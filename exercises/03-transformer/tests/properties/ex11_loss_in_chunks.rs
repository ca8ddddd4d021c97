use super::arrays::{CASES, CLOSE, array, gradients, ids, numbers};
use judge::{Case, Property, example, property_of};
use proptest::prelude::*;
use std::collections::BTreeMap;
use tch::Tensor;
use transformer::{Kernels, Plain};

/// Hands out rows of the head.
pub type HeadRows<'h> = &'h mut dyn FnMut(i64, i64) -> Tensor;

/// V, softcap, chunk.
pub type Settings = (i64, f64, i64);

pub struct Functions {
    pub forward: fn(&Tensor, &Tensor, Settings, HeadRows) -> (Tensor, Tensor),
    pub backward: fn(&Tensor, &Tensor, &Tensor, Settings, HeadRows) -> (Tensor, Tensor),
}

/// N, V, the chunk, a seed.
type Sizes = (i64, i64, i64, u64);

const WIDTH: i64 = 2;

fn sizes() -> impl Strategy<Value = Sizes> {
    (1i64..4, 2i64..8, 1i64..9, 0u64..1000)
}

struct Inputs {
    x: Tensor,
    head: Tensor,
    targets: Tensor,
}

/// Targets from −1 to V − 1, the first of them counted.
fn inputs((positions, vocab_size, _, seed): Sizes) -> Inputs {
    let targets = ids(&[positions], vocab_size + 1, seed) - 1;
    let _ = targets.get(0).fill_((seed % vocab_size as u64) as i64);
    Inputs {
        x: numbers(&[positions, WIDTH], seed),
        head: numbers(&[vocab_size, WIDTH], seed + 2000),
        targets,
    }
}

impl Inputs {
    fn case(&self, softcap: f64, chunk: i64) -> Case {
        Case::of(&[
            ("x", &array(&self.x)),
            ("head", &array(&self.head)),
            ("targets", &array(&self.targets)),
            ("softcap", &softcap),
            ("chunk", &chunk),
        ])
    }

    fn settings(&self, softcap: f64, chunk: i64) -> Settings {
        (self.head.size()[0], softcap, chunk)
    }

    /// The chapter's loss.
    fn sum(&self, x: &Tensor, head: &Tensor, softcap: f64) -> Tensor {
        let targets = self.targets.unsqueeze(0);
        Plain
            .head_loss(&x.unsqueeze(0), head, &targets, softcap)
            .sum
    }

    /// ln Σ e^z of every position, from the chapter's logits.
    fn lse(&self, softcap: f64) -> Tensor {
        let logits = Plain.logits(&self.x.unsqueeze(0), &self.head, softcap);
        logits.squeeze_dim(0).logsumexp([-1i64].as_slice(), false)
    }

    fn rows(&self) -> impl FnMut(i64, i64) -> Tensor {
        |from, count| self.head.narrow(0, from, count)
    }
}

/// How often each row was asked for, and the most rows that were asked for at once.
#[derive(Default)]
struct Ledger {
    times: BTreeMap<i64, i64>,
    most: i64,
}

impl Ledger {
    fn rows<'l>(&'l mut self, head: &'l Tensor) -> impl FnMut(i64, i64) -> Tensor + 'l {
        |from, count| {
            (from..from + count).for_each(|row| *self.times.entry(row).or_insert(0) += 1);
            self.most = self.most.max(count);
            head.narrow(0, from, count)
        }
    }

    fn check(&self, pass: &str, vocab_size: i64, chunk: i64) -> Result<(), String> {
        if self.most > chunk {
            return Err(format!(
                "{pass} asks for {} rows at once, and {chunk} are allowed",
                self.most
            ));
        }
        let wrong = (0..vocab_size).find(|row| self.times.get(row) != Some(&1));
        match wrong {
            None => Ok(()),
            Some(row) => Err(format!(
                "{pass} asks for row {row} of the head {} times, and not once",
                self.times.get(&row).unwrap_or(&0)
            )),
        }
    }
}

fn forward_is_right(f: &Functions, inputs: &Inputs, softcap: f64, chunk: i64) -> judge::Checked {
    let expected = inputs.sum(&inputs.x, &inputs.head, softcap);
    inputs
        .case(softcap, chunk)
        .near(&array(&expected), CLOSE, || {
            let settings = inputs.settings(softcap, chunk);
            array(&(f.forward)(&inputs.x, &inputs.targets, settings, &mut inputs.rows()).0)
        })
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        property_of(
            CASES,
            "in one chunk the sum is the chapter's",
            sizes,
            |f: &Functions, sizes| forward_is_right(f, &inputs(sizes), 15.0, sizes.1),
        ),
        property_of(
            CASES,
            "in chunks of any size the sum is the chapter's",
            sizes,
            |f: &Functions, sizes| forward_is_right(f, &inputs(sizes), 15.0, sizes.2),
        ),
        property_of(
            CASES,
            "ln Σ e^z comes beside it, also where nothing is counted",
            sizes,
            |f: &Functions, sizes| {
                let inputs = inputs(sizes);
                let settings = inputs.settings(15.0, sizes.2);
                let case = inputs.case(15.0, sizes.2);
                case.near(&array(&inputs.lse(15.0)), CLOSE, || {
                    array(&(f.forward)(&inputs.x, &inputs.targets, settings, &mut inputs.rows()).1)
                })
            },
        ),
        property_of(
            CASES,
            "logits of some hundreds stay numbers",
            sizes,
            |f: &Functions, sizes| {
                let inputs = inputs(sizes);
                let large = Inputs {
                    x: &inputs.x * 100.0,
                    ..inputs
                };
                let settings = large.settings(1000.0, sizes.2);
                large
                    .case(1000.0, sizes.2)
                    .near(&array(&large.lse(1000.0)), CLOSE, || {
                        array(&(f.forward)(&large.x, &large.targets, settings, &mut large.rows()).1)
                    })
            },
        ),
        property_of(
            CASES,
            "the gradient with respect to x is autograd's, through the chapter's head",
            sizes,
            |f: &Functions, sizes| {
                let inputs = inputs(sizes);
                let one = Tensor::from(1f32);
                let expected = gradients([&inputs.x], &one, |[x]| inputs.sum(x, &inputs.head, 2.0))
                    .view_as(&inputs.x);
                let settings = inputs.settings(2.0, sizes.2);
                let lse = inputs.lse(2.0);
                inputs.case(2.0, sizes.2).near(&array(&expected), 1e-3, || {
                    let (x, targets) = (&inputs.x, &inputs.targets);
                    array(&(f.backward)(x, targets, &lse, settings, &mut inputs.rows()).0)
                })
            },
        ),
        property_of(
            CASES,
            "the gradient with respect to the head is autograd's",
            sizes,
            |f: &Functions, sizes| {
                let inputs = inputs(sizes);
                let one = Tensor::from(1f32);
                let expected = gradients([&inputs.head], &one, |[head]| {
                    inputs.sum(&inputs.x, head, 2.0)
                })
                .view_as(&inputs.head);
                let settings = inputs.settings(2.0, sizes.2);
                let lse = inputs.lse(2.0);
                inputs.case(2.0, sizes.2).near(&array(&expected), 1e-3, || {
                    let (x, targets) = (&inputs.x, &inputs.targets);
                    array(&(f.backward)(x, targets, &lse, settings, &mut inputs.rows()).1)
                })
            },
        ),
        example(
            "each row of the head is asked for once in a pass, and never more than a chunk",
            |f: &Functions| {
                let inputs = inputs((3, 7, 3, 11));
                let settings = inputs.settings(15.0, 3);
                inputs.case(15.0, 3).obeys(|| {
                    let mut ledger = Ledger::default();
                    let (x, targets) = (&inputs.x, &inputs.targets);
                    let (_, lse) =
                        (f.forward)(x, targets, settings, &mut ledger.rows(&inputs.head));
                    ledger.check("forward", 7, 3)?;
                    let mut ledger = Ledger::default();
                    let _ =
                        (f.backward)(x, targets, &lse, settings, &mut ledger.rows(&inputs.head));
                    ledger.check("backward", 7, 3)
                })
            },
        ),
    ]
}

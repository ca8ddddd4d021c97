//! Wrong answers to exercise 3.

use super::Of;
use crate::properties::ex3_uneven_batches::{Functions, Tensors, properties};
use judge::program::Wrong;
use solutions_05::ex3_uneven_batches::{self as right, MicroBatch, token_losses};
use tch::{Kind, Tensor};

fn micro_batches(batches: Vec<Tensors>) -> Vec<MicroBatch> {
    let one = |batch: Tensors| MicroBatch {
        inputs: batch.inputs,
        targets: batch.targets,
        counted: batch.counted,
    };
    batches.into_iter().map(one).collect()
}

/// The losses that count, chosen before they are computed.
fn losses(weight: &Tensor, batch: &Tensors) -> Tensor {
    let rows = batch.counted.nonzero().squeeze_dim(1);
    let inputs = batch.inputs.index_select(0, &rows);
    token_losses(weight, &inputs, &batch.targets.index_select(0, &rows))
}

/// Accumulates with another factor for each micro-batch, from its own count, that of the step, and the ranks.
fn weighed(weight: &mut Tensor, batches: Vec<Tensors>, factor: impl Fn(f64) -> f64) -> f64 {
    weight.zero_grad();
    let mut sum = 0.0;
    for batch in &batches {
        let own = batch.counted.sum(Kind::Float).double_value(&[]);
        let loss = losses(weight, batch).sum(Kind::Float);
        (&loss * factor(own)).backward();
        sum += loss.detach().double_value(&[]);
    }
    sum
}

pub fn wrong() -> Vec<Wrong> {
    let of = Of {
        number: 3,
        name: "uneven_batches",
        properties,
    };
    let counted = |batches| right::counted(&micro_batches(batches));
    let accumulating = |accumulate| Functions {
        counted,
        accumulate,
    };
    vec![
        of.planted(
            "the-mean-of-the-means",
            accumulating(|weight, batches, _, _| {
                let count = batches.len() as f64;
                weighed(weight, batches, |own| 1.0 / own.max(1.0) / count)
            }),
        ),
        of.planted(
            "the-sum-of-the-means",
            accumulating(|weight, batches, _, _| {
                weighed(weight, batches, |own| 1.0 / own.max(1.0))
            }),
        ),
        of.planted(
            "not-divided",
            accumulating(|weight, batches, _, _| weighed(weight, batches, |_| 1.0)),
        ),
        of.planted(
            "divided-by-all-tokens-masked-or-not",
            accumulating(|weight, batches, _, ranks| {
                let all: i64 = batches.iter().map(|batch| batch.targets.size()[0]).sum();
                weighed(weight, batches, |_| ranks as f64 / all as f64)
            }),
        ),
        of.planted(
            "divided-by-the-counts-of-this-rank",
            accumulating(|weight, batches, _, _| {
                let own: f64 = batches
                    .iter()
                    .map(|it| it.counted.sum(Kind::Float).double_value(&[]))
                    .sum();
                weighed(weight, batches, |_| 1.0 / own.max(1.0))
            }),
        ),
        of.planted(
            "the-ranks-are-forgotten",
            accumulating(|weight, batches, count, _| {
                weighed(weight, batches, |_| 1.0 / count as f64)
            }),
        ),
        of.planted(
            "the-old-gradient-stays",
            accumulating(|weight, batches, count, ranks| {
                let before = weight.grad().copy();
                let sum = weighed(weight, batches, |_| ranks as f64 / count as f64);
                let _ = weight.grad().g_add_(&before);
                sum
            }),
        ),
        of.planted(
            "only-the-last-micro-batch",
            accumulating(|weight, mut batches, count, ranks| {
                let last = batches.split_off(batches.len() - 1);
                weighed(weight, last, |_| ranks as f64 / count as f64)
            }),
        ),
        of.planted(
            "times-the-mask",
            accumulating(|weight, batches, count, ranks| {
                weight.zero_grad();
                let mut sum = 0.0;
                for batch in &batches {
                    let losses = token_losses(weight, &batch.inputs, &batch.targets);
                    let loss = (losses * batch.counted.to_kind(Kind::Float)).sum(Kind::Float);
                    (&loss * (ranks as f64 / count as f64)).backward();
                    sum += loss.detach().double_value(&[]);
                }
                sum
            }),
        ),
        of.planted(
            "chosen-among-the-losses",
            accumulating(|weight, batches, count, ranks| {
                weight.zero_grad();
                let mut sum = 0.0;
                for batch in &batches {
                    let losses = token_losses(weight, &batch.inputs, &batch.targets);
                    let loss = losses.masked_select(&batch.counted).sum(Kind::Float);
                    (&loss * (ranks as f64 / count as f64)).backward();
                    sum += loss.detach().double_value(&[]);
                }
                sum
            }),
        ),
        of.planted(
            "the-mean-is-returned",
            accumulating(|weight, batches, count, ranks| {
                weighed(weight, batches, |_| ranks as f64 / count as f64) / count as f64
            }),
        ),
        of.planted(
            "all-tokens-are-counted",
            Functions {
                counted: |batches| batches.iter().map(|batch| batch.counted.size()[0]).sum(),
                accumulate: |weight, batches, count, ranks| {
                    right::accumulate(weight, &micro_batches(batches), count, ranks)
                },
            },
        ),
        of.constant(
            "zeros",
            Functions {
                counted: |_| 0,
                accumulate: |_, _, _, _| 0.0,
            },
        ),
        of.constant(
            "ones",
            Functions {
                counted: |_| 1,
                accumulate: |_, _, _, _| 1.0,
            },
        ),
    ]
}

// ANCHOR: head
//! Attention forward, with an online softmax.
//!
//! For one query with scores s: y = Σ e^(sⱼ − m)·vⱼ / Σ e^(sⱼ − m) for any m; the largest score is chosen, so that no power is
//! larger than 1. Block by block the largest score *so far* is known, and both sums are relative to it. When a
//! larger one turns up, both are multiplied by e^(old − new).
//!
//! The scores lie turned, a row for each key and a column for each query. Then the softmax of sixteen queries is sixteen lanes
//! that never meet: no sum across a vector, and the probabilities lie as the product with v wants its left factor.

use tch::Tensor;

use super::heads::{BLOCK, Head, Rows, SQUARE, Shape, deal, groups};
use crate::cpu::exponential::exp;
use crate::cpu::lanes::vectorised;
use crate::cpu::parallel::take_turns;
use crate::cpu::slices::{Room, numbers, numbers_mut};
use crate::cpu::tile::{Matrix, Part, Product};
// ANCHOR_END: head

// ANCHOR: units
/// q, k, v -> y (B, T, H, D) and ln Σ eˢ (B·H, T).
pub(super) fn forward(shape: &Shape, qkv: [&Tensor; 3], y: &mut Tensor, log_sums: &mut Tensor) {
    let [q, k, v] = qkv.map(numbers);
    let (all, padded) = (shape.blocks() * BLOCK, shape.padded());
    let across = all * shape.width;
    let lengths = [across, across, all * padded, SQUARE, BLOCK * padded];
    let outputs = groups(deal(numbers_mut(y), shape, shape.heads), shape.groups());
    let log_sums = groups(numbers_mut(log_sums).chunks_mut(shape.time), shape.groups());
    let units = outputs.zip(log_sums).enumerate().take(shape.units());
    take_turns(units, |units| {
        let mut room = Room::new(&lengths);
        let [queries, keys, values, scores, sums] = room.pieces(lengths);
        for (unit, (outputs, log_sums)) in units {
            let (row, kv_head) = (unit / shape.kv_heads, unit % shape.kv_heads);
            Head::of(k, shape, row, kv_head, shape.kv_heads).across(keys);
            Head::of(v, shape, row, kv_head, shape.kv_heads).rows(values);
            for (member, (y, log_sums)) in outputs.into_iter().zip(log_sums).enumerate() {
                let head = kv_head * shape.groups() + member;
                Head::of(q, shape, row, head, shape.heads).across(queries);
                let inputs = [&*queries, &*keys, &*values];
                one_head(shape, inputs, (scores, sums), (y, log_sums));
            }
        }
    });
}
// ANCHOR_END: units

// ANCHOR: one_head
/// Queries and keys across, values in rows -> the rows of y and their ln Σ eˢ.
fn one_head(
    shape: &Shape,
    [queries, keys, values]: [&[f32]; 3],
    (scores, sums): (&mut [f32], &mut [f32]),
    (mut y, log_sums): (Rows, &mut [f32]),
) {
    let (area, padded) = (shape.width * BLOCK, shape.padded());
    for i in 0..shape.blocks() {
        let mut softmax = Softmax::new(shape.factor());
        let q = Matrix::new(&queries[i * area..][..area], BLOCK); // (D, queries)
        for j in shape.seen(i) {
            let count = shape.block(j).len();
            let diagonal = i == j;
            Product {
                left: Matrix::new(&keys[j * area..][..area], BLOCK), // (D, keys)
                right: q,
                depth: shape.width,
                out: scores, // (keys, queries)
                stride: BLOCK,
                rows: count,
                columns: BLOCK,
                part: if diagonal {
                    Part::ColumnsFromRow
                } else {
                    Part::Whole
                },
                add: false,
            }
            .compute();
            let scores = &mut scores[..count * BLOCK];
            let edge = shape.is_edge(i, j);
            if edge {
                hide(shape, i, j, scores, f32::MIN);
            }
            softmax.take(scores);
            if edge {
                hide(shape, i, j, scores, 0.0);
            }
            let first = j == shape.seen(i).start;
            if !first {
                softmax.rescale(sums, padded);
            }
            Product {
                left: Matrix::new(scores, BLOCK), // (keys, queries)
                right: Matrix::new(&values[j * BLOCK * padded..], padded), // (keys, D)
                depth: count,
                out: sums, // (queries, D)
                stride: padded,
                rows: shape.block(i).len(),
                columns: padded,
                part: if diagonal {
                    Part::DepthUpToRow
                } else {
                    Part::Whole
                },
                add: !first,
            }
            .compute();
        }
        for ((t, sums), place) in shape.block(i).zip(sums.chunks_exact(padded)).zip(0..) {
            let inverse = 1.0 / softmax.totals[place];
            for (y, sum) in y[t].iter_mut().zip(sums) {
                *y = sum * inverse;
            }
            log_sums[t] = softmax.largest[place] + softmax.totals[place].ln();
        }
    }
}

/// Writes over the scores that nobody may see. Key by key, the queries that see it lie side by side.
fn hide(shape: &Shape, queries: usize, keys: usize, scores: &mut [f32], with: f32) {
    for (key, row) in shape.block(keys).zip(scores.chunks_exact_mut(BLOCK)) {
        let seen = shape.queries_of(key, queries);
        row[..seen.start].fill(with);
        row[seen.end..].fill(with);
    }
}
// ANCHOR_END: one_head

// ANCHOR: softmax
/// The softmax of 64 queries, as far as it has come.
struct Softmax {
    /// 1/√D
    factor: f32,
    largest: [f32; BLOCK],
    /// Σ e^(s − largest)
    totals: [f32; BLOCK],
    /// What sums that were relative to the largest score before have to be multiplied by.
    rescaling: [f32; BLOCK],
}

impl Softmax {
    fn new(factor: f32) -> Softmax {
        Softmax {
            factor,
            largest: [f32::MIN; BLOCK],
            totals: [0.0; BLOCK],
            rescaling: [0.0; BLOCK],
        }
    }

    /// Products q·k (keys, queries) become e^(s − largest).
    fn take(&mut self, scores: &mut [f32]) {
        vectorised(
            #[inline(always)]
            || {
                let mut largest = [f32::MIN; BLOCK];
                for row in scores.chunks_exact(BLOCK) {
                    for (largest, &score) in largest.iter_mut().zip(row) {
                        *largest = if score > *largest { score } else { *largest };
                    }
                }
                let old = self.largest;
                for lane in 0..BLOCK {
                    let score = (largest[lane] * self.factor).max(old[lane]);
                    self.largest[lane] = score;
                    self.rescaling[lane] = exp(old[lane] - score);
                }
                let mut sums = [0.0; BLOCK];
                for row in scores.chunks_exact_mut(BLOCK) {
                    for lane in 0..BLOCK {
                        let e = exp(row[lane] * self.factor - self.largest[lane]);
                        row[lane] = e;
                        sums[lane] += e;
                    }
                }
                let corrections = self.rescaling.iter().zip(&sums);
                for (total, (factor, sum)) in self.totals.iter_mut().zip(corrections) {
                    *total = *total * factor + sum;
                }
            },
        );
    }

    fn rescale(&self, sums: &mut [f32], padded: usize) {
        vectorised(
            #[inline(always)]
            || {
                for (sums, factor) in sums.chunks_exact_mut(padded).zip(&self.rescaling) {
                    for sum in sums {
                        *sum *= factor;
                    }
                }
            },
        );
    }
}
// ANCHOR_END: softmax

// ANCHOR: head
//! Attention backward, from the scores computed once more.
//!
//! With S = q kᵀ/√D, P = softmax(S), y = P v and g = ∂L/∂y (matrices of one head; P is 0 where a key is not seen):
//!
//! ```text
//! ∂v = Pᵀ g        ∂P = g vᵀ        ∂S = P ∘ (∂P − δ),  δ = Σ_D g∘y, a number for each query
//! ∂q = ∂S k/√D     ∂k = ∂Sᵀ q/√D
//! ```
//!
//! Five products for a square of scores, where forward has two. P comes from the kept ln Σ eˢ: P = e^(S − ln Σ eˢ), with no
//! maximum to look for. The squares are walked through key block by key block, so that ∂k and ∂v of a block stay in the nearest cache.

use tch::Tensor;

use super::heads::{BLOCK, Head, SQUARE, Shape, deal, groups, put};
use crate::cpu::exponential::exp;
use crate::cpu::lanes::{dot, vectorised};
use crate::cpu::parallel::take_turns;
use crate::cpu::slices::{Room, numbers, numbers_mut};
use crate::cpu::tile::{Matrix, Part, Product, transpose};
// ANCHOR_END: head

// ANCHOR: units
/// From q, k, v, y, ln Σ eˢ and g: ∂q, ∂k, ∂v.
pub(super) fn backward(shape: &Shape, saved: &[Tensor], g: &Tensor, gradients: &mut [Tensor; 3]) {
    let [q, k, v, y, log_sums] = [0, 1, 2, 3, 4].map(|i| numbers(&saved[i]));
    let g = numbers(g);
    let [dq, dk, dv] = gradients.each_mut().map(numbers_mut);
    let rows = shape.blocks() * BLOCK * shape.padded();
    let across = shape.blocks() * BLOCK * shape.width;
    let lengths = [
        [across; 4].as_slice(),
        &[rows; 6],
        &[SQUARE; 3],
        &[shape.time],
    ]
    .concat();
    let lengths: [usize; 14] = lengths.try_into().expect("four, six, three and one");

    let of_queries = groups(deal(dq, shape, shape.heads), shape.groups());
    let of_keys = deal(dk, shape, shape.kv_heads);
    let of_keys = of_keys.into_iter().zip(deal(dv, shape, shape.kv_heads));
    let units = of_queries.zip(of_keys).enumerate().take(shape.units());
    take_turns(units, |units| {
        let mut room = Room::new(&lengths);
        let [
            q_across,
            g_across,
            k_across,
            v_across, // (D, 64), block by block
            q_rows,
            g_rows,
            k_rows,
            q_sums,
            k_sums,
            v_sums, // (T, D padded)
            p,
            ds,
            ds_turned, // (64, 64)
            delta,     // (T,)
        ] = room.pieces(lengths);
        for (unit, (of_queries, (mut of_keys, mut of_values))) in units {
            let (row, kv_head) = (unit / shape.kv_heads, unit % shape.kv_heads);
            let keys = Head::of(k, shape, row, kv_head, shape.kv_heads);
            keys.across(k_across);
            keys.rows(k_rows);
            Head::of(v, shape, row, kv_head, shape.kv_heads).across(v_across);
            k_sums.fill(0.0);
            v_sums.fill(0.0);
            for (member, mut of_queries) in of_queries.into_iter().enumerate() {
                let head = kv_head * shape.groups() + member;
                let [q, y, g] = [q, y, g].map(|x| Head::of(x, shape, row, head, shape.heads));
                q.across(q_across);
                q.rows(q_rows);
                g.across(g_across);
                g.rows(g_rows);
                products_of_rows(g, y, delta);
                q_sums.fill(0.0);
                OneHead {
                    shape,
                    across: [&*q_across, &*g_across, &*k_across, &*v_across],
                    rows: [&*q_rows, &*g_rows, &*k_rows],
                    log_sums: &log_sums[(row * shape.heads + head) * shape.time..][..shape.time],
                    delta,
                }
                .add_to([q_sums, k_sums, v_sums], [p, ds, ds_turned]);
                put(q_sums, shape, &mut of_queries);
            }
            put(k_sums, shape, &mut of_keys);
            put(v_sums, shape, &mut of_values);
        }
    });
}

/// δ: Σ_D g∘y for each query.
fn products_of_rows(g: Head, y: Head, delta: &mut [f32]) {
    vectorised(
        #[inline(always)]
        || {
            for (t, delta) in delta.iter_mut().enumerate() {
                *delta = dot(g.row(t), y.row(t));
            }
        },
    );
}
// ANCHOR_END: units

// ANCHOR: one_head
struct OneHead<'a> {
    shape: &'a Shape,
    /// q, g, k, v
    across: [&'a [f32]; 4],
    /// q, g, k
    rows: [&'a [f32]; 3],
    log_sums: &'a [f32],
    delta: &'a [f32],
}

impl OneHead<'_> {
    /// Adds this query head's share to ∂q, ∂k, ∂v, each (T, D padded).
    fn add_to(&self, [dq, dk, dv]: [&mut [f32]; 3], [p, ds, ds_turned]: [&mut [f32]; 3]) {
        let (shape, padded) = (self.shape, self.shape.padded());
        let area = shape.width * BLOCK;
        for j in 0..shape.blocks() {
            for i in (j..shape.blocks()).take_while(|&i| shape.seen(i).start <= j) {
                let [q, g] = [0, 1].map(|which| &self.across[which][i * area..][..area]);
                let [k, v] = [2, 3].map(|which| &self.across[which][j * area..][..area]);
                let (queries, keys) = (shape.block(i).len(), shape.block(j).len());
                let diagonal = |part| if i == j { part } else { Part::Whole };
                // q kᵀ, then g vᵀ -> (queries, keys)
                for (left, right, out) in [(q, k, &mut *p), (g, v, &mut *ds)] {
                    Product {
                        left: Matrix::new(left, BLOCK),   // (D, queries)
                        right: Matrix::new(right, BLOCK), // (D, keys)
                        depth: shape.width,
                        out,
                        stride: BLOCK,
                        rows: queries,
                        columns: BLOCK,
                        part: diagonal(Part::ColumnsUpToRow),
                        add: false,
                    }
                    .compute();
                }
                self.through_softmax((i, j), p, ds);
                // Pᵀ g, then ∂Sᵀ q -> (keys, D)
                let below = |which: usize| &self.rows[which][i * BLOCK * padded..];
                let at = j * BLOCK * padded;
                for (left, right, out) in [
                    (&*p, below(1), &mut dv[at..]),
                    (&*ds, below(0), &mut dk[at..]),
                ] {
                    Product {
                        left: Matrix::new(left, BLOCK),    // (queries, keys)
                        right: Matrix::new(right, padded), // (queries, D)
                        depth: queries,
                        out,
                        stride: padded,
                        rows: keys,
                        columns: padded,
                        part: diagonal(Part::DepthFromRow),
                        add: true,
                    }
                    .compute();
                }
                // ∂S k -> (queries, D)
                transpose((ds, BLOCK), (BLOCK, BLOCK), (ds_turned, BLOCK));
                Product {
                    left: Matrix::new(ds_turned, BLOCK), // (keys, queries)
                    right: Matrix::new(&self.rows[2][at..], padded), // (keys, D)
                    depth: keys,
                    out: &mut dq[i * BLOCK * padded..],
                    stride: padded,
                    rows: queries,
                    columns: padded,
                    part: diagonal(Part::DepthUpToRow),
                    add: true,
                }
                .compute();
            }
        }
    }
    // ANCHOR_END: one_head

    // ANCHOR: softmax
    /// In place: `p` from q·k to P, `ds` from ∂P to ∂S/√D; zeros where a key is not seen.
    fn through_softmax(&self, (i, j): (usize, usize), p: &mut [f32], ds: &mut [f32]) {
        let (shape, factor) = (self.shape, self.shape.factor());
        let edge = shape.is_edge(i, j);
        vectorised(
            #[inline(always)]
            || {
                let rows = p.chunks_exact_mut(BLOCK).zip(ds.chunks_exact_mut(BLOCK));
                for (t, (p, ds)) in shape.block(i).zip(rows) {
                    let (log_sum, delta) = (self.log_sums[t], self.delta[t]);
                    for (p, ds) in p.iter_mut().zip(ds.iter_mut()) {
                        *p = exp(*p * factor - log_sum);
                        *ds = *p * (*ds - delta) * factor;
                    }
                    if edge {
                        let seen = shape.keys_of(t, j);
                        for x in [p, ds] {
                            x[..seen.start].fill(0.0);
                            x[seen.end..].fill(0.0);
                        }
                    }
                }
            },
        );
    }
}
// ANCHOR_END: softmax

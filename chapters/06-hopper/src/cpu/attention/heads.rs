// ANCHOR: head
//! Heads: where their rows lie, which blocks see each other, and copies that suit the tiles.
//!
//! In memory the heads of a position lie side by side, so the rows of one head are H·D numbers apart. A product over them would
//! fetch from addresses whose distance is a large power of two, and those compete for the same few places of a
//! cache. So each head is copied once, T·D numbers for T²·D multiplications: as *rows*, (T, D) in order, and *across*, block by
//! block (D, 64), whichever a product needs.

use std::ops::Range;

use tch::Tensor;

use crate::cpu::tile::{COLUMNS, transpose};
// ANCHOR_END: head

// ANCHOR: shape
/// Queries, or keys, of a block.
pub(super) const BLOCK: usize = 64;

/// The numbers of a square of scores.
pub(super) const SQUARE: usize = BLOCK * BLOCK;

/// The sizes of a call.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    /// B
    pub batch: usize,
    /// T
    pub time: usize,
    /// H
    pub heads: usize,
    /// K
    pub kv_heads: usize,
    /// D
    pub width: usize,
    /// How far back a query sees; T and more is everything.
    pub window: usize,
}

impl Shape {
    /// q (B, T, H, D), k (B, T, K, D)
    pub fn of(q: &Tensor, k: &Tensor, window: Option<i64>) -> Shape {
        let [batch, time, heads, width] =
            <[i64; 4]>::try_from(q.size()).expect("heads are (B, T, H, D)");
        Shape {
            batch: batch as usize,
            time: time as usize,
            heads: heads as usize,
            kv_heads: k.size()[2] as usize,
            width: width as usize,
            window: window.map_or(time, |window| window.clamp(0, time)) as usize,
        }
    }

    /// D, padded to whole tiles.
    pub fn padded(&self) -> usize {
        self.width.next_multiple_of(COLUMNS)
    }

    /// G
    pub fn groups(&self) -> usize {
        self.heads / self.kv_heads
    }

    /// B·K: what threads take, a key/value head with its queries.
    pub fn units(&self) -> usize {
        self.batch * self.kv_heads
    }

    /// Blocks of queries, or of keys, in a row.
    pub fn blocks(&self) -> usize {
        self.time.div_ceil(BLOCK)
    }

    /// 1/√D
    pub fn factor(&self) -> f32 {
        1.0 / (self.width as f32).sqrt()
    }

    /// The queries, or the keys, of a block.
    pub fn block(&self, index: usize) -> Range<usize> {
        index * BLOCK..((index + 1) * BLOCK).min(self.time)
    }

    /// The key blocks that a block of queries sees.
    pub fn seen(&self, queries: usize) -> Range<usize> {
        let first = (queries * BLOCK).saturating_sub(self.window) / BLOCK;
        first..queries + 1
    }

    /// Whether some query of the block does not see some key of the block: on the diagonal, and at the window's end.
    pub fn is_edge(&self, queries: usize, keys: usize) -> bool {
        let last = self.block(queries).end - 1;
        queries == keys || keys * BLOCK + self.window < last
    }

    /// The places in a block of keys that query `t` sees.
    pub fn keys_of(&self, t: usize, block: usize) -> Range<usize> {
        places(t.saturating_sub(self.window)..t + 1, block)
    }

    /// The places in a block of queries that see key `s`.
    pub fn queries_of(&self, s: usize, block: usize) -> Range<usize> {
        places(s..s + self.window + 1, block)
    }
}

/// Positions as places in a block.
fn places(positions: Range<usize>, block: usize) -> Range<usize> {
    let place = |position: usize| position.saturating_sub(block * BLOCK).min(BLOCK);
    place(positions.start)..place(positions.end)
}
// ANCHOR_END: shape

// ANCHOR: copies
/// The rows of one head, where they lie.
#[derive(Clone, Copy)]
pub(super) struct Head<'a> {
    numbers: &'a [f32],
    stride: usize,
    shape: &'a Shape,
}

impl<'a> Head<'a> {
    /// Head `head` of row `row` of x (B, T, `heads`, D).
    pub fn of(x: &'a [f32], shape: &'a Shape, row: usize, head: usize, heads: usize) -> Head<'a> {
        let stride = heads * shape.width;
        Head {
            numbers: &x[row * shape.time * stride + head * shape.width..],
            stride,
            shape,
        }
    }

    /// D numbers.
    #[inline(always)]
    pub fn row(&self, t: usize) -> &'a [f32] {
        &self.numbers[t * self.stride..][..self.shape.width]
    }

    /// -> (T, D padded)
    pub fn rows(&self, to: &mut [f32]) {
        for (t, to) in (0..self.shape.time).zip(to.chunks_exact_mut(self.shape.padded())) {
            to[..self.shape.width].copy_from_slice(self.row(t));
        }
    }

    /// -> blocks of (D, 64)
    pub fn across(&self, to: &mut [f32]) {
        let width = self.shape.width;
        for (block, to) in to.chunks_exact_mut(width * BLOCK).enumerate() {
            let block = self.shape.block(block);
            let from = &self.numbers[block.start * self.stride..];
            transpose((from, self.stride), (block.len(), width), (to, BLOCK));
        }
    }
}
// ANCHOR_END: copies

// ANCHOR: deal
/// The rows of a head, to be written: T slices of D numbers.
pub(super) type Rows<'a> = Vec<&'a mut [f32]>;

/// Deals the rows of x (B, T, `heads`, D) out like cards, to each head its own, so that threads can write to interleaved heads
/// and the compiler sees that they do not meet.
pub(super) fn deal<'a>(x: &'a mut [f32], shape: &Shape, heads: usize) -> Vec<Rows<'a>> {
    let mut hands: Vec<Rows> = Vec::new();
    for row in x.chunks_exact_mut(shape.time * heads * shape.width) {
        let first = hands.len();
        hands.extend((0..heads).map(|_| Rows::with_capacity(shape.time)));
        for position in row.chunks_exact_mut(heads * shape.width) {
            let cards = position.chunks_exact_mut(shape.width);
            for (hand, card) in hands[first..].iter_mut().zip(cards) {
                hand.push(card);
            }
        }
    }
    hands
}

/// (T, D padded) -> the rows of a head.
pub(super) fn put(from: &[f32], shape: &Shape, to: &mut Rows) {
    for (to, from) in to.iter_mut().zip(from.chunks_exact(shape.padded())) {
        to.copy_from_slice(&from[..shape.width]);
    }
}

/// As many at a time as belong to a unit.
pub(super) fn groups<T>(
    heads: impl IntoIterator<Item = T>,
    size: usize,
) -> impl Iterator<Item = Vec<T>> {
    let mut heads = heads.into_iter();
    std::iter::from_fn(move || {
        let group: Vec<T> = heads.by_ref().take(size).collect();
        (!group.is_empty()).then_some(group)
    })
}
// ANCHOR_END: deal

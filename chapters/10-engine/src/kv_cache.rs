// ANCHOR: head
//! The key-value cache: what attention needs to remember of the past, so that a new token costs one position of
//! work and not the whole prefix again.
//!
//! Words: a *slot* is a place in the cache; the token at position p of its row lives in slot p. The *length* of a
//! row is how many of its slots hold tokens that count. Rows have lengths of their own, which is what lets prompts
//! of different lengths share a batch, and lets rows come and go. The *active* rows are those that the next forward
//! pass is about; all others are left alone.
//!
//! ```text
//! slots      0  1  2  3  4  5  6  7        lengths
//! row 0      k  k  k  k  k  ·  ·  ·        5
//! row 1      k  k  ~  ~  ~  ·  ·  ·        2        ~ padding, written but not counted
//! ```
//!
//! **Why padding does no harm.** A batch is a rectangle, so a short row is filled up on the right. The filling gets
//! keys and values like any token, in slots *beyond* the row's length. A query at position p sees slots 0..=p only,
//! all of which count, and the next real token overwrites the first padded slot. No attention mask for padding, no
//! shifted positions, nothing to undo. For the same reason a row is shortened by lowering its length.
//!
//! **Smear.** A model with that switch on adds a share of the previous position's embedding to each embedding. For the first
//! token of every piece that a row is read in, the previous one belongs to the piece before, so the cache keeps
//! embeddings too: C numbers per slot beside the 2·L·K·D of keys and values.
//!
//! Shapes: R rows, B of them active, S slots, t new positions per row, H heads, K key-value heads, D head width.

use crate::pass::Pass;
use std::ops::Range;
use tch::{Device, Kind, Tensor};
use transformer::{Config, Context};
// ANCHOR_END: head

// ANCHOR: cache
/// Keys and values of every layer, and how many slots of each row count.
pub struct KvCache {
    /// Per layer, (R, S, K, D).
    keys: Vec<Tensor>,
    /// Per layer, (R, S, K, D).
    values: Vec<Tensor>,
    /// (R, S, C); made by the first pass of a model with smear.
    embeddings: Option<Tensor>,
    /// Per row.
    lengths: Vec<i64>,
    active: Range<usize>,
    /// What the present forward pass needs in every layer; made by its first.
    pass: Option<Pass>,
    /// The longest row that the model can read.
    context: i64,
    device: Device,
}
// ANCHOR_END: cache

// ANCHOR: new
impl KvCache {
    /// An empty cache of `rows` rows with `slots` slots each, all rows active: 2·L·R·S·K·D numbers.
    pub fn new(config: &Config, rows: usize, slots: usize, kind: Kind, device: Device) -> Self {
        let (heads, width) = (config.kv_heads, config.head_width());
        let shape = [rows as i64, slots as i64, heads, width];
        // Zeros, not uninitialised memory: a masked score is still multiplied, and 0 · NaN is NaN.
        let layer = || Tensor::zeros(shape, (kind, device));
        KvCache {
            keys: (0..config.layers).map(|_| layer()).collect(),
            values: (0..config.layers).map(|_| layer()).collect(),
            embeddings: None,
            lengths: vec![0; rows],
            active: 0..rows,
            pass: None,
            context: config.context,
            device,
        }
    }

    /// The memory that [`new`](Self::new) takes, in bytes.
    pub fn bytes(config: &Config, rows: usize, slots: usize, kind: Kind) -> u64 {
        let numbers = 2 * config.layers as u64 * (rows * slots) as u64 * config.kv_width() as u64;
        numbers * kind.elt_size_in_bytes() as u64
    }

    /// Of all rows, active or not.
    pub fn lengths(&self) -> &[i64] {
        &self.lengths
    }

    /// Slots per row.
    pub fn slots(&self) -> i64 {
        self.keys[0].size()[1]
    }

    /// The next forward passes read and write these rows; their batch has one row for each.
    pub fn activate(&mut self, rows: Range<usize>) {
        self.active = rows;
        self.pass = None;
    }

    /// Counts the tokens of the forward pass just made: `counts[b]` of the t new positions of active row b were real.
    pub fn advance(&mut self, counts: &[i64]) {
        for (length, count) in self.lengths[self.active.clone()].iter_mut().zip(counts) {
            *length += count;
        }
        self.pass = None;
    }
    // ANCHOR_END: new

    // ANCHOR: rows
    fn tables(&mut self) -> impl Iterator<Item = &mut Tensor> {
        let layers = self.keys.iter_mut().chain(&mut self.values);
        layers.chain(&mut self.embeddings)
    }

    /// Forgets all but the first `length` tokens of a row.
    pub fn truncate(&mut self, row: usize, length: i64) {
        self.lengths[row] = length;
    }

    /// Makes row `to` the first `length` tokens of row `from`. Slots are positions, so a prefix read for one row
    /// is right for every row that begins with it.
    pub fn copy_row(&mut self, from: usize, to: usize, length: i64) {
        for table in self.tables() {
            let prefix = table.get(from as i64).narrow(0, 0, length); // (R, S, …) -> (length, …)
            table.get(to as i64).narrow(0, 0, length).copy_(&prefix);
        }
        self.lengths[to] = length;
    }

    /// Two rows change places.
    pub fn swap_rows(&mut self, a: usize, b: usize) {
        if a == b {
            return;
        }
        let used = self.lengths[a].max(self.lengths[b]);
        for table in self.tables() {
            let (mut a, mut b) = (table.get(a as i64), table.get(b as i64)); // (S, …)
            (a, b) = (a.narrow(0, 0, used), b.narrow(0, 0, used)); // (used, …)
            let kept = a.copy();
            a.copy_(&b);
            b.copy_(&kept);
        }
        self.lengths.swap(a, b);
    }
    // ANCHOR_END: rows

    // ANCHOR: grow
    /// Room for so many rows and slots, if there is less. Slots at least double, up to the context, so that a row that
    /// grows token by token is moved a few times and not at every token; rows come as they are asked for.
    pub fn reserve(&mut self, rows: usize, slots: i64) {
        let (old_rows, old_slots) = (self.lengths.len(), self.slots());
        if rows <= old_rows && slots <= old_slots {
            return;
        }
        let rows = rows.max(old_rows);
        let slots = match slots > old_slots {
            true => slots.max((2 * old_slots).min(self.context)),
            false => old_slots,
        };
        for table in self.tables() {
            let mut shape = table.size();
            (shape[0], shape[1]) = (rows as i64, slots);
            let grown = Tensor::zeros(&shape[..], (table.kind(), table.device()));
            let old = grown.narrow(0, 0, old_rows as i64).narrow(1, 0, old_slots);
            { old }.copy_(table);
            *table = grown;
        }
        self.lengths.resize(rows, 0);
    }

    /// A cache whose row i begins as row `rows[i]` of this one, with room for `slots`, all rows active. One prefix that
    /// was read once becomes many rows: `[0, 0, 0, 0]`.
    pub fn select(&self, rows: &[usize], slots: i64) -> Self {
        let lengths: Vec<i64> = rows.iter().map(|&row| self.lengths[row]).collect();
        let used = lengths.iter().copied().max().unwrap_or(0);
        let index: Vec<i64> = rows.iter().map(|&row| row as i64).collect();
        let index = Tensor::from_slice(&index).to_device(self.device);
        let take = |table: &Tensor| {
            let mut shape = table.size();
            (shape[0], shape[1]) = (rows.len() as i64, slots.max(used));
            let taken = Tensor::zeros(&shape[..], (table.kind(), table.device()));
            let chosen = table.narrow(1, 0, used).index_select(0, &index); // (R, S, …) -> (rows, used, …)
            taken.narrow(1, 0, used).copy_(&chosen);
            taken
        };
        KvCache {
            keys: self.keys.iter().map(take).collect(),
            values: self.values.iter().map(take).collect(),
            embeddings: self.embeddings.as_ref().map(take),
            lengths,
            active: 0..rows.len(),
            pass: None,
            context: self.context,
            device: self.device,
        }
    }
    // ANCHOR_END: grow

    // ANCHOR: plan
    /// The present pass; whichever part of the model comes first makes the plan for all.
    fn plan(&mut self, time: i64) {
        if self.pass.is_some() {
            return;
        }
        let longest = self.lengths[self.active.clone()].iter().max();
        let end = longest.copied().unwrap_or(0) + time;
        self.reserve(self.lengths.len(), end);
        let lengths = &self.lengths[self.active.clone()];
        self.pass = Some(Pass::new(lengths, time, self.device));
    }

    /// The active rows of a table: (R, S, …) -> (B, S, …), a view.
    fn active_rows(&self, table: &Tensor) -> Tensor {
        table.narrow(0, self.active.start as i64, self.active.len() as i64)
    }
}
// ANCHOR_END: plan

// ANCHOR: attend
impl Context for KvCache {
    /// A row's new tokens stand right behind those it has. Padding may reach beyond the context, where the model has
    /// no rotations; what it gets does not matter, as long as it gets something.
    fn positions(&self, _batch: i64, time: i64, device: Device) -> Tensor {
        Pass::slots(&self.lengths[self.active.clone()], time, device).clamp_max(self.context - 1)
    }

    /// Stores the new keys and values, then lets the new queries look at all that is stored.
    fn attend(
        &mut self,
        layer: usize,
        window: Option<i64>,
        q: &Tensor,
        k: &Tensor,
        v: &Tensor,
    ) -> Tensor {
        self.plan(q.size()[1]);
        let (keys, values) = (&self.keys[layer], &self.values[layer]);
        let (keys, values) = (self.active_rows(keys), self.active_rows(values)); // (B, S, K, D)
        let pass = self.pass.as_mut().expect("planned above");
        let k = pass.store(&keys, k).transpose(1, 2); // (B, end, K, D) -> (B, K, end, D)
        let v = pass.store(&values, v).transpose(1, 2); // the same
        let q = q.transpose(1, 2); // (B, t, H, D) -> (B, H, t, D)
        let grouped = q.size()[1] != k.size()[1];
        let mask = pass.visible(window);
        let mixed =
            Tensor::scaled_dot_product_attention(&q, &k, &v, mask, 0.0, false, None, grouped);
        mixed.transpose(1, 2) // (B, H, t, D) -> (B, t, H, D)
    }

    /// The first new token's predecessor is the row's last token of the pass before, so that a row that is read in
    /// pieces has the embeddings of one that is read at once. At the very beginning there is none: zeros.
    fn previous(&mut self, x: &Tensor) -> Tensor {
        let (rows, time, width) = x.size3().expect("embeddings are (B, t, C)");
        self.plan(time);
        let shape = [self.lengths.len() as i64, self.slots(), width];
        let table = self
            .embeddings
            .get_or_insert_with(|| Tensor::zeros(shape, (x.kind(), x.device())))
            .shallow_clone(); // another handle on the same numbers
        let table = self.active_rows(&table); // (B, S, C)

        let lengths = Tensor::from_slice(&self.lengths[self.active.clone()]).to_device(self.device);
        let lengths = lengths.view([rows, 1, 1]); // (B) -> (B, 1, 1)
        let before = (&lengths - 1).clamp_min(0);
        let before = before.expand([rows, 1, width], false); // (B, 1, C)
        let last = table.gather(1, &before, false) * lengths.gt(0).to_kind(x.kind()); // (B, 1, C)

        let pass = self.pass.as_ref().expect("planned above");
        let _ = pass.store(&table, x);
        Tensor::cat(&[last, x.narrow(1, 0, time - 1)], 1) // (B, 1, C), (B, t − 1, C) -> (B, t, C)
    }
}
// ANCHOR_END: attend

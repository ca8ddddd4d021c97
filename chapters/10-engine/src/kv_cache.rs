//! The key-value cache: what attention needs to remember of the past, so that a new token costs one position of
//! work and not the whole prefix again.
//!
//! Words: a *slot* is a place in the cache; the token at position p of its row lives in slot p. The *length* of a
//! row is how many of its slots hold tokens that count. Rows have lengths of their own, which is what lets prompts
//! of different lengths share a batch.
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
//! shifted positions, nothing to undo.
//!
//! **Smear.** A model with that switch on adds a share of the previous position's embedding to each embedding. For the first
//! token of every piece that a row is read in, the previous one belongs to the piece before, so the cache keeps it.
//!
//! Shapes: B rows, S slots, t new positions per row, H heads, K key-value heads, D head width.

use tch::{Device, Kind, Tensor};
use transformer::{Config, Context};

// ANCHOR: cache
/// Keys and values of every layer, and how many slots of each row count.
pub struct KvCache {
    /// Per layer, (B, S, K, D).
    keys: Vec<Tensor>,
    /// Per layer, (B, S, K, D).
    values: Vec<Tensor>,
    /// Per row.
    lengths: Vec<i64>,
    /// Each row's last embedding that counts, (B, 1, C); `None` before the first pass, and in models without smear.
    last_embedding: Option<Tensor>,
    /// (B, 1 + t, C): the last embeddings and those of the present pass, until it is known which of them count.
    seen_embeddings: Option<Tensor>,
    /// What the present forward pass needs in every layer; made by its first.
    pass: Option<Pass>,
    device: Device,
}

/// One forward pass over t new positions per row: what is the same for all layers.
struct Pass {
    /// Which slot each new token gets: (B, t), or (1, t) where all rows are equally long.
    positions: Tensor,
    /// (B, 1): 0, 1, 2, … to go with the positions where rows differ in length, otherwise `None`.
    rows: Option<Tensor>,
    /// Where the longest row begins to write, and where it ends: slots from `end` on are empty in every row.
    start: i64,
    end: i64,
    /// For each attention window: (B or 1, 1, t, end), true where a query may look; `None` if it may look everywhere.
    visible: Vec<(Option<i64>, Option<Tensor>)>,
}
// ANCHOR_END: cache

impl KvCache {
    // ANCHOR: new
    /// An empty cache of `rows` rows with `slots` slots each. All memory is taken here: 2·L·B·S·K·D numbers.
    pub fn new(config: &Config, rows: usize, slots: usize, kind: Kind, device: Device) -> Self {
        let shape = [
            rows as i64,
            slots as i64,
            config.kv_heads,
            config.head_width(),
        ];
        // Zeros, not uninitialised memory: a masked score is still multiplied, and 0 · NaN is NaN.
        let layer = || Tensor::zeros(shape, (kind, device));
        KvCache {
            keys: (0..config.layers).map(|_| layer()).collect(),
            values: (0..config.layers).map(|_| layer()).collect(),
            lengths: vec![0; rows],
            last_embedding: None,
            seen_embeddings: None,
            pass: None,
            device,
        }
    }

    /// The memory that [`new`](Self::new) takes, in bytes.
    pub fn bytes(config: &Config, rows: usize, slots: usize, kind: Kind) -> u64 {
        let numbers = 2 * config.layers as u64 * (rows * slots) as u64 * config.kv_width() as u64;
        numbers * kind.elt_size_in_bytes() as u64
    }

    pub fn lengths(&self) -> &[i64] {
        &self.lengths
    }

    fn equally_long(&self) -> bool {
        self.lengths.iter().all(|length| *length == self.lengths[0])
    }

    /// Slots per row.
    pub fn slots(&self) -> i64 {
        self.keys[0].size()[1]
    }

    /// Counts the tokens of the forward pass just made: `counts[b]` of the t new positions of row b were real.
    pub fn advance(&mut self, counts: &[i64]) {
        for (length, count) in self.lengths.iter_mut().zip(counts) {
            *length += count;
        }
        self.pass = None;
        // Row b's last one that counts: `counts[b]` places after the last one before this pass.
        if let Some(seen) = self.seen_embeddings.take() {
            let (rows, _, width) = seen.size3().expect("made by `previous`");
            let index = Tensor::from_slice(counts).to_device(self.device);
            let index = index.view([rows, 1, 1]).expand([rows, 1, width], false); // (B) -> (B, 1, C)
            self.last_embedding = Some(seen.gather(1, &index, false)); // (B, 1 + t, C) -> (B, 1, C)
        }
    }
    // ANCHOR_END: new

    // ANCHOR: select
    /// A cache whose row i is row `rows[i]` of this one.
    ///
    /// One operation for two needs: a prompt that was read once becomes many rows (`[0, 0, 0, 0]`), and rows that
    /// have ended make room (`[0, 2]`).
    pub fn select(&self, rows: &[usize]) -> Self {
        let index: Vec<i64> = rows.iter().map(|&row| row as i64).collect();
        let index = Tensor::from_slice(&index).to_device(self.device);
        let take = |layers: &[Tensor]| {
            let selected = layers.iter().map(|layer| layer.index_select(0, &index));
            selected.collect()
        };
        KvCache {
            keys: take(&self.keys),
            values: take(&self.values),
            lengths: rows.iter().map(|&row| self.lengths[row]).collect(),
            last_embedding: self
                .last_embedding
                .as_ref()
                .map(|last| last.index_select(0, &index)),
            seen_embeddings: None,
            pass: None,
            device: self.device,
        }
    }
    // ANCHOR_END: select

    // ANCHOR: pass
    /// Plans a forward pass of t new positions per row.
    fn plan(&self, time: i64) -> Pass {
        let rows = self.lengths.len() as i64;
        let start = self.lengths.iter().copied().max().unwrap_or(0);
        assert!(
            start + time <= self.slots(),
            "whoever makes the cache gives it a slot for every token to come"
        );
        Pass {
            positions: self.positions(rows, time, self.device),
            rows: (!self.equally_long())
                .then(|| Tensor::arange(rows, (Kind::Int64, self.device)).unsqueeze(1)),
            start,
            end: start + time,
            visible: Vec::new(),
        }
    }
}

impl Pass {
    /// Puts new keys or values, (B, t, K, D), into the slots of a layer, (B, S, K, D); gives all that is stored there.
    fn store(&self, layer: &mut Tensor, new: &Tensor) -> Tensor {
        match &self.rows {
            // The usual case is one copy of one block …
            None => layer
                .narrow(1, self.start, self.end - self.start)
                .copy_(new),
            // … and rows of different lengths are a scatter: row (B, 1) and slot (B, t) of each new token.
            Some(rows) => {
                let _ = layer.index_put_(&[Some(rows), Some(&self.positions)], new, false);
            }
        }
        layer.narrow(1, 0, self.end) // (B, S, K, D) -> (B, end, K, D)
    }

    /// Where queries may look: at their own slot, at all before it, or with a window at that many before it.
    fn visible(&mut self, window: Option<i64>) -> Option<Tensor> {
        if let Some((_, mask)) = self.visible.iter().find(|(known, _)| *known == window) {
            return mask.as_ref().map(Tensor::shallow_clone);
        }
        // One new token in rows that are equally long may look at everything there is.
        let alone = self.rows.is_none() && self.end - self.start == 1;
        let everything = alone && window.is_none_or(|window| self.end <= window + 1);
        let mask = (!everything).then(|| {
            let query = self.positions.unsqueeze(1).unsqueeze(-1); // (B or 1, t) -> (B or 1, 1, t, 1)
            let slot = Tensor::arange(self.end, (Kind::Int64, query.device())); // (end)
            let past = slot.le_tensor(&query); // (B or 1, 1, t, end)
            match window {
                None => past,
                Some(window) => past.logical_and(&slot.ge_tensor(&(query - window))),
            }
        });
        self.visible
            .push((window, mask.as_ref().map(Tensor::shallow_clone)));
        mask
    }
}
// ANCHOR_END: pass

// ANCHOR: attend
impl Context for KvCache {
    /// A row's new tokens stand right behind those it has.
    fn positions(&self, _batch: i64, time: i64, device: Device) -> Tensor {
        let rows = if self.equally_long() {
            1
        } else {
            self.lengths.len()
        };
        let lengths = Tensor::from_slice(&self.lengths[..rows]).to_device(device); // (B or 1)
        lengths.unsqueeze(1) + Tensor::arange(time, (Kind::Int64, device)) // (B or 1, t)
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
        if self.pass.is_none() {
            self.pass = Some(self.plan(q.size()[1]));
        }
        let pass = self.pass.as_mut().expect("planned above");
        let k = pass.store(&mut self.keys[layer], k).transpose(1, 2); // (B, end, K, D) -> (B, K, end, D)
        let v = pass.store(&mut self.values[layer], v).transpose(1, 2); // the same
        let q = q.transpose(1, 2); // (B, t, H, D) -> (B, H, t, D)
        let grouped = q.size()[1] != k.size()[1];
        let mixed = Tensor::scaled_dot_product_attention(
            &q,
            &k,
            &v,
            pass.visible(window),
            0.0,
            false,
            None,
            grouped,
        );
        mixed.transpose(1, 2) // (B, H, t, D) -> (B, t, H, D)
    }

    /// The first new token's predecessor is the row's last token of the pass before, so that a row that is read in
    /// pieces has the embeddings of one that is read at once. At the very beginning there is none: zeros.
    fn previous(&mut self, x: &Tensor) -> Tensor {
        let (rows, time, width) = x.size3().expect("embeddings are (B, t, C)");
        let last = match self.last_embedding.take() {
            Some(last) => last,
            None => Tensor::zeros([rows, 1, width], (x.kind(), x.device())),
        };
        let seen = Tensor::cat(&[&last, x], 1); // (B, 1, C), (B, t, C) -> (B, 1 + t, C)
        let previous = seen.narrow(1, 0, time); // (B, t, C)
        self.seen_embeddings = Some(seen);
        previous
    }
}
// ANCHOR_END: attend

// ANCHOR: head
//! One forward pass over a cache: which slots the new tokens get, and how far each of them may look.
//!
//! All layers of a pass ask the same, so it is worked out once. Shapes as in `kv_cache`; *end* is the first slot that is
//! empty in every active row after the pass.

use tch::{Device, Kind, Tensor};
// ANCHOR_END: head

// ANCHOR: pass
/// What is the same for all layers of one forward pass over t new positions per active row.
pub(crate) struct Pass {
    /// Which slot each new token gets: (B, t), or (1, t) where all rows are equally long.
    slots: Tensor,
    /// (B, 1): 0, 1, 2, … to go with the slots where rows differ in length, otherwise `None`.
    rows: Option<Tensor>,
    /// Where the longest row begins to write.
    start: i64,
    end: i64,
    /// For each attention window: (B or 1, 1, t, end), true where a query may look; `None` if it may look everywhere.
    visible: Vec<(Option<i64>, Option<Tensor>)>,
}

impl Pass {
    pub fn new(lengths: &[i64], time: i64, device: Device) -> Self {
        let rows = lengths.len() as i64;
        let start = lengths.iter().copied().max().unwrap_or(0);
        Pass {
            slots: Self::slots(lengths, time, device),
            rows: (!equal(lengths))
                .then(|| Tensor::arange(rows, (Kind::Int64, device)).unsqueeze(1)),
            start,
            end: start + time,
            visible: Vec::new(),
        }
    }

    /// The slots behind each row's length: (B, t), or (1, t) where all rows are equally long.
    pub fn slots(lengths: &[i64], time: i64, device: Device) -> Tensor {
        let rows = if equal(lengths) { 1 } else { lengths.len() };
        let first = Tensor::from_slice(&lengths[..rows.min(lengths.len())]).to_device(device); // (B or 1)
        first.unsqueeze(1) + Tensor::arange(time, (Kind::Int64, device)) // (B or 1, t)
    }
}

fn equal(lengths: &[i64]) -> bool {
    lengths.windows(2).all(|pair| pair[0] == pair[1])
}
// ANCHOR_END: pass

// ANCHOR: store
impl Pass {
    /// Puts new keys, values or embeddings, (B, t, …), into the slots of a table, (B, S, …); gives all that is stored.
    pub fn store(&self, table: &Tensor, new: &Tensor) -> Tensor {
        match &self.rows {
            // The usual case is one copy of one block …
            None => {
                let mut slots = table.narrow(1, self.start, self.end - self.start);
                slots.copy_(new);
            }
            // … and rows of different lengths are a scatter: row (B, 1) and slot (B, t) of each new token.
            Some(rows) => {
                let index = [Some(rows), Some(&self.slots)];
                let _ = table.shallow_clone().index_put_(&index, new, false);
            }
        }
        table.narrow(1, 0, self.end) // (B, S, …) -> (B, end, …)
    }
    // ANCHOR_END: store

    // ANCHOR: visible
    /// Where queries may look: at their own slot, at all before it, or with a window at that many before it.
    pub fn visible(&mut self, window: Option<i64>) -> Option<Tensor> {
        if let Some((_, mask)) = self.visible.iter().find(|(known, _)| *known == window) {
            return mask.as_ref().map(Tensor::shallow_clone);
        }
        // One new token in rows that are equally long may look at everything there is.
        let alone = self.rows.is_none() && self.end - self.start == 1;
        let everything = alone && window.is_none_or(|window| self.end <= window + 1);
        let mask = (!everything).then(|| {
            let query = self.slots.unsqueeze(1).unsqueeze(-1); // (B or 1, t) -> (B or 1, 1, t, 1)
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
// ANCHOR_END: visible

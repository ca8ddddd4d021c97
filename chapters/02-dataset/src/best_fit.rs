// ANCHOR: head
//! Best-fit packing: rows of one length, filled with documents of all lengths.
//!
//! - An *item* is what goes into a row: a document's or conversation's ids, BOS first, and a mask that says which of them
//!   the model is trained to say.
//! - The *capacity* of a row is T + 1: its first T ids are inputs, its last T are targets.
//! - The *buffer* holds items that wait. *Best fit* means: of those that fit in what is left of the row, take the longest;
//!   of several equally long ones, the one that came first.
//!
//! ```text
//! capacity 10        buffer: aaaa bbbbbbb cc ddddd
//! row  bbbbbbb...    the longest that fits in 10
//! row  bbbbbbbcc.    the longest that fits in 3
//! row  bbbbbbbccd    nothing fits in 1: crop the shortest (policy Crop), or pad (policy Pad)
//! ```
//!
//! Every row begins with BOS, so nothing is ever read without its beginning; in exchange the tail of a cropped item is
//! thrown away. Cropping the *shortest* throws away least. How much that is, the counts say.

use std::cmp::Reverse;
use std::collections::BTreeMap;
// ANCHOR_END: head

// ANCHOR: item
/// Something to be packed. `origin` is whatever the caller wants to recognise it by; it travels into the row's spans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item<O> {
    pub ids: Vec<u32>,
    /// One per id, 1 = trained on. Empty means 1 everywhere, as in pretraining.
    pub mask: Vec<u8>,
    pub origin: O,
}

/// What happens to the rest of a row that nothing fits into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Fill it with the beginning of the shortest item. For pretraining, where text is plenty.
    Crop,
    /// Fill it with this id, mask 0. For conversations, which must not lose their end: the answer stands there.
    Pad(u32),
}
// ANCHOR_END: item

// ANCHOR: row
/// A row under construction, or finished once `ids.len() == capacity`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row<O> {
    pub ids: Vec<u32>,
    pub mask: Vec<u8>,
    pub spans: Vec<Span<O>>,
    capacity: usize,
}

/// Where an item lies in a row: places `start` to `end` (not included), `cropped` ids lost at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span<O> {
    pub start: usize,
    pub end: usize,
    pub cropped: usize,
    pub origin: O,
}

impl<O> Row<O> {
    /// An empty row for `capacity` = T + 1 ids.
    pub fn new(capacity: usize) -> Self {
        Row {
            ids: Vec::with_capacity(capacity),
            mask: Vec::with_capacity(capacity),
            spans: Vec::new(),
            capacity,
        }
    }

    pub fn remaining(&self) -> usize {
        self.capacity - self.ids.len()
    }

    pub fn is_full(&self) -> bool {
        self.remaining() == 0
    }

    /// Append as much of the item as fits.
    fn append(&mut self, item: Item<O>) {
        let start = self.ids.len();
        let taken = item.ids.len().min(self.remaining());
        self.ids.extend_from_slice(&item.ids[..taken]);
        if item.mask.is_empty() {
            self.mask.resize(start + taken, 1);
        } else {
            self.mask.extend_from_slice(&item.mask[..taken]);
        }
        let cropped = item.ids.len() - taken;
        self.spans.push(Span {
            start,
            end: start + taken,
            cropped,
            origin: item.origin,
        });
    }

    fn pad(&mut self, id: u32) {
        self.ids.resize(self.capacity, id);
        self.mask.resize(self.capacity, 0);
    }
}
// ANCHOR_END: row

// ANCHOR: packer
/// The buffer, ordered so that both questions of the algorithm are one look-up each: the longest that fits, and the
/// shortest. A plain list would be scanned from end to end for every item placed, a thousand steps each time.
pub struct Packer<O> {
    capacity: usize,
    policy: Policy,
    waiting: BTreeMap<Key, Item<O>>,
    arrivals: u64,
    counts: Counts,
}

/// Length, then arrival, earlier arrivals counted as larger (see [`Packer::longest_within`]).
pub(crate) type Key = (usize, Reverse<u64>);

/// What has happened to all ids so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Items laid into rows.
    pub items: u64,
    /// Ids laid into rows.
    pub placed: u64,
    /// Ids thrown away because their item was cropped.
    pub cropped: u64,
    /// Padding in rows.
    pub padded: u64,
    /// Items refused by [`Packer::push`].
    pub skipped: u64,
}

impl<O> Packer<O> {
    /// A packer for rows of `capacity` = T + 1 ids.
    pub fn new(capacity: usize, policy: Policy) -> Self {
        Packer {
            capacity,
            policy,
            waiting: BTreeMap::new(),
            arrivals: 0,
            counts: Counts::default(),
        }
    }

    /// Let an item wait in the buffer.
    ///
    /// Returns false, and counts the item as skipped, if it could never be placed: an empty one, or under
    /// [`Policy::Pad`] one that is longer than a row. Kept, such items would fill the buffer one by one until nothing else
    /// is left in it and every row is padding. Who wants a too long conversation all the same truncates it first.
    pub fn push(&mut self, item: Item<O>) -> bool {
        debug_assert!(
            item.mask.is_empty() || item.mask.len() == item.ids.len(),
            "one mask entry per id"
        );
        let too_long = matches!(self.policy, Policy::Pad(_)) && item.ids.len() > self.capacity;
        if item.ids.is_empty() || too_long {
            self.counts.skipped += 1;
            return false;
        }
        self.waiting
            .insert((item.ids.len(), Reverse(self.arrivals)), item);
        self.arrivals += 1;
        true
    }
    // ANCHOR_END: packer

    // ANCHOR: place
    /// One step of the algorithm: put one item into the row, or finish the row under [`Policy::Pad`].
    ///
    /// Returns false if the buffer is empty and cropping has nothing to crop; the row then stays as it is.
    pub fn place(&mut self, row: &mut Row<O>) -> bool {
        let fitting = self.longest_within(row.remaining());
        self.lay(fitting, row)
    }

    /// The same step when it is known which item fits best, or that none does.
    pub(crate) fn lay(&mut self, fitting: Option<Key>, row: &mut Row<O>) -> bool {
        let chosen = fitting.or_else(|| self.to_crop());
        let before = row.ids.len();
        match (chosen, self.policy) {
            (Some(key), _) => {
                let item = self.waiting.remove(&key).expect("the key was just found");
                let length = item.ids.len();
                row.append(item);
                let placed = row.ids.len() - before;
                self.counts.items += 1;
                self.counts.placed += placed as u64;
                self.counts.cropped += (length - placed) as u64;
            }
            (None, Policy::Pad(id)) => {
                self.counts.padded += row.remaining() as u64;
                row.pad(id);
            }
            (None, Policy::Crop) => return false,
        }
        true
    }

    /// The longest item of at most `length` ids; among equals the earliest. With `Reverse` the earliest arrival is the
    /// largest key of its length, so both rules together are "the largest key not above (length, ∞)".
    fn longest_within(&self, length: usize) -> Option<Key> {
        self.waiting
            .range(..=(length, Reverse(0)))
            .next_back()
            .map(|(key, _)| *key)
    }

    /// The shortest item; among equals the earliest, which is the largest key of the smallest length.
    fn shortest(&self) -> Option<Key> {
        let (length, _) = *self.waiting.keys().next()?;
        self.longest_within(length)
    }

    /// The item whose beginning fills the rest of a row that nothing fits into, if the policy is to crop one.
    pub(crate) fn to_crop(&self) -> Option<Key> {
        match self.policy {
            Policy::Crop => self.shortest(),
            Policy::Pad(_) => None,
        }
    }
    // ANCHOR_END: place

    // ANCHOR: queries
    /// A whole row from what waits in the buffer, without topping it up on the way. `None` once the buffer is empty, or if
    /// under [`Policy::Crop`] what is left does not fill a row (it is lost then: for finite data use `Pad`).
    pub fn next_row(&mut self) -> Option<Row<O>> {
        if self.waiting.is_empty() {
            return None;
        }
        let mut row = Row::new(self.capacity);
        while !row.is_full() {
            if !self.place(&mut row) {
                return None;
            }
        }
        Some(row)
    }

    /// How many items wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The origins of the waiting items in the order they arrived. Pushed again in this order into an empty packer, they
    /// give the same rows: that is all a resume needs.
    pub fn pending(&self) -> Vec<O>
    where
        O: Clone,
    {
        let mut pending: Vec<(u64, &O)> = self
            .waiting
            .iter()
            .map(|((_, Reverse(arrival)), item)| (*arrival, &item.origin))
            .collect();
        pending.sort_unstable_by_key(|(arrival, _)| *arrival);
        pending
            .into_iter()
            .map(|(_, origin)| origin.clone())
            .collect()
    }

    pub fn counts(&self) -> Counts {
        self.counts
    }

    pub fn capacity(&self) -> usize {
        self.capacity
    }

    pub fn policy(&self) -> Policy {
        self.policy
    }

    /// How many items came so far: the arrival that the next one's key will have.
    pub(crate) fn arrivals(&self) -> u64 {
        self.arrivals
    }

    /// The keys of the waiting items in the order they arrived.
    pub(crate) fn keys_in_order(&self) -> Vec<Key> {
        let mut keys: Vec<Key> = self.waiting.keys().copied().collect();
        keys.sort_unstable_by_key(|&(_, Reverse(arrival))| arrival);
        keys
    }
}
// ANCHOR_END: queries

// ANCHOR: shares
impl Counts {
    /// Ids that are text, of all places in the rows: 1 under `Crop`.
    pub fn utilisation(&self) -> f64 {
        share(self.placed, self.placed + self.padded)
    }

    /// Ids thrown away, of all ids that came in.
    pub fn cropped_share(&self) -> f64 {
        share(self.cropped, self.placed + self.cropped)
    }
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}
// ANCHOR_END: shares

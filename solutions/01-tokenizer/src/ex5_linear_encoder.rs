//! # The encoder that never asks twice
//!
//! Goal: encode a chunk of any length with at most four look-ups per byte.
//!
//! Minutes: 120. Difficulty: 4 of 5.
//!
//! The loop of the chapter looks at every pair, merges the best, and looks at every pair again. For a word that is fine. A
//! chunk of 200,000 letters has as many pairs, and merges half as often: twenty billion look-ups. But a merge changes only two
//! pairs: the one that ends in the new token and the one that begins with it. Everything else was asked before.
//!
//! The chapter's answer is a strip of cells and a heap. Find your own, for example a doubly linked list in two vectors, and a
//! heap of candidates. The ids have to be the same: of all pairs that have a rank the lowest first, of equal ranks the
//! leftmost.
//!
//! `merged` answers what a pair becomes, and the answer is its rank too. It is counted how often you ask.
//!
//! ## Hint 1
//!
//! Keep three vectors over the places of the chunk: the id there, the place before, the place after. Merging writes the new id
//! to the left place and takes the right place out of the list: four assignments, and nothing moves.
//!
//! ## Hint 2
//!
//! Put `(rank, place)` of every pair on a `BinaryHeap`, wrapped in `Reverse` so that the smallest comes first. Equal ranks are
//! then ordered by place, which is the rule of the leftmost. After a merge, ask for the two new pairs and push what they become.
//!
//! ## Hint 3
//!
//! Entries go stale: a half may have been taken by a neighbour since. Store the two ids in the entry, and drop it on arrival
//! unless both still stand at that place. Mark places that have left the list with an id that no token has, `u32::MAX`.
//!
//! ## Notes
//!
//! The work on the heap is n log n; only the look-ups are linear. A merge removes a token, so there are less than n merges,
//! and each asks twice: together with the first round that is less than three look-ups per byte.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use tokenizer::Pair;

/// The ids of a chunk. `merged` says what a pair of neighbours becomes; the smaller the answer, the earlier it is merged.
pub fn encode_chunk<F: Fn(Pair) -> Option<u32>>(chunk: &[u8], merged: F) -> Vec<u32> {
    let mut list = List::of(chunk);
    let mut candidates = BinaryHeap::new();
    for at in 0..chunk.len() {
        candidates.extend(list.candidate(at, &merged));
    }
    while let Some(Reverse((rank, at, pair))) = candidates.pop() {
        if list.pair_at(at) != Some(pair) {
            continue;
        }
        list.merge(at, rank);
        candidates.extend(list.candidate(at, &merged));
        if let Some(before) = list.before[at] {
            candidates.extend(list.candidate(before, &merged));
        }
    }
    list.ids.into_iter().filter(|&id| id != GONE).collect()
}

/// The id of a place that has left the list.
const GONE: u32 = u32::MAX;

/// What to merge: its rank, where, and the two ids that must still stand there.
type Candidate = Reverse<(u32, usize, Pair)>;

/// The tokens of a chunk, linked in both directions. A token lives at the place of its first byte.
struct List {
    ids: Vec<u32>,
    before: Vec<Option<usize>>,
    after: Vec<Option<usize>>,
}

impl List {
    fn of(chunk: &[u8]) -> Self {
        let places = 0..chunk.len();
        List {
            ids: chunk.iter().map(|&byte| u32::from(byte)).collect(),
            before: places.clone().map(|at| at.checked_sub(1)).collect(),
            after: places
                .map(|at| Some(at + 1).filter(|&next| next < chunk.len()))
                .collect(),
        }
    }

    /// The ids at a place and at the one after it.
    fn pair_at(&self, at: usize) -> Option<Pair> {
        (self.ids[at] != GONE).then_some((self.ids[at], self.ids[self.after[at]?]))
    }

    fn candidate(&self, at: usize, merged: impl Fn(Pair) -> Option<u32>) -> Option<Candidate> {
        let pair = self.pair_at(at)?;
        Some(Reverse((merged(pair)?, at, pair)))
    }

    /// Makes one token of the one at `at` and the one after it.
    fn merge(&mut self, at: usize, new: u32) {
        let Some(right) = self.after[at] else {
            return;
        };
        self.ids[at] = new;
        self.ids[right] = GONE;
        self.after[at] = self.after[right];
        if let Some(next) = self.after[at] {
            self.before[next] = Some(at);
        }
    }
}

// ANCHOR: head
//! Which pair is next? The candidates in groups of equal count.
//!
//! The heap in `train.rs` keeps all pairs in order, and to take one off it looks at some twenty entries, each somewhere
//! else in memory. But most pairs of a large corpus are rare and never merged; their order does not matter to anybody.
//! So pairs are only thrown into the group of their count. The groups are few, and only the highest is put in order,
//! when its turn comes. Counts still fall while pairs wait: whoever is found in too high a group goes to the right one.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use crate::Pair;
// ANCHOR_END: head

// ANCHOR: candidates
/// A pair and the number under which the trainer keeps its count.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Numbered {
    pub pair: Pair,
    pub number: u32,
}

/// Pairs that wait for their turn.
pub trait Candidates: Default {
    /// `count` is at most that of the pair popped last: a merge makes no pair commoner than the one it merges.
    fn push(&mut self, count: i64, pair: Numbered);

    /// The commonest pair, smallest ids first; `counts`, by number, says how often each stands in the corpus now.
    fn pop(&mut self, counts: &[i64]) -> Option<Numbered>;
}
// ANCHOR_END: candidates

// ANCHOR: groups
#[derive(Default)]
pub struct Groups {
    /// Pairs by the count they had when they came here, the highest count last.
    groups: BTreeMap<i64, Vec<Numbered>>,
    /// The count whose turn it is, and the pairs that have it, smallest on top: the rule for ties.
    count: i64,
    ties: BinaryHeap<Reverse<Numbered>>,
}

impl Candidates for Groups {
    fn push(&mut self, count: i64, pair: Numbered) {
        if count == self.count {
            self.ties.push(Reverse(pair));
        } else {
            self.groups.entry(count).or_default().push(pair);
        }
    }

    fn pop(&mut self, counts: &[i64]) -> Option<Numbered> {
        loop {
            while let Some(Reverse(pair)) = self.ties.pop() {
                match counts[pair.number as usize] {
                    now if now == self.count => return Some(pair),
                    now => self.wait(now, pair),
                }
            }
            let (count, group) = self.groups.pop_last()?;
            let mut ties = Vec::with_capacity(group.len());
            for pair in group {
                match counts[pair.number as usize] {
                    now if now == count => ties.push(Reverse(pair)),
                    now => self.wait(now, pair),
                }
            }
            self.count = count;
            self.ties = ties.into();
        }
    }
}

impl Groups {
    /// In the group of its count as it is now; a pair that is gone never comes back.
    fn wait(&mut self, now: i64, pair: Numbered) {
        if now > 0 {
            self.groups.entry(now).or_default().push(pair);
        }
    }
}
// ANCHOR_END: groups

//! # Stop, and go on
//!
//! Goal: write down where a loader stands, so that another one goes on with the very next row, or several others share
//! what is left.
//!
//! Minutes: 35. Difficulty: 3 of 5.
//!
//! Below is a loader for one epoch, complete but for stopping. It reads documents in a given order into a buffer, and
//! fills rows by best fit. When a row leaves, documents have been read and not placed: a loader that goes on "behind the
//! last document read" never gives them to the model.
//!
//! A `Position` lists numbers of documents: those that wait, in the order in which they came into the buffer, and those
//! that were not read yet, in the order in which they will be. (The chapter's loader computes the second list from four
//! numbers; here it is written out.) `resume` goes there: the next row is then the one that followed, id for id, on a
//! fresh loader or on one that has run on.
//!
//! `redeal` is for a run that goes on with another number of ranks. What waits is put behind each other, rank 0's first,
//! and dealt one by one: the first to rank 0, the next to rank 1, and so on in a circle. So is what was not read, in
//! ascending order. The rows are others then; that each document is still read once is what can be kept.
//!
//! Help: `cargo course hint 02.7`. Judge it: `cargo course check 02.7`.

use dataset::best_fit::{Item, Packer, Policy, Row};
use std::collections::VecDeque;

/// Where a loader stands between two rows, in numbers of documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Read and not placed, in the order in which they came.
    pub waiting: Vec<usize>,
    /// Not read, in the order in which they will be.
    pub unread: Vec<usize>,
}

/// A loader for one epoch. Documents are known by their numbers.
pub struct Loader<'d> {
    documents: &'d [Vec<u32>],
    unread: VecDeque<usize>,
    packer: Packer<usize>,
    buffer: usize,
}

impl<'d> Loader<'d> {
    /// A loader that will read the documents of these numbers in this order, into a buffer that holds up to `buffer` of
    /// them.
    pub fn new(documents: &'d [Vec<u32>], order: &[usize], capacity: usize, buffer: usize) -> Self {
        Loader {
            documents,
            unread: order.iter().copied().collect(),
            packer: Packer::new(capacity, Policy::Crop),
            buffer,
        }
    }

    /// The next row; `None` when what is left does not fill one.
    pub fn next_row(&mut self) -> Option<Vec<u32>> {
        let mut row = Row::new(self.packer.capacity());
        while !row.is_full() {
            while self.packer.waiting() < self.buffer
                && let Some(number) = self.unread.pop_front()
            {
                self.packer.push(Item {
                    ids: self.documents[number].clone(),
                    mask: Vec::new(),
                    origin: number,
                });
            }
            if !self.packer.place(&mut row) {
                return None;
            }
        }
        Some(row.ids)
    }

    /// Where the loader stands.
    pub fn position(&self) -> Position {
        todo!("exercise 02.7")
    }

    /// Goes to a position of a loader of the same documents.
    pub fn resume(&mut self, position: &Position) {
        let _ = position; // delete this line
        todo!("exercise 02.7")
    }
}

/// The positions of `world` ranks that share what these ranks have left.
pub fn redeal(ranks: &[Position], world: usize) -> Vec<Position> {
    let _ = (ranks, world); // delete this line
    todo!("exercise 02.7")
}

// ANCHOR: head
//! Who owns what, when several ranks share one optimizer.
//!
//! Every rank has all weights and makes gradients for all of them. But each weight has one *owner*: the rank that receives
//! its mean gradient, keeps its buffers, computes its update, and sends the new weight to the others. A *piece* is what is
//! sent in one operation: a table, or the stack of a Muon group.
//!
//! ```text
//! piece          cut into                     one operation of 4 ranks: 10 matrices, 3 each, 2 of them padding
//! Muon's stack   whole matrices, padded       rank 0: 0 1 2   rank 1: 3 4 5   rank 2: 6 7 8   rank 3: 9 · ·
//! large table    rows, where they divide      rank r: rows r·V/4 … (r + 1)·V/4
//! all others     not at all                   every rank owns all of it, and updates it alike
//! ```

use crate::sequence::Sequence;
use crate::{Collective, Error, Handle};
use std::ops::Range;
use tch::Tensor;
// ANCHOR_END: head

// ANCHOR: share
/// What this rank owns of a piece: rows of a table, or matrices of a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Rows or matrices of the piece.
    pub total: usize,
    /// The first one of this rank's.
    pub start: usize,
    /// How many are this rank's. 0 for the last ranks, if there are fewer matrices than ranks.
    pub count: usize,
    /// The same for all ranks; what the last ones own less is filled up with zeros. `None`: every rank owns all.
    pub each: Option<usize>,
}

/// A table with fewer entries is not worth cutting: what an operation costs is then the time to start it, and the small
/// table would be sent round once more.
pub const SMALLEST_CUT: usize = 1024;

impl Share {
    /// Of a stack of `total` matrices. A matrix is not cut: its update needs all of it.
    pub fn of_stack(total: usize, rank: usize, world: usize) -> Share {
        if world == 1 {
            return Share::all(total);
        }
        let each = total.div_ceil(world);
        let start = (rank * each).min(total);
        Share {
            total,
            start,
            count: each.min(total - start),
            each: Some(each),
        }
    }

    /// Of a table. AdamW looks at each entry alone, so it may be cut anywhere; rows are next to each other in memory.
    pub fn of_table(shape: &[i64], rank: usize, world: usize) -> Share {
        let total = shape.first().map_or(1, |&rows| rows as usize);
        let entries: i64 = shape.iter().product();
        if world == 1 || !total.is_multiple_of(world) || entries < SMALLEST_CUT as i64 {
            return Share::all(total);
        }
        Share::of_stack(total, rank, world)
    }

    fn all(total: usize) -> Share {
        Share {
            total,
            start: 0,
            count: total,
            each: None,
        }
    }

    pub fn range(&self) -> Range<usize> {
        self.start..self.start + self.count
    }

    /// Whether this rank is the one that speaks for its part: what all ranks own counts once.
    pub fn counts(&self, rank: usize) -> bool {
        self.count > 0 && (self.each.is_some() || rank == 0)
    }

    /// This rank's part of a whole piece, as a view: writing to it writes to the piece.
    pub fn of(&self, piece: &Tensor) -> Tensor {
        match self.each {
            Some(_) => piece.narrow(0, self.start as i64, self.count as i64),
            None => piece.shallow_clone(),
        }
    }
}
// ANCHOR_END: share

// ANCHOR: exchange
impl Share {
    /// Starts the reduction of a gradient: (total, …) on every rank -> (each, …), of which the first `count` are real; the
    /// whole mean where the piece is not cut.
    pub(crate) fn reduce(
        &self,
        collective: &dyn Collective,
        sequence: &mut Sequence,
        name: &str,
        gradient: Tensor,
    ) -> Handle {
        let Some(each) = self.each else {
            // Alone there is nobody to agree with.
            if collective.world() > 1 {
                sequence.note("all_reduce", name, &gradient);
            }
            return collective.all_reduce(gradient);
        };
        let gradient = padded(gradient, each * collective.world());
        sequence.note("reduce_scatter", name, &gradient);
        let (mean, count) = (collective.reduce_scatter(gradient), self.count as i64);
        Handle::new(move || Ok(mean.wait()?.narrow(0, 0, count)))
    }

    /// Starts to collect a piece of which every rank has its part: (count, …) -> (total, …). `None` where every rank has
    /// all of it.
    pub(crate) fn gather(
        &self,
        collective: &dyn Collective,
        sequence: &mut Sequence,
        name: &str,
        own: Tensor,
    ) -> Option<Handle> {
        let own = padded(own, self.each?);
        sequence.note("all_gather", name, &own);
        let (all, total) = (collective.all_gather(own), self.total as i64);
        Some(Handle::new(move || Ok(all.wait()?.narrow(0, 0, total))))
    }
}

/// (n, …) -> (`length`, …), filled up with zeros.
fn padded(tensor: Tensor, length: usize) -> Tensor {
    let mut shape = tensor.size();
    let missing = length as i64 - shape[0];
    if missing == 0 {
        return tensor;
    }
    shape[0] = missing;
    let zeros = Tensor::zeros(shape, (tensor.kind(), tensor.device()));
    Tensor::cat(&[tensor, zeros], 0)
}
// ANCHOR_END: exchange

// ANCHOR: arriving
/// New weights on their way from their owners.
pub(crate) struct Arriving {
    /// One table, or the matrices of a stack.
    pub weights: Vec<Tensor>,
    pub stacked: bool,
    pub handle: Handle,
}

impl Arriving {
    pub fn finish(self) -> Result<(), Error> {
        let all = self.handle.wait()?; // (total, …)
        let new = match self.stacked {
            true => all.unbind(0),
            false => vec![all],
        };
        for (mut weight, new) in self.weights.into_iter().zip(new) {
            weight.copy_(&new);
        }
        Ok(())
    }
}

/// The norm of gradients of which this rank's parts have the norm `own`, a scalar: the norm of all ranks' norms, because
/// every entry is in one rank's part.
pub(crate) fn norm_over_ranks(
    collective: &dyn Collective,
    sequence: &mut Sequence,
    own: Tensor,
) -> Result<Tensor, Error> {
    if collective.world() == 1 {
        return Ok(own);
    }
    let own = own.view([1]);
    sequence.note("all_gather", "norm of the gradient", &own);
    Ok(collective.all_gather(own).wait()?.norm()) // (1) -> (world) -> ()
}
// ANCHOR_END: arriving

// ANCHOR: head
//! One sequence of batches, dealt out to ranks in turns.
//!
//! ```text
//! batches   0  1  2  3  4  5  6  7 …
//! rank 0    x     x     x     x        of 2 ranks
//! rank 1       x     x     x     x
//! ```
//!
//! Dealing *groups* of documents to ranks (`deal`) saves work: each rank encodes and packs only what it trains on. But each
//! packs its own rows, so another number of ranks makes other batches of the same text. Dealing *batches* makes the same
//! batches for any number of ranks, and a run that was stopped on 8 goes on with 2 exactly where it was. The price is that
//! every rank packs everything. With token shards, or a fine-tuning set, that is cheap.

use crate::{Batch, BatchSource, Error};
// ANCHOR_END: head

// ANCHOR: turns
/// Every `world`-th batch of a source that all ranks open alike, from number `rank` on.
pub struct Turns<S> {
    source: S,
    rank: usize,
    world: usize,
}

impl<S: BatchSource> Turns<S> {
    /// `source` has to be the whole sequence: opened, or resumed, the same way on every rank.
    pub fn new(source: S, rank: usize, world: usize) -> Result<Self, Error> {
        if rank >= world {
            let problem = format!(
                "rank {rank} of {world}: ranks count from 0 and stay below the number of ranks"
            );
            return Err(Error::Setting {
                name: "rank",
                problem,
            });
        }
        Ok(Turns {
            source,
            rank,
            world,
        })
    }
}

impl<S: BatchSource> BatchSource for Turns<S> {
    /// This rank's batch of the next round. Its position is that of the whole round, and so the same on every rank.
    fn next_batch(&mut self) -> Result<Batch, Error> {
        let mut round = (0..self.world)
            .map(|_| self.source.next_batch())
            .collect::<Result<Vec<_>, _>>()?;
        let last = round.pop().expect("a world has a rank");
        let position = last.position.clone();
        round.push(last);
        Ok(Batch {
            position,
            ..round.swap_remove(self.rank)
        })
    }
}
// ANCHOR_END: turns

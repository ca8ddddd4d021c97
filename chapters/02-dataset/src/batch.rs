// ANCHOR: head
//! Batches: what every loader delivers and every training loop eats.
//!
//! - B is the number of rows, T the number of positions in a row.
//! - `inputs` (B, T) are token ids; `targets` (B, T) are the ids to predict, one place further on. A target of [`IGNORED`]
//!   is not trained on: padding, and in conversations everything the model does not have to say itself.
//! - A [`Position`] says exactly where a loader stood after a batch, so that a new loader goes on with the next one.

use serde::{Deserialize, Serialize};

use crate::best_fit::Row;
use crate::{Error, SourcePosition};

/// The target that the loss leaves out.
pub const IGNORED: i64 = -1;
// ANCHOR_END: head

// ANCHOR: batch
/// B rows of T positions, in row-major order.
///
/// The ids are `i64` because that is what an embedding looks up in libtorch; -1 could not be an unsigned number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// B
    pub rows: usize,
    /// T
    pub time: usize,
    /// (B, T)
    pub inputs: Vec<i64>,
    /// (B, T), [`IGNORED`] where nothing is to be learnt
    pub targets: Vec<i64>,
    /// Where the loader stands after this batch.
    pub position: Position,
    /// How many targets are not ignored. A loss that divides by it must look first: it may be 0.
    pub supervised: usize,
}
// ANCHOR_END: batch

// ANCHOR: position
/// Where a loader stands between two batches: everything it needs to go on as if it had never stopped.
///
/// Documents that were read but not used yet are remembered by their place, not by their text: a thousand places are
/// 20 KB, a thousand tokenised documents several MB.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The next document to read.
    pub source: SourcePosition,
    /// The documents that wait in the loader's buffer, in the order they arrived.
    pub pending: Vec<SourcePosition>,
    /// How many ids of the first pending document are already used (0 except in a stream, which cuts documents anywhere).
    pub offset: usize,
    /// How many batches were delivered before.
    pub batches: u64,
    /// Where all ranks stood, each time that their number changed; usually it never did. See [`Position::redeal`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Vec<SourcePosition>>,
}
// ANCHOR_END: position

// ANCHOR: redeal
impl Position {
    /// The positions of `world` ranks that go on where other ranks stopped, given where each of those stood.
    ///
    /// Nothing is lost and nothing read twice: what was read and not used is dealt to the new ranks one by one, and so is
    /// what is left of the epoch. The *batches* are others than before, because each rank packs its own.
    ///
    /// # Errors
    /// Positions of a stream, which has cut a document in two; positions that do not belong together.
    pub fn redeal(ranks: &[Position], world: usize) -> Result<Vec<Position>, Error> {
        let wrong = |problem: &str| Error::Position {
            position: "of all ranks".to_owned(),
            what: format!("{} ranks", ranks.len()),
            problem: problem.to_owned(),
        };
        let first = ranks.first().ok_or_else(|| wrong("there is none"))?;
        if ranks.iter().any(|position| position.offset != 0) {
            return Err(wrong(
                "a stream cannot be shared anew, only packed rows can",
            ));
        }
        let together = |position: &Position| {
            position.changes == first.changes && position.batches == first.batches
        };
        if !ranks.iter().all(together) {
            return Err(wrong("they were not written at the same step of one run"));
        }
        let mut changes = first.changes.clone();
        changes.push(ranks.iter().map(|position| position.source).collect());
        let pending = || ranks.iter().flat_map(|position| &position.pending);
        let of_rank = |rank| Position {
            source: SourcePosition::START,
            pending: pending().skip(rank).step_by(world).copied().collect(),
            offset: 0,
            batches: first.batches,
            changes: changes.clone(),
        };
        Ok((0..world).map(of_rank).collect())
    }
}
// ANCHOR_END: redeal

// ANCHOR: source
/// Batches without end. `Send`, because they are made on a background thread.
pub trait BatchSource: Send {
    fn next_batch(&mut self) -> Result<Batch, Error>;
}

impl<S: BatchSource + ?Sized> BatchSource for Box<S> {
    fn next_batch(&mut self) -> Result<Batch, Error> {
        (**self).next_batch()
    }
}
// ANCHOR_END: source

// ANCHOR: from-rows
impl Batch {
    /// Lay packed rows of T + 1 ids under each other: a row's first T ids are inputs, its last T are targets.
    ///
    /// A target counts when *its own* mask is 1: the mask says which ids the model must say, and the id at place t + 1 is
    /// what it says at place t.
    pub fn from_rows<O>(rows: &[Row<O>], position: Position) -> Batch {
        let time = rows.first().map_or(0, |row| row.ids.len() - 1);
        let mut inputs = Vec::with_capacity(rows.len() * time);
        let mut targets = Vec::with_capacity(rows.len() * time);
        let mut supervised = 0;
        for row in rows {
            // (T + 1) -> (T) and (T)
            inputs.extend(row.ids[..time].iter().map(|&id| i64::from(id)));
            // Two simple passes, which the compiler turns into vector instructions; one loop with `push` it does not.
            let (ids, mask) = (&row.ids[1..], &row.mask[1..]);
            let target = |(&id, &counts): (&u32, &u8)| match counts {
                1 => i64::from(id),
                _ => IGNORED,
            };
            targets.extend(ids.iter().zip(mask).map(target));
            supervised += mask.iter().filter(|&&counts| counts == 1).count();
        }
        Batch {
            rows: rows.len(),
            time,
            inputs,
            targets,
            position,
            supervised,
        }
    }
}
// ANCHOR_END: from-rows

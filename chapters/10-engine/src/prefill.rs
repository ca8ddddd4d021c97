// ANCHOR: head
//! Prefill: many tokens of many rows into the cache, a rectangle at a time.
//!
//! ```text
//! pieces     first pass     second pass
//! row 0     [a b c d e f] [g h i j k l]
//! row 1     [a b c d e f] [g h i j k ~]       ~ padding
//! row 2     [a b c d e ~]                     not in the second pass at all
//! ```
//!
//! Pieces are of different lengths, and padding is computed like tokens. So a pass is as wide as its rows allow: cutting
//! where short ones end costs a pass more, going on costs padding.

use crate::{Engine, KvCache};
use transformer::{Error, Generation, Prompt};

/// Fills up rows; any id will do, since nothing ever sees it (see `kv_cache`).
const PADDING: i64 = 0;

/// A pass may have so much padding anyway, because a pass more costs about as much as computing these positions.
const FREE_PADDING: usize = 64;
// ANCHOR_END: head

// ANCHOR: read
/// What one pass of a prefill computed.
pub(crate) struct Read<'a> {
    /// (B, t, C): what the head would read, padding included.
    pub hidden: &'a tch::Tensor,
    /// Where in its piece each row's first token of this pass stands.
    pub start: usize,
    /// How many of the t tokens of each row are real; fewer rows than pieces, where the last ones have ended.
    pub counts: &'a [i64],
}

impl Engine<'_> {
    /// Reads `pieces[i]` into the cache's row `first + i`, and shows each pass to `seen`.
    ///
    /// Rows at the end of the list that have nothing left are dropped from later passes: put the longest first.
    pub(crate) fn read(
        &self,
        cache: &mut KvCache,
        first: usize,
        pieces: &[&[u32]],
        seen: &mut dyn FnMut(Read<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut start = 0;
        while let Some(last) = pieces.iter().rposition(|piece| piece.len() > start) {
            let rows = &pieces[..=last];
            let left: Vec<usize> = rows
                .iter()
                .map(|row| row.len().saturating_sub(start))
                .collect();
            let time = width(&left, self.prefill_chunk);

            let mut ids = Vec::with_capacity(rows.len() * time);
            let mut counts = Vec::with_capacity(rows.len());
            for piece in rows {
                let real = &piece[start.min(piece.len())..(start + time).min(piece.len())];
                counts.push(real.len() as i64);
                ids.extend(real.iter().map(|&id| i64::from(id)));
                ids.resize(counts.len() * time, PADDING);
            }
            cache.activate(first..first + rows.len());
            let ids = self.gpt.upload(&ids, rows.len() as i64, time as i64)?; // (B, t)
            let hidden = self.gpt.hidden(self.kernels, cache, &ids)?; // (B, t) -> (B, t, C)
            seen(Read {
                hidden: &hidden,
                start,
                counts: &counts,
            })?;
            cache.advance(&counts);
            start += time;
        }
        Ok(())
    }
    // ANCHOR_END: read

    // ANCHOR: begin
    /// The bookkeeping of a new row, or why its prompt cannot be continued.
    pub(crate) fn begin(&self, row: usize, prompt: &Prompt) -> Result<Generation, Error> {
        let generation = Generation::new(row, prompt, self.gpt.config())?;
        self.check_ids(row, &prompt.ids)?;
        Ok(generation)
    }

    /// Ids are checked before anything is computed: in the middle of a batch, one row's error would be everyone's.
    pub(crate) fn check_ids(&self, row: usize, ids: &[u32]) -> Result<(), Error> {
        let vocab_size = self.gpt.config().vocab_size;
        match ids.iter().position(|&id| i64::from(id) >= vocab_size) {
            None => Ok(()),
            Some(position) => Err(Error::Outside {
                what: "id",
                id: i64::from(ids[position]),
                row: row as i64,
                position: position as i64,
                vocab_size,
            }),
        }
    }
}
// ANCHOR_END: begin

// ANCHOR: width
/// How many columns the next pass reads of rows that have so many tokens left: the most, up to the chunk, with which
/// padding is free or at most a quarter of what is read.
fn width(left: &[usize], chunk: usize) -> usize {
    let mut widths: Vec<usize> = left.iter().map(|&left| left.min(chunk)).collect();
    widths.retain(|&width| width > 0);
    widths.sort_unstable();
    widths.dedup();
    let fits = |width: &&usize| {
        let real: usize = left.iter().map(|&left| left.min(**width)).sum();
        left.len() * **width - real <= FREE_PADDING + real / 4
    };
    let widest = widths.iter().rev().find(fits).or(widths.first());
    *widest.expect("some row has tokens left")
}
// ANCHOR_END: width

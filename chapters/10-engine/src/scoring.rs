// ANCHOR: head
//! `Scorer` for the engine: what rows have in common is computed once.
//!
//! A multiple-choice question is scored as four rows that differ in their last few tokens; questions of one subject
//! begin with the same five examples. A forward pass over whole rows computes the same keys, values and losses
//! again and again. Here a prefix is read once, its cache row is copied for everyone who goes on from there, and only the
//! rest is read per row.
//!
//! Memory stays bounded: rows are scored in portions, and logits are made for a block of positions at a time, only
//! where there is a token and never for padding.

use crate::prefill::Read;
use crate::prefix::{Segment, levels};
use crate::{Engine, KvCache};
use std::cmp::Reverse;
use tch::{Kind, Tensor};
use transformer::{Error, Scorer, Scores};

/// At most so many positions (rows × the longest) in the cache of one portion, unless a single row has more.
const POSITIONS: usize = 16_384;

/// At most so many logits at once: 64 MiB of them.
const LOGITS: usize = 1 << 24;
// ANCHOR_END: head

// ANCHOR: score
impl Scorer for Engine<'_> {
    fn score_from(&self, rows: &[Vec<u32>], from: &[usize]) -> Result<Vec<Scores>, Error> {
        let _guard = tch::no_grad_guard();
        let context = self.gpt.config().context;
        for (row, ids) in rows.iter().enumerate() {
            if ids.is_empty() {
                return Err(Error::EmptyRow { row });
            }
            let time = ids.len() as i64;
            if time > context {
                return Err(Error::TooLong { time, context });
            }
            self.check_ids(row, ids)?;
        }
        // Sorted, rows that begin alike are neighbours, wherever they stood.
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by(|&a, &b| rows[a].cmp(&rows[b]));

        let mut scores = vec![None; rows.len()];
        let mut left = &order[..];
        while !left.is_empty() {
            let (mut count, mut longest) = (0, 0);
            while let Some(&row) = left.get(count) {
                longest = rows[row].len().max(longest);
                if count > 0 && (count + 1) * longest > POSITIONS {
                    break;
                }
                count += 1;
            }
            let (portion, later) = left.split_at(count);
            let sorted: Vec<&[u32]> = portion.iter().map(|&row| &rows[row][..]).collect();
            let from: Vec<usize> = portion
                .iter()
                .map(|&row| from.get(row).copied().unwrap_or(0))
                .collect();
            for (&row, found) in portion.iter().zip(self.score_sorted(&sorted, &from)?) {
                scores[row] = Some(found);
            }
            left = later;
        }
        let scores = scores.into_iter();
        Ok(scores
            .map(|found| found.expect("each row is in one portion"))
            .collect())
    }
}
// ANCHOR_END: score

// ANCHOR: portion
impl Engine<'_> {
    /// Level by level: each segment begins with its parent's row of the cache.
    fn score_sorted(&self, sorted: &[&[u32]], from: &[usize]) -> Result<Vec<Scores>, Error> {
        let mut scores: Vec<Scores> = sorted
            .iter()
            .map(|ids| Scores {
                losses: vec![0.0; ids.len() - 1],
                argmax: vec![0; ids.len()],
            })
            .collect();
        let mut above: Option<(KvCache, Vec<usize>)> = None; // a level's cache, and each segment's row in it
        for level in levels(sorted) {
            // The longest first, as prefill likes it.
            let mut order: Vec<usize> = (0..level.len()).collect();
            order.sort_by_key(|&index| Reverse(level[index].positions.len()));
            let segments: Vec<&Segment> = order.iter().map(|&index| &level[index]).collect();

            let ends = segments.iter().map(|segment| segment.positions.end);
            let slots = ends.max().unwrap_or(0);
            let mut cache = match &above {
                None => {
                    let (kind, device) = (self.gpt.compute(), self.gpt.device());
                    KvCache::new(self.gpt.config(), segments.len(), slots, kind, device)
                }
                Some((cache, row_of)) => {
                    let parents: Vec<usize> = segments
                        .iter()
                        .map(|segment| row_of[segment.parent.expect("not in the first level")])
                        .collect();
                    cache.select(&parents, slots as i64)
                }
            };
            let pieces: Vec<&[u32]> = segments
                .iter()
                .map(|segment| &sorted[segment.rows.start][segment.positions.clone()])
                .collect();
            self.read(&mut cache, 0, &pieces, &mut |read| {
                self.judge(&read, &segments, sorted, from, &mut scores)
            })?;

            let mut row_of = vec![0; level.len()];
            for (row, &index) in order.iter().enumerate() {
                row_of[index] = row;
            }
            above = Some((cache, row_of));
        }
        Ok(scores)
    }
    // ANCHOR_END: portion

    // ANCHOR: judge
    /// Losses and argmax of the positions of one pass, written to every row that they belong to. Positions that none of a
    /// segment's rows asks for are passed over: of a prompt full of examples that is nearly all.
    fn judge(
        &self,
        read: &Read<'_>,
        segments: &[&Segment],
        sorted: &[&[u32]],
        from: &[usize],
        scores: &mut [Scores],
    ) -> Result<(), Error> {
        let (_, time, _) = read.hidden.size3()?;
        let mut places = Vec::new(); // of the real tokens among the B · t
        let mut found = Vec::new(); // whose they are: segment and position
        let mut next = Vec::new();
        for (row, (&count, segment)) in read.counts.iter().zip(segments).enumerate() {
            let earliest = from[segment.rows.clone()]
                .iter()
                .copied()
                .min()
                .unwrap_or(0);
            for at in 0..count {
                let position = segment.positions.start + read.start + at as usize;
                if position < earliest {
                    continue;
                }
                let target = sorted[segment.rows.start].get(position + 1);
                places.push(row as i64 * time + at);
                found.push((*segment, position));
                next.push(i64::from(target.copied().unwrap_or(0))); // after the last one nothing is asked
            }
        }
        let config = self.gpt.config();
        let hidden = read.hidden.flatten(0, 1); // (B, t, C) -> (B · t, C)
        let block = (LOGITS / config.vocab_size as usize).max(1);
        let upload = |numbers: &[i64]| Tensor::from_slice(numbers).to_device(hidden.device());
        for start in (0..places.len()).step_by(block) {
            let block = start..(start + block).min(places.len());
            let x = hidden.index_select(0, &upload(&places[block.clone()])); // (n, C)
            let head = self.gpt.head();
            let logits = self
                .kernels
                .logits(&x.unsqueeze(0), &head, config.softcap)
                .squeeze_dim(0); // (1, n, V) -> (n, V)
            let next = upload(&next[block.clone()]).unsqueeze(1); // (n, 1)
            // −ln p(next) = ln Σ exp(logits) − logits[next]
            let losses =
                logits.logsumexp(-1, false) - logits.gather(1, &next, false).squeeze_dim(1); // (n)
            let losses: Vec<f32> = Vec::try_from(losses.to_kind(Kind::Float))?;
            let argmax: Vec<i64> = Vec::try_from(logits.argmax(-1, false))?;
            for (&(segment, position), (loss, best)) in
                found[block].iter().zip(losses.into_iter().zip(argmax))
            {
                for row in &mut scores[segment.rows.clone()] {
                    row.argmax[position] = best as u32;
                    if let Some(place) = row.losses.get_mut(position) {
                        *place = loss;
                    }
                }
            }
        }
        Ok(())
    }
}
// ANCHOR_END: judge

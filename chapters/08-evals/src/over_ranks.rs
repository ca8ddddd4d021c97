// ANCHOR: head
//! Evaluations by several ranks: they share the rows, and everything above knows nothing of it.
//!
//! All examinations ask through two traits, [`Scorer`] and [`Sampler`], and both promise that what a row gets depends on
//! nothing but the row. So the ranks can be hidden behind the same traits: each rank computes a stretch of rows, and the
//! results are sent to all. A stretch, because neighbours are often options of one question or samples of one prompt, and share
//! a beginning that an engine reads once. Every rank runs the whole evaluation, asks the same questions in the same order, and comes to the same
//! scores. What chapter 09 samples for its rewards is shared the same way.

use muon::{Collective, gather_bytes};
use std::ops::{ControlFlow, Range};
use transformer::{Added, Error, Prompt, Sample, Sampler, Scorer, Scores, StopReason, Tool};
// ANCHOR_END: head

// ANCHOR: shared
/// A scorer or sampler whose rows are shared by all ranks. All must ask it the same.
pub struct Shared<'a, T> {
    /// This rank's own.
    pub own: T,
    pub ranks: &'a dyn Collective,
}

impl<T> Shared<'_, T> {
    /// Which of `count` rows are this rank's.
    fn mine(&self, count: usize) -> Range<usize> {
        self.of(self.ranks.rank(), count)
    }

    /// Which are another's; the last ranks may have fewer, or none.
    fn of(&self, rank: usize, count: usize) -> Range<usize> {
        let each = count.div_ceil(self.ranks.world());
        let place = |rank: usize| (rank * each).min(count);
        place(rank)..place(rank + 1)
    }

    /// The results of all rows, given this rank's, each written as integers.
    fn everyones(&self, own: &[Written], count: usize) -> Result<Vec<Written>, Error> {
        let wrong = |problem: String| Error::Ranks { problem };
        let bytes = serde_json::to_vec(own).expect("integers are plain data");
        let all = gather_bytes(self.ranks, &bytes).map_err(|e| wrong(e.to_string()))?;
        let read = |bytes: &Vec<u8>| serde_json::from_slice::<Vec<Written>>(bytes);
        let ranks: Result<Vec<_>, _> = all.iter().map(read).collect();
        let ranks = ranks.map_err(|e| wrong(format!("another rank's results: {e}")))?;
        let as_dealt =
            |(rank, rows): (usize, &Vec<Written>)| rows.len() == self.of(rank, count).len();
        match ranks.iter().enumerate().all(as_dealt) {
            true => Ok(ranks.into_iter().flatten().collect()),
            false => Err(wrong("another rank answered other rows".to_string())),
        }
    }
}

/// Vectors of integers; fp32 numbers as their bits, so that nothing is rounded on the way.
type Written = Vec<Vec<u32>>;

fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

fn numbers(bits: &[u32]) -> Vec<f32> {
    bits.iter().map(|&bits| f32::from_bits(bits)).collect()
}
// ANCHOR_END: shared

// ANCHOR: scorer
impl<S: Scorer> Scorer for Shared<'_, S> {
    fn score_from(&self, rows: &[Vec<u32>], from: &[usize]) -> Result<Vec<Scores>, Error> {
        let mine = self.mine(rows.len());
        let own = self.own.score_from(&rows[mine.clone()], &from[mine])?;
        let written: Vec<Written> = own
            .iter()
            .map(|scores| vec![bits(&scores.losses), scores.argmax.clone()])
            .collect();
        let read = |written: Written| match written.as_slice() {
            [losses, argmax] => Ok(Scores {
                losses: numbers(losses),
                argmax: argmax.clone(),
            }),
            _ => Err(foreign()),
        };
        self.everyones(&written, rows.len())?
            .into_iter()
            .map(read)
            .collect()
    }
}

fn foreign() -> Error {
    Error::Ranks {
        problem: "another rank answered something else; were all started from the same program?"
            .to_string(),
    }
}
// ANCHOR_END: scorer

// ANCHOR: sampler
impl<S: Sampler> Sampler for Shared<'_, S> {
    /// `on_token` and the tool hear this rank's own rows. A row that `on_token` ends is ended for all.
    fn sample(
        &mut self,
        prompts: &[Prompt],
        tool: Option<&mut dyn Tool>,
        on_token: &mut dyn FnMut(&Added<'_>) -> ControlFlow<()>,
    ) -> Result<Vec<Sample>, Error> {
        let mine = self.mine(prompts.len());
        let own = self
            .own
            .sample(&prompts[mine.clone()], tool, &mut |added| {
                on_token(&Added {
                    row: mine.start + added.row,
                    ..*added
                })
            })?;
        let written: Vec<Written> = own.iter().map(written).collect();
        self.everyones(&written, prompts.len())?
            .into_iter()
            .map(sample)
            .collect()
    }
}

fn written(sample: &Sample) -> Written {
    let stop = match sample.stop {
        StopReason::Token(id) => vec![0, id],
        StopReason::MaxTokens => vec![1],
        StopReason::ContextFull => vec![2],
        StopReason::Interrupted => vec![3],
    };
    let mask = sample
        .mask
        .iter()
        .map(|&chosen| u32::from(chosen))
        .collect();
    vec![
        sample.ids.clone(),
        mask,
        bits(&sample.log_probabilities),
        stop,
    ]
}

fn sample(written: Written) -> Result<Sample, Error> {
    let [ids, mask, log_probabilities, stop] = written.as_slice() else {
        return Err(foreign());
    };
    let stop = match stop.as_slice() {
        [0, id] => StopReason::Token(*id),
        [1] => StopReason::MaxTokens,
        [2] => StopReason::ContextFull,
        [3] => StopReason::Interrupted,
        _ => return Err(foreign()),
    };
    Ok(Sample {
        ids: ids.clone(),
        mask: mask.iter().map(|&chosen| u8::from(chosen != 0)).collect(),
        log_probabilities: numbers(log_probabilities),
        stop,
    })
}
// ANCHOR_END: sampler

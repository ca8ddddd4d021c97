// ANCHOR: head
//! Continuous batching: rows join and leave a running batch, and each pass decodes whoever is there.
//!
//! ```text
//! pass        1  2  3  4  5  6  7  8  9
//! row A       ■  ■  ■  ■                    ends; its place is free at once
//! row B       ■  ■  ■  ■  ■  ■  ■  ■  ■
//! row C             ■  ■  ■  ■              joins in the third pass
//! row D                      ■  ■  ■  ■     joins later, in A's place
//! ```
//!
//! Words: a *live* row is one that still grows. Live rows hold the first rows of the cache, without gaps, so that a pass
//! computes nothing for nobody: when a row ends, the last live one changes places with it. A *kept* row is what an ended row
//! leaves behind: its keys and values stay until the place is needed, because the next prompt of a conversation begins
//! with the whole of the last one and its answer.
//!
//! What a row says depends on its prompt alone. Neighbours share the passes and nothing else: no query sees another row's
//! slots, and random numbers are the row's own.

use crate::prefix::common_prefix;
use crate::{Engine, KvCache};
use std::ops::ControlFlow;
use transformer::{Added, Error, Generation, Prompt, Sample, Tool};

/// The name of a row in its batch: 0, 1, 2, … in the order in which rows joined, never used twice. `Added::row` and
/// `Tool::accept` speak of rows by it.
pub type RowId = usize;

/// A newcomer waits for another one's prefill if it can copy so many tokens from it: a pass more for these tokens less.
const WORTH_WAITING: usize = 32;
// ANCHOR_END: head

// ANCHOR: batch
/// Rows that are decoded together. See [`Engine::batch`].
pub struct Batch<'a> {
    engine: Engine<'a>,
    cache: KvCache,
    /// `rows[i]` is in row i of the cache.
    rows: Vec<Row>,
    /// `kept[j]` is in row `rows.len() + j` of the cache: every row of the cache is live or kept.
    kept: Vec<Kept>,
    finished: Vec<(RowId, Sample)>,
    /// How many rows have ever joined, and how many have ended.
    joined: usize,
    ended: usize,
}

struct Row {
    id: RowId,
    generation: Generation,
}

/// The ids whose keys and values a free row of the cache still holds, none if it is new, and the number of the ending that
/// left them.
struct Kept {
    ids: Vec<u32>,
    since: usize,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(engine: Engine<'a>) -> Self {
        let gpt = engine.gpt;
        Batch {
            engine,
            cache: KvCache::new(gpt.config(), 0, 0, gpt.compute(), gpt.device()),
            rows: Vec::new(),
            kept: Vec::new(),
            finished: Vec::new(),
            joined: 0,
            ended: 0,
        }
    }

    /// How many rows still grow.
    pub fn live(&self) -> usize {
        self.rows.len()
    }

    /// The memory that keys and values take now, in bytes. It grows with the most rows that were ever live at once and
    /// with the longest row; it goes back when the batch is dropped.
    pub fn bytes(&self) -> u64 {
        let (rows, slots) = (self.cache.lengths().len(), self.cache.slots() as usize);
        let gpt = self.engine.gpt;
        KvCache::bytes(gpt.config(), rows, slots, gpt.compute())
    }

    /// The rows that have ended since this was last asked, in the order of their ending.
    pub fn finished(&mut self) -> Vec<(RowId, Sample)> {
        std::mem::take(&mut self.finished)
    }

    /// Ends a row before its time, because nobody waits for it any more: its sample so far, `None` if it is not live.
    pub fn leave(&mut self, id: RowId) -> Option<Sample> {
        let index = self.rows.iter().position(|row| row.id == id)?;
        Some(self.retire(index).1)
    }
}
// ANCHOR_END: batch

// ANCHOR: join
impl Batch<'_> {
    /// Adds a row and reads its prompt. The row's first token comes with the next `step`.
    ///
    /// If the prompt cannot be continued (an id outside the vocabulary, senseless settings), nothing has changed. If a pass
    /// fails while it is read (a damaged model), the row is not live; the others are as they were, but its name is used
    /// up, and rows that were kept may have lost their places. A row that may not grow at all (no tokens allowed,
    /// context full) is finished at once and never live.
    pub fn join(&mut self, prompt: &Prompt) -> Result<RowId, Error> {
        let ids = self.join_all(std::slice::from_ref(prompt))?;
        Ok(ids[0])
    }

    /// Adds several rows, which are read together; equal prompts and long common prefixes are read once. An error is
    /// everyone's: none of them is live.
    pub fn join_all(&mut self, prompts: &[Prompt]) -> Result<Vec<RowId>, Error> {
        let _guard = tch::no_grad_guard();
        let ids = self.joined..self.joined + prompts.len();
        let mut newcomers = Vec::new();
        for (id, prompt) in ids.clone().zip(prompts) {
            let generation = self.engine.begin(id, prompt)?;
            newcomers.push(Row { id, generation });
        }
        self.joined = ids.end;
        for index in (0..newcomers.len()).rev() {
            if newcomers[index].generation.is_finished() {
                let row = newcomers.remove(index);
                self.finished.push((row.id, row.generation.finish()));
            }
        }
        // The longest first, as prefill likes it.
        newcomers.sort_by_key(|row| std::cmp::Reverse(row.generation.ids().len()));

        let live = self.rows.len();
        let longest = newcomers.first().map_or(0, |row| to_read(row).len() + 1);
        self.reserve(live + newcomers.len(), longest);
        let (first, second) = self.waves(newcomers);
        let admitted = self.admit(first).and_then(|()| self.admit(second));
        if admitted.is_err() {
            while self.rows.len() > live {
                let _ = self.retire(self.rows.len() - 1);
            }
        }
        admitted.map(|()| ids.collect())
    }

    /// Room for so many rows and slots; rows that the cache did not have before are kept ones that hold nothing.
    fn reserve(&mut self, rows: usize, slots: usize) {
        self.cache.reserve(rows, slots as i64);
        let free = self.cache.lengths().len() - self.rows.len();
        let since = self.ended;
        let empty = || Kept {
            ids: Vec::new(),
            since,
        };
        self.kept.resize_with(free, empty);
    }

    /// Newcomers that share a prefix come in two waves: one reads it, the others copy it and read the rest.
    fn waves(&self, newcomers: Vec<Row>) -> (Vec<Row>, Vec<Row>) {
        let (mut first, mut second) = (Vec::<Row>::new(), Vec::new());
        for row in newcomers {
            let ids = to_read(&row);
            let held = self.best_source(ids).map_or(0, |(_, length)| length);
            let shared = first.iter().map(|other| common_prefix(to_read(other), ids));
            let shared = shared.max().unwrap_or(0);
            let whole = shared == ids.len() && held < shared;
            if whole || shared >= held + WORTH_WAITING {
                second.push(row);
            } else {
                first.push(row);
            }
        }
        (first, second)
    }

    /// Places rows and reads what their places do not hold yet.
    fn admit(&mut self, wave: Vec<Row>) -> Result<(), Error> {
        let first = self.rows.len();
        for row in wave {
            self.place(row);
        }
        let pieces: Vec<&[u32]> = (first..self.rows.len())
            .map(|index| &to_read(&self.rows[index])[self.cache.lengths()[index] as usize..])
            .collect();
        let engine = self.engine;
        engine.read(&mut self.cache, first, &pieces, &mut |_| Ok(()))
    }
    // ANCHOR_END: join

    // ANCHOR: place
    /// The row of the cache, live or kept, that holds the longest prefix of these ids, and how long that is.
    fn best_source(&self, ids: &[u32]) -> Option<(usize, usize)> {
        let live = self.rows.iter().map(|row| row.generation.ids());
        let kept = self.kept.iter().map(|kept| &kept.ids[..]);
        let held = live.chain(kept).zip(self.cache.lengths()).enumerate();
        held.map(|(index, (row, &length))| (index, common_prefix(&row[..length as usize], ids)))
            .filter(|&(_, shared)| shared > 0)
            // Of equals the last: a kept row can be taken over as it is, a live one must be copied.
            .max_by_key(|&(_, shared)| shared)
    }

    /// Gives a row the first place behind the live ones, with as much of its prompt as any row of the cache holds.
    fn place(&mut self, row: Row) {
        let place = self.rows.len();
        let source = self.best_source(to_read(&row));
        match source {
            Some((kept, length)) if kept >= place => {
                self.swap_kept(kept - place);
                self.cache.truncate(place, length as i64);
            }
            _ => {
                // One that holds nothing, if there is one, else the one that ended longest ago.
                let worth = |j: &usize| (!self.kept[*j].ids.is_empty(), self.kept[*j].since);
                let least = (0..self.kept.len()).min_by_key(worth);
                self.swap_kept(least.expect("`reserve` made a place for each newcomer"));
                match source {
                    Some((live, length)) => self.cache.copy_row(live, place, length as i64),
                    None => self.cache.truncate(place, 0),
                }
            }
        }
        self.kept.remove(0);
        self.rows.push(row);
    }

    /// Brings a kept row to the front of the kept ones.
    fn swap_kept(&mut self, index: usize) {
        if index > 0 {
            let front = self.rows.len();
            self.cache.swap_rows(front, front + index);
            self.kept.swap(0, index);
        }
    }

    /// Takes a row out of the live ones; what it held is kept.
    fn retire(&mut self, index: usize) -> (RowId, Sample) {
        let last = self.rows.len() - 1;
        self.cache.swap_rows(index, last);
        let row = self.rows.swap_remove(index);
        let length = self.cache.lengths()[last] as usize;
        let ids = row.generation.ids()[..length].to_vec();
        let since = self.ended;
        self.ended += 1;
        self.kept.insert(0, Kept { ids, since });
        (row.id, row.generation.finish())
    }
    // ANCHOR_END: place

    // ANCHOR: step
    /// One decode pass: each live row gets one token, and rows that end by it are `finished`.
    ///
    /// An error (a damaged model, a tool that orders an id outside the vocabulary) ends all live rows as interrupted.
    /// The batch itself can go on with others.
    pub fn step(
        &mut self,
        mut tool: Option<&mut dyn Tool>,
        on_token: &mut dyn FnMut(&Added<'_>) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let _guard = tch::no_grad_guard();
        let vocab_size = self.engine.gpt.config().vocab_size as usize;
        let advanced = self.decode().and_then(|logits| {
            let rows = self.rows.iter_mut().zip(logits.chunks_exact(vocab_size));
            for (Row { generation, .. }, logits) in rows {
                match &mut tool {
                    Some(tool) => generation.advance(logits, Some(&mut **tool), on_token)?,
                    None => generation.advance(logits, None, on_token)?,
                }
            }
            Ok(())
        });
        for index in (0..self.rows.len()).rev() {
            if advanced.is_err() || self.rows[index].generation.is_finished() {
                let ended = self.retire(index);
                self.finished.push(ended);
            }
        }
        advanced
    }

    /// Reads the newest token of each live row, gives the logits of the next, (B · V,) on the host.
    fn decode(&mut self) -> Result<Vec<f32>, Error> {
        let newest = self.rows.iter().map(|Row { generation, .. }| {
            let id = generation.ids().last().expect("a prompt is never empty");
            i64::from(*id)
        });
        let ids: Vec<i64> = newest.collect();
        let Engine { gpt, kernels, .. } = self.engine;
        self.cache.activate(0..ids.len());
        let ids = gpt.upload(&ids, ids.len() as i64, 1)?; // (B, 1)
        let logits = gpt.last_logits(kernels, &mut self.cache, &ids)?; // (B, 1) -> (B, V)
        self.cache.advance(&vec![1; self.rows.len()]);
        Ok(Vec::try_from(logits.flatten(0, 1))?) // (B, V) -> (B · V,)
    }
}
// ANCHOR_END: step

// ANCHOR: to_read
/// What prefill reads of a row: all but the newest token, which the first decode pass reads, so that all rows have their
/// first logits in the same place.
fn to_read(row: &Row) -> &[u32] {
    let ids = row.generation.ids();
    &ids[..ids.len() - 1]
}
// ANCHOR_END: to_read

// ANCHOR: tests
#[cfg(test)]
mod tests {
    use super::*;
    use transformer::{Config, Gpt, Plain, Sampling};

    fn model(context: i64) -> Gpt {
        let shape = Config::d(2, 61, context).expect("a shape");
        let config = Config {
            heads: 4,
            kv_heads: 2,
            width: 32,
            ..shape
        };
        Gpt::new(&config, tch::Device::Cpu, 1).expect("a model")
    }

    /// `start`, `start` + 1, … as a prompt of so many ids for an answer of one.
    fn prompt(start: u32, length: u32) -> Prompt {
        let settings = Sampling {
            max_tokens: 1,
            ..Sampling::default()
        };
        Prompt {
            ids: (start..start + length).collect(),
            settings,
            seed: 0,
        }
    }

    #[test]
    fn a_first_wave_that_fails_takes_no_more_than_it_was_given() {
        let (gpt, short) = (model(64), model(10));
        let mut batch = Engine::new(&gpt, &Plain).batch();
        let (old, recent) = (prompt(0, 20), prompt(30, 20));
        batch.join_all(&[old.clone(), recent.clone()]).expect("two");
        batch
            .step(None, &mut |_| ControlFlow::Continue(()))
            .expect("a pass");
        assert_eq!((batch.live(), batch.kept.len()), (0, 2));
        let held = |batch: &Batch, prompt: &Prompt| {
            let source = batch.best_source(&prompt.ids);
            source.map_or(0, |(_, length)| length)
        };
        assert_eq!((held(&batch, &old), held(&batch, &recent)), (20, 20));

        // Passes fail on a model whose rotations end at 10 while the cache goes on to 64: `grows` takes over 6 slots of
        // `recent`, and `new` is 6 longer than what is left of it to read, so that its padding reaches 12.
        batch.engine.gpt = &short;
        let new = prompt(50, 8);
        let grows = Prompt {
            ids: [&recent.ids[..6], &[1, 1]].concat(),
            ..recent.clone()
        };
        // The first wave is `new` and `grows`; the second, `new` once more, is never placed.
        let error = batch.join_all(&[new.clone(), new, grows]);
        assert!(matches!(error, Err(Error::Position { .. })), "{error:?}");
        assert_eq!((batch.live(), batch.kept.len()), (0, 3));
        // `new` had the third row, which was made for it, and `recent` gave what it was asked for.
        assert_eq!((held(&batch, &old), held(&batch, &recent)), (20, 6));

        // The row that failed holds nothing, so whoever comes next gets its place, and `old` keeps its own.
        batch.engine.gpt = &gpt;
        batch.join(&prompt(10, 5)).expect("a prompt");
        assert_eq!((batch.live(), held(&batch, &old)), (1, 20));
        assert_eq!(batch.kept.len() + batch.live(), batch.cache.lengths().len());
    }
}
// ANCHOR_END: tests

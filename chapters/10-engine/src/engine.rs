//! The engine: generation that reads each token once.
//!
//! Words: *prefill* reads the prompts into the cache, many tokens per forward pass, and is limited by arithmetic.
//! *Decode* then adds one token per row and pass, and is limited by memory: each pass reads all the weights, whether for
//! one row or for sixty-four. That is why rows are decoded together.
//!
//! ```text
//! prefill   [bos What is the]      all but the last token of each prompt, in chunks
//! decode    [largest] -> logits -> choose -> [moon] -> logits -> choose -> …       one column per pass
//! ```
//!
//! Tokens are chosen by chapter 03's `Generation`, exactly as the naive sampler does it: same temperature, same
//! top k, same random numbers per row. The two differ only in how they come by the logits, so whenever their output
//! differs, the cache is wrong. The tests live on that.

use crate::KvCache;
use std::collections::HashMap;
use std::ops::ControlFlow;
use transformer::{Added, Error, Generation, Gpt, Kernels, Prompt, Sample, Sampler, Tool};

/// Fills up rows; any id will do, since nothing ever sees it (see `kv_cache`).
const PADDING: i64 = 0;

/// Prompt tokens per row and prefill pass. More costs memory for activations and saves nothing: a few hundred rows
/// fill a matrix product.
const PREFILL_CHUNK: usize = 256;

// ANCHOR: engine
/// A sampler with a key-value cache. Making one costs nothing; each call of `sample` has a cache of its own.
pub struct Engine<'a> {
    gpt: &'a Gpt,
    kernels: &'a dyn Kernels,
    prefill_chunk: usize,
}

impl<'a> Engine<'a> {
    pub fn new(gpt: &'a Gpt, kernels: &'a dyn Kernels) -> Self {
        Engine {
            gpt,
            kernels,
            prefill_chunk: PREFILL_CHUNK,
        }
    }

    /// Reads prompts in chunks of so many tokens per row. The result does not depend on it.
    pub fn with_prefill_chunk(mut self, tokens: usize) -> Self {
        self.prefill_chunk = tokens.max(1);
        self
    }
}
// ANCHOR_END: engine

impl Engine<'_> {
    // ANCHOR: prefill
    /// Reads all prompts but for their last tokens into a fresh cache with one row per prompt.
    ///
    /// The last token is left to the first decode pass: prompts end at different columns, and this way all rows
    /// have their first logits in the same place. Prompts that begin alike up to that token are read once: asking for
    /// sixteen answers to one question costs one prefill.
    fn prefill(&self, prompts: &[Prompt]) -> Result<KvCache, Error> {
        let context = self.gpt.config().context as usize;
        let end = |prompt: &Prompt| {
            context.min(prompt.ids.len().saturating_add(prompt.settings.max_tokens))
        };
        let slots = prompts.iter().map(end).max().unwrap_or(0);

        let mut distinct: Vec<&[u32]> = Vec::new();
        let mut known: HashMap<&[u32], usize> = HashMap::new();
        let mut row_of_prompt = Vec::new();
        for prompt in prompts {
            let read = &prompt.ids[..prompt.ids.len() - 1];
            row_of_prompt.push(*known.entry(read).or_insert_with(|| {
                distinct.push(read);
                distinct.len() - 1
            }));
        }

        let config = self.gpt.config();
        let (kind, device) = (self.gpt.compute(), self.gpt.device());
        let mut cache = KvCache::new(config, distinct.len(), slots, kind, device);
        let longest = distinct.iter().map(|ids| ids.len()).max().unwrap_or(0);
        for start in (0..longest).step_by(self.prefill_chunk) {
            let end = longest.min(start + self.prefill_chunk);
            self.read(&mut cache, &distinct, start, end)?;
        }
        if distinct.len() < prompts.len() {
            cache = cache.select(&row_of_prompt);
        }
        Ok(cache)
    }

    /// Reads columns `start..end` of the rows: t = end - start new positions each.
    fn read(
        &self,
        cache: &mut KvCache,
        rows: &[&[u32]],
        start: usize,
        end: usize,
    ) -> Result<(), Error> {
        let mut ids = Vec::with_capacity(rows.len() * (end - start));
        let mut counts = Vec::with_capacity(rows.len());
        for row in rows {
            let real = &row[start.min(row.len())..end.min(row.len())];
            counts.push(real.len() as i64);
            ids.extend(real.iter().map(|&id| i64::from(id)));
            ids.resize(counts.len() * (end - start), PADDING);
        }
        let ids = self
            .gpt
            .upload(&ids, rows.len() as i64, (end - start) as i64)?; // (B, t)
        let _ = self.gpt.hidden(self.kernels, cache, &ids)?; // only what it leaves in the cache counts
        cache.advance(&counts);
        Ok(())
    }
    // ANCHOR_END: prefill

    // ANCHOR: decode
    /// One pass: reads the newest token of each row, gives the logits of the next, (B · V,) on the host.
    ///
    /// A row that has ended reads padding and is not counted: its slot is written again and again, and never seen.
    fn decode(&self, cache: &mut KvCache, rows: &[&Generation]) -> Result<Vec<f32>, Error> {
        let mut ids = Vec::with_capacity(rows.len());
        let mut counts = Vec::with_capacity(rows.len());
        for row in rows {
            let newest = row.ids().last().expect("a prompt is never empty");
            let (id, count) = match row.is_finished() {
                false => (i64::from(*newest), 1),
                true => (PADDING, 0),
            };
            ids.push(id);
            counts.push(count);
        }
        let ids = self.gpt.upload(&ids, rows.len() as i64, 1)?; // (B, 1)
        let logits = self.gpt.last_logits(self.kernels, cache, &ids)?; // (B, 1) -> (B, V)
        cache.advance(&counts);
        Ok(Vec::try_from(logits.flatten(0, 1))?) // (B, V) -> (B · V,)
    }
    // ANCHOR_END: decode
}

// ANCHOR: sample
impl Sampler for Engine<'_> {
    fn sample(
        &mut self,
        prompts: &[Prompt],
        mut tool: Option<&mut dyn Tool>,
        on_token: &mut dyn FnMut(&Added<'_>) -> ControlFlow<()>,
    ) -> Result<Vec<Sample>, Error> {
        let _guard = tch::no_grad_guard();
        let vocab_size = self.gpt.config().vocab_size as usize;
        let mut generations = Vec::new();
        for (row, prompt) in prompts.iter().enumerate() {
            generations.push(Generation::new(row, prompt, self.gpt.config())?);
        }
        let unfinished = |generations: &[Generation], rows: &[usize]| {
            rows.iter()
                .filter(|&&row| !generations[row].is_finished())
                .count()
        };

        // rows[i] is the generation that the cache's row i belongs to.
        let mut rows: Vec<usize> = (0..prompts.len()).collect();
        let mut live = unfinished(&generations, &rows);
        if live == 0 {
            return Ok(generations.into_iter().map(Generation::finish).collect());
        }
        let mut cache = self.prefill(prompts)?;
        while live > 0 {
            // Rows end at different times. Throwing each out as it ends would copy the cache every time; waiting until
            // half of them have ended copies each row at most once more in total.
            if 2 * live <= rows.len() {
                let kept: Vec<usize> = (0..rows.len())
                    .filter(|&i| !generations[rows[i]].is_finished())
                    .collect();
                cache = cache.select(&kept);
                rows = kept.iter().map(|&i| rows[i]).collect();
            }
            let reading: Vec<&Generation> = rows.iter().map(|&row| &generations[row]).collect();
            let logits = self.decode(&mut cache, &reading)?; // (B · V,)
            for (&row, logits) in rows.iter().zip(logits.chunks_exact(vocab_size)) {
                let generation = &mut generations[row];
                if generation.is_finished() {
                    continue;
                }
                match &mut tool {
                    Some(tool) => generation.advance(logits, Some(&mut **tool), on_token)?,
                    None => generation.advance(logits, None, on_token)?,
                }
            }
            live = unfinished(&generations, &rows);
        }
        Ok(generations.into_iter().map(Generation::finish).collect())
    }
}
// ANCHOR_END: sample

// ANCHOR: head
//! The engine: generation that reads each token once.
//!
//! Words: *prefill* reads prompts into the cache, many tokens per forward pass, and is limited by arithmetic.
//! *Decode* then adds one token per row and pass, and is limited by memory: each pass reads all the weights, whether for
//! one row or for sixty-four. That is why rows are decoded together (`batch`).
//!
//! ```text
//! prefill   [bos What is the]      all but the last token of each prompt, in chunks
//! decode    [largest] -> logits -> choose -> [moon] -> logits -> choose -> …       one column per pass
//! ```
//!
//! Tokens are chosen by chapter 03's `Generation`, exactly as the naive sampler does it: same temperature, same
//! truncation, same random numbers per row. The two differ only in how they come by the logits, so whenever their output
//! differs, the cache is wrong. The tests live on that.

use crate::Batch;
use std::ops::ControlFlow;
use transformer::{Added, Error, Gpt, Kernels, Prompt, Sample, Sampler, Tool};

/// Prompt tokens per row and prefill pass. More costs memory for activations and saves nothing: a few hundred rows
/// fill a matrix product.
const PREFILL_CHUNK: usize = 256;

/// Rows that `sample` decodes at once; further prompts wait until one ends. What bounds it is the cache's memory.
const ROWS: usize = 128;
// ANCHOR_END: head

// ANCHOR: engine
/// A model with its kernels, and how to use them for generation. Making one costs nothing; a cache belongs to a
/// [`Batch`].
#[derive(Clone, Copy)]
pub struct Engine<'a> {
    pub(crate) gpt: &'a Gpt,
    pub(crate) kernels: &'a dyn Kernels,
    pub(crate) prefill_chunk: usize,
    rows: usize,
}

impl<'a> Engine<'a> {
    pub fn new(gpt: &'a Gpt, kernels: &'a dyn Kernels) -> Self {
        Engine {
            gpt,
            kernels,
            prefill_chunk: PREFILL_CHUNK,
            rows: ROWS,
        }
    }

    /// Reads prompts in chunks of so many tokens per row. The result does not depend on it.
    pub fn with_prefill_chunk(mut self, tokens: usize) -> Self {
        self.prefill_chunk = tokens.max(1);
        self
    }

    /// `sample` decodes at most so many rows at once. The result does not depend on it.
    pub fn with_rows(mut self, rows: usize) -> Self {
        self.rows = rows.max(1);
        self
    }

    /// An empty batch, which rows may join and leave at any time.
    pub fn batch(&self) -> Batch<'a> {
        Batch::new(*self)
    }
}
// ANCHOR_END: engine

// ANCHOR: sample
impl Sampler for Engine<'_> {
    fn sample(
        &mut self,
        prompts: &[Prompt],
        mut tool: Option<&mut dyn Tool>,
        on_token: &mut dyn FnMut(&Added<'_>) -> ControlFlow<()>,
    ) -> Result<Vec<Sample>, Error> {
        // A prompt that cannot be read is an error before any work, also if its turn would come late.
        for (row, prompt) in prompts.iter().enumerate() {
            self.begin(row, prompt)?;
        }
        let mut samples: Vec<Option<Sample>> = vec![None; prompts.len()];
        let mut batch = self.batch(); // numbers its rows 0, 1, 2, … in the order in which they join
        let mut waiting = prompts;
        loop {
            let room = (self.rows - batch.live()).min(waiting.len());
            let (next, later) = waiting.split_at(room);
            batch.join_all(next)?;
            waiting = later;
            for (row, sample) in batch.finished() {
                samples[row] = Some(sample);
            }
            if batch.live() > 0 {
                match &mut tool {
                    Some(tool) => batch.step(Some(&mut **tool), on_token)?,
                    None => batch.step(None, on_token)?,
                }
            } else if waiting.is_empty() {
                break;
            }
        }
        Ok(samples
            .into_iter()
            .map(|sample| sample.expect("every row that joined has finished"))
            .collect())
    }
}
// ANCHOR_END: sample

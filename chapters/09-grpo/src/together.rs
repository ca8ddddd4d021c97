// ANCHOR: head
//! `TogetherSampler`: chapter 03's naive sampler with all rows in one forward pass per token.
//!
//! It still remembers nothing and computes every row from its beginning for each new token, but a step's rollouts are many
//! and short, and one pass over sixty-four rows costs little more than one over a single row. The demonstration uses it;
//! real runs use chapter 10's engine, through the same trait.

use std::ops::ControlFlow;
use tch::Tensor;
use transformer::{Added, Causal, Error, Generation, Gpt, Kernels, Prompt, Sample, Sampler, Tool};
// ANCHOR_END: head

// ANCHOR: together
pub struct TogetherSampler<'a> {
    gpt: &'a Gpt,
    kernels: &'a dyn Kernels,
}

impl<'a> TogetherSampler<'a> {
    pub fn new(gpt: &'a Gpt, kernels: &'a dyn Kernels) -> Self {
        TogetherSampler { gpt, kernels }
    }

    /// The logits after each row's last id: V numbers per row, one row behind the other.
    fn next_logits(&self, rows: &[&[u32]]) -> Result<Vec<f32>, Error> {
        let longest = rows.iter().map(|row| row.len()).max().unwrap_or(0);
        let mut ids = Vec::with_capacity(rows.len() * longest);
        let mut last = Vec::new();
        for row in rows {
            last.push((ids.len() + row.len() - 1) as i64);
            ids.extend(row.iter().map(|&id| i64::from(id)));
            ids.resize(last.len() * longest, 0); // padding on the right, which no position of the row sees
        }
        let ids = self.gpt.upload(&ids, rows.len() as i64, longest as i64)?; // (B, T)
        let last = Tensor::from_slice(&last).to_device(self.gpt.device()); // (B,)
        let hidden = self.gpt.hidden(self.kernels, &mut Causal, &ids)?; // (B, T, C)
        let hidden = hidden.flatten(0, 1).index_select(0, &last); // (B, T, C) -> (B, C)
        let softcap = self.gpt.config().softcap;
        let logits = self
            .kernels
            .logits(&hidden.unsqueeze(0), &self.gpt.head(), softcap); // (1, B, V)
        Ok(Vec::try_from(logits.flatten(0, 2))?)
    }
}

impl Sampler for TogetherSampler<'_> {
    fn sample(
        &mut self,
        prompts: &[Prompt],
        mut tool: Option<&mut dyn Tool>,
        on_token: &mut dyn FnMut(&Added<'_>) -> ControlFlow<()>,
    ) -> Result<Vec<Sample>, Error> {
        let _guard = tch::no_grad_guard();
        let mut rows: Vec<Generation> = prompts
            .iter()
            .enumerate()
            .map(|(row, prompt)| Generation::new(row, prompt, self.gpt.config()))
            .collect::<Result<_, _>>()?;
        loop {
            for row in &mut rows {
                while row.is_forced() && !row.is_finished() {
                    row.advance(&[], None, on_token)?;
                }
            }
            let mut open: Vec<&mut Generation> =
                rows.iter_mut().filter(|row| !row.is_finished()).collect();
            if open.is_empty() {
                break;
            }
            let ids: Vec<&[u32]> = open.iter().map(|row| row.ids()).collect();
            let logits = self.next_logits(&ids)?;
            let vocab_size = logits.len() / open.len();
            for (row, logits) in open.iter_mut().zip(logits.chunks(vocab_size)) {
                match &mut tool {
                    Some(tool) => row.advance(logits, Some(&mut **tool), on_token)?,
                    None => row.advance(logits, None, on_token)?,
                }
            }
        }
        Ok(rows.into_iter().map(Generation::finish).collect())
    }
}
// ANCHOR_END: together

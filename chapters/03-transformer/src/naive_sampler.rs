// ANCHOR: head
//! `NaiveSampler`: generation as it is defined, with nothing remembered: for every new token the whole row is computed
//! again. Row by row, slow, and therefore the oracle for chapter 10's engine.

use std::ops::ControlFlow;

use crate::{Added, Causal, Error, Generation, Gpt, Kernels, Prompt, Sample, Sampler, Tool};
// ANCHOR_END: head

// ANCHOR: naive_sampler
pub struct NaiveSampler<'a> {
    gpt: &'a Gpt,
    kernels: &'a dyn Kernels,
}

impl<'a> NaiveSampler<'a> {
    pub fn new(gpt: &'a Gpt, kernels: &'a dyn Kernels) -> NaiveSampler<'a> {
        NaiveSampler { gpt, kernels }
    }

    /// Logits after the last of these ids, (V,) on the host.
    fn next_logits(&self, ids: &[u32]) -> Result<Vec<f32>, Error> {
        let wide: Vec<i64> = ids.iter().map(|&id| i64::from(id)).collect();
        let ids = self.gpt.upload(&wide, 1, wide.len() as i64)?; // (1, T)
        let logits = self.gpt.last_logits(self.kernels, &mut Causal, &ids)?; // (1, V)
        Ok(Vec::try_from(logits.flatten(0, 1))?) // (1, V) -> (V,)
    }
}

impl Sampler for NaiveSampler<'_> {
    fn sample(
        &mut self,
        prompts: &[Prompt],
        mut tool: Option<&mut dyn Tool>,
        on_token: &mut dyn FnMut(&Added<'_>) -> ControlFlow<()>,
    ) -> Result<Vec<Sample>, Error> {
        let _guard = tch::no_grad_guard();
        let mut samples = Vec::new();
        for (row, prompt) in prompts.iter().enumerate() {
            let mut generation = Generation::new(row, prompt, self.gpt.config())?;
            while !generation.is_finished() {
                let logits = if generation.is_forced() {
                    Vec::new()
                } else {
                    self.next_logits(generation.ids())?
                };
                match &mut tool {
                    Some(tool) => generation.advance(&logits, Some(&mut **tool), on_token)?,
                    None => generation.advance(&logits, None, on_token)?,
                }
            }
            samples.push(generation.finish());
        }
        Ok(samples)
    }
}
// ANCHOR_END: naive_sampler

// ANCHOR: head
//! `Scorer`: how well does the model predict given rows? Evaluation (chapter 08) compares answers by it.

use tch::{Kind, Tensor};

use crate::{Causal, Error, Gpt, Kernels};
// ANCHOR_END: head

// ANCHOR: scorer
/// About one row of n ids.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// n − 1 losses in nats: `losses[t]` = −ln p(ids[t + 1] | ids[..=t]).
    pub losses: Vec<f32>,
    /// n ids: `argmax[t]` is the likeliest id after ids[..=t]; the last one is the model's guess at what follows the row.
    pub argmax: Vec<u32>,
}

pub trait Scorer {
    fn score(&self, rows: &[Vec<u32>]) -> Result<Vec<Scores>, Error>;
}

/// One forward pass over all rows, padded on the right to the longest: no position sees what comes after it, so padding
/// changes nothing. Memory is rows · longest · V numbers; the caller decides how many rows at once.
pub struct PlainScorer<'a> {
    gpt: &'a Gpt,
    kernels: &'a dyn Kernels,
}

impl<'a> PlainScorer<'a> {
    pub fn new(gpt: &'a Gpt, kernels: &'a dyn Kernels) -> PlainScorer<'a> {
        PlainScorer { gpt, kernels }
    }
}

impl Scorer for PlainScorer<'_> {
    fn score(&self, rows: &[Vec<u32>]) -> Result<Vec<Scores>, Error> {
        let _guard = tch::no_grad_guard();
        let Some(longest) = rows.iter().map(Vec::len).max() else {
            return Ok(Vec::new());
        };
        if let Some(row) = rows.iter().position(Vec::is_empty) {
            return Err(Error::EmptyRow { row });
        }
        let padding = 0; // any id will do
        let ids: Vec<i64> = rows
            .iter()
            .flat_map(|row| {
                row.iter()
                    .map(|&id| i64::from(id))
                    .chain(std::iter::repeat_n(padding, longest - row.len()))
            })
            .collect();
        let ids = self.gpt.upload(&ids, rows.len() as i64, longest as i64)?; // (B, T)
        let logits = self.gpt.logits(self.kernels, &mut Causal, &ids)?; // (B, T, V)

        // −ln p(next) = ln Σ exp(logits) − logits[next], at every position but the last
        let argmax = logits.argmax(-1, false); // (B, T, V) -> (B, T)
        let last = longest as i64 - 1;
        let next = ids.narrow(1, 1, last).unsqueeze(-1); // (B, T − 1, 1)
        let before = logits.narrow(1, 0, last); // (B, T − 1, V)
        let losses = before.logsumexp(-1, false) - before.gather(-1, &next, false).squeeze_dim(-1); // (B, T − 1)

        let mut scores = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            let pick =
                |table: &Tensor, count: usize| table.get(index as i64).narrow(0, 0, count as i64);
            let argmax: Vec<i64> = Vec::try_from(pick(&argmax, row.len()))?;
            scores.push(Scores {
                losses: Vec::try_from(pick(&losses, row.len() - 1).to_kind(Kind::Float))?,
                argmax: argmax.into_iter().map(|id| id as u32).collect(),
            });
        }
        Ok(scores)
    }
}
// ANCHOR_END: scorer

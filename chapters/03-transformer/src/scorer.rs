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
    fn score(&self, rows: &[Vec<u32>]) -> Result<Vec<Scores>, Error> {
        self.score_from(rows, &vec![0; rows.len()])
    }

    /// The same where only the ends of rows matter: entries at positions before `from[row]` may be left at 0. What is not
    /// asked for need not be multiplied by the head, and of a question with ten examples in front hardly anything is.
    fn score_from(&self, rows: &[Vec<u32>], from: &[usize]) -> Result<Vec<Scores>, Error>;
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
    fn score_from(&self, rows: &[Vec<u32>], from: &[usize]) -> Result<Vec<Scores>, Error> {
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
        // All rows from the earliest position that one of them asks for: S of the T positions.
        let first = from.iter().copied().min().unwrap_or(0).min(longest - 1);
        let wanted = (longest - first) as i64;
        let hidden = self.gpt.hidden(self.kernels, &mut Causal, &ids)?; // (B, T, C)
        let hidden = hidden.narrow(1, first as i64, wanted); // (B, T, C) -> (B, S, C)
        let softcap = self.gpt.config().softcap;
        let logits = self.kernels.logits(&hidden, &self.gpt.head(), softcap); // (B, S, V)

        // −ln p(next) = ln Σ exp(logits) − logits[next], at every position but the last
        let argmax = logits.argmax(-1, false); // (B, S, V) -> (B, S)
        let next = ids.narrow(1, first as i64 + 1, wanted - 1).unsqueeze(-1); // (B, S − 1, 1)
        let before = logits.narrow(1, 0, wanted - 1); // (B, S − 1, V)
        let losses = before.logsumexp(-1, false) - before.gather(-1, &next, false).squeeze_dim(-1); // (B, S − 1)

        let mut scores = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            let skipped = first.min(row.len());
            let pick = |table: &Tensor, end: usize| {
                let count = end.saturating_sub(skipped) as i64;
                table.get(index as i64).narrow(0, 0, count)
            };
            let argmax: Vec<i64> = Vec::try_from(pick(&argmax, row.len()))?;
            let found: Vec<f32> = Vec::try_from(pick(&losses, row.len() - 1).to_kind(Kind::Float))?;
            let mut losses = vec![0.0; skipped.min(row.len() - 1)];
            losses.extend(found);
            let mut best = vec![0; skipped];
            best.extend(argmax.into_iter().map(|id| id as u32));
            scores.push(Scores {
                losses,
                argmax: best,
            });
        }
        Ok(scores)
    }
}
// ANCHOR_END: scorer

// ANCHOR: head
//! Batches: many questions share a forward pass.
//!
//! A forward pass computes rows · longest positions, padding included. So rows that share a pass should be of similar length
//! (sort them), and there should be neither too few of them (the machine idles) nor too many (the logits of all positions
//! are in memory at once: rows · longest · V numbers). A *token budget* bounds rows · longest.
//!
//! The rows of one question stay next to each other. They mostly begin alike, and a scorer that keeps keys and values
//! (chapter 10) then reads the common beginning once.

use std::ops::Range;

use transformer::Scorer;

use crate::Error;
use crate::question::{Question, SpanScores};
// ANCHOR_END: head

// ANCHOR: plan
/// Rows · longest in one forward pass. With a vocabulary of 65,536 their logits are 4,096 · 65,536 · 4 bytes = 1.07 GB.
pub const DEFAULT_BUDGET: usize = 4096;

/// A batch: row `.1` of question `.0`, for each of its rows.
type Batch = Vec<(usize, usize)>;

/// Cuts questions into batches. `budget` bounds rows · longest of each, unless a single row is longer.
fn plan(questions: &[Question], budget: usize) -> Vec<Batch> {
    let longest = |question: &Question| question.rows.iter().map(|row| row.ids.len()).max();
    let mut sorted: Vec<usize> = (0..questions.len()).collect();
    sorted.sort_by_key(|&index| longest(&questions[index])); // stable: the same plan every time

    let mut batches = Vec::new();
    let mut batch = Batch::new();
    for index in sorted {
        let question = &questions[index];
        // Sorted, so no row that is in the batch already is longer.
        let length = longest(question).unwrap_or(0).max(1);
        if (batch.len() + question.rows.len()) * length > budget {
            close(&mut batch, &mut batches);
        }
        for row in 0..question.rows.len() {
            // Only where one question alone is over the budget.
            if !batch.is_empty() && (batch.len() + 1) * length > budget {
                close(&mut batch, &mut batches);
            }
            batch.push((index, row));
        }
    }
    close(&mut batch, &mut batches);
    batches
}

fn close(batch: &mut Batch, batches: &mut Vec<Batch>) {
    if !batch.is_empty() {
        batches.push(std::mem::take(batch));
    }
}
// ANCHOR_END: plan

// ANCHOR: score
/// Scores every row of every question; `scores[i][j]` belongs to row j of question i. `done` hears how many rows each pass
/// has finished.
pub fn score_batched(
    scorer: &dyn Scorer,
    questions: &[Question],
    budget: usize,
    done: &mut dyn FnMut(usize),
) -> Result<Vec<Vec<SpanScores>>, Error> {
    let mut scores: Vec<Vec<Option<SpanScores>>> = questions
        .iter()
        .map(|question| vec![None; question.rows.len()])
        .collect();
    for batch in plan(questions, budget) {
        for (&(index, row), span) in batch.iter().zip(pass(scorer, questions, &batch, true)?) {
            scores[index][row] = Some(span);
        }
        done(batch.len());
    }
    let whole = scores.into_iter().map(|rows| {
        rows.into_iter()
            .map(|row| row.expect("the plan holds each row once"))
            .collect()
    });
    Ok(whole.collect())
}

/// One question per pass and logits for every token of it, as nanochat does it: the yardstick for the above.
pub fn score_one_at_a_time(
    scorer: &dyn Scorer,
    questions: &[Question],
) -> Result<Vec<Vec<SpanScores>>, Error> {
    let one = |index: usize| {
        let rows = 0..questions[index].rows.len();
        pass(
            scorer,
            questions,
            &rows.map(|row| (index, row)).collect(),
            false,
        )
    };
    (0..questions.len()).map(one).collect()
}

/// With `spans_only` the scorer need not look at what stands before the scored spans.
fn pass(
    scorer: &dyn Scorer,
    questions: &[Question],
    batch: &Batch,
    spans_only: bool,
) -> Result<Vec<SpanScores>, Error> {
    let rows: Vec<&crate::question::Row> = batch
        .iter()
        .map(|&(index, row)| &questions[index].rows[row])
        .collect();
    let ids: Vec<Vec<u32>> = rows.iter().map(|row| row.ids.clone()).collect();
    let scores = if spans_only {
        let from: Vec<usize> = rows.iter().map(|row| row.start - 1).collect();
        scorer.score_from(&ids, &from)?
    } else {
        scorer.score(&ids)?
    };
    let fault = Error::Scores {
        asked: rows.len(),
        found: scores.len(),
    };
    if scores.len() != rows.len() {
        return Err(fault);
    }
    // The id at place t was predicted at place t − 1.
    let spans: Option<Vec<SpanScores>> = rows
        .iter()
        .zip(&scores)
        .map(|(row, scores)| {
            let before: Range<usize> = row.start - 1..row.end - 1;
            Some(SpanScores {
                losses: scores.losses.get(before.clone())?.to_vec(),
                guesses: scores.argmax.get(before)?.to_vec(),
            })
        })
        .collect();
    spans.ok_or(fault)
}
// ANCHOR_END: score

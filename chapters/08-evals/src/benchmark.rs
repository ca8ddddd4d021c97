// ANCHOR: head
//! Is batching worth it, and does it change anything? Both ways, in turn, on the same questions.

use std::time::Instant;

use transformer::Scorer;

use crate::Error;
use crate::batches::{score_batched, score_one_at_a_time};
use crate::question::{Question, judge};
// ANCHOR_END: head

// ANCHOR: comparison
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    pub questions: usize,
    pub rows: usize,
    pub tokens: usize,
    /// Seconds one question at a time and batched, once per round. The two take turns, so that whatever else the machine
    /// does falls on both.
    pub seconds: Vec<(f64, f64)>,
    /// Largest difference of a token's loss.
    pub largest_difference: f64,
    /// Questions judged differently.
    pub disagreements: usize,
}

impl Comparison {
    /// The median of the rounds' ratios: how many times faster the batched way is.
    pub fn ratio(&self) -> f64 {
        let mut ratios: Vec<f64> = self.seconds.iter().map(|(one, many)| one / many).collect();
        ratios.sort_by(f64::total_cmp);
        let middle = ratios.len() / 2;
        match ratios.len() {
            0 => f64::NAN,
            odd if odd % 2 == 1 => ratios[middle],
            _ => (ratios[middle - 1] + ratios[middle]) / 2.0,
        }
    }
}

/// Scores `questions` with `one`, a question per pass, and with `many`, in batches of `budget` tokens; `rounds` times. The two may be the same
/// scorer, or the readable one and the engine.
pub fn compare(
    questions: &[Question],
    one: &dyn Scorer,
    many: &dyn Scorer,
    budget: usize,
    rounds: usize,
) -> Result<Comparison, Error> {
    let all_rows = || questions.iter().flat_map(|question| &question.rows);
    let mut comparison = Comparison {
        questions: questions.len(),
        rows: all_rows().count(),
        tokens: all_rows().map(|row| row.ids.len()).sum(),
        seconds: Vec::new(),
        largest_difference: 0.0,
        disagreements: 0,
    };
    // Untimed: the first passes of a process pay for memory and threads.
    let warm = &questions[..questions.len().min(4)];
    score_one_at_a_time(one, warm)?;
    score_batched(many, warm, budget, &mut |_| ())?;
    for _ in 0..rounds.max(1) {
        let start = Instant::now();
        let slow = score_one_at_a_time(one, questions)?;
        let middle = Instant::now();
        let fast = score_batched(many, questions, budget, &mut |_| ())?;
        let seconds = (
            (middle - start).as_secs_f64(),
            middle.elapsed().as_secs_f64(),
        );
        comparison.seconds.push(seconds);

        let differences = slow
            .iter()
            .flatten()
            .zip(fast.iter().flatten())
            .flat_map(|(a, b)| {
                a.losses
                    .iter()
                    .zip(&b.losses)
                    .map(|(a, b)| f64::from((a - b).abs()))
            });
        // What is no number differs infinitely; `f64::max` would pass it over.
        comparison.largest_difference = differences
            .map(|difference| {
                if difference.is_nan() {
                    f64::INFINITY
                } else {
                    difference
                }
            })
            .fold(comparison.largest_difference, f64::max);
        let disagreements = questions
            .iter()
            .zip(slow)
            .zip(fast)
            .filter(|((question, slow), fast)| {
                let (slow, fast) = (judge(question, slow.clone()), judge(question, fast.clone()));
                (slow.chosen, slow.correct) != (fast.chosen, fast.correct)
            })
            .count();
        comparison.disagreements = comparison.disagreements.max(disagreements);
    }
    Ok(comparison)
}
// ANCHOR_END: comparison

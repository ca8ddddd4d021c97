// ANCHOR: head
//! A question as a model meets it: rows of ids, and what makes the answer right.
//!
//! Everything that is scored by likelihood goes through this one shape: CORE's three kinds, option letters, and
//! continuations.
// ANCHOR_END: head

// ANCHOR: question
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// One row per option. Options of one question mostly begin alike.
    pub rows: Vec<Row>,
    pub goal: Goal,
}

/// Ids, of which `start..end` are scored: how well each of them was predicted from those before it. 1 <= start <= end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub ids: Vec<u32>,
    pub start: usize,
    pub end: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// Row `gold` has the lowest mean loss over its span. The *mean*, because a sum would favour short options.
    Lowest { gold: usize },
    /// Each id of the first row's span is the model's first guess.
    Verbatim,
}
// ANCHOR_END: question

// ANCHOR: crop
impl Row {
    /// Cuts the front off a row that is longer than the model's context; what is scored stands at the end. `<|bos|>` goes first, as
    /// in nanochat. Of a span that is itself too long, what is left is scored.
    pub fn crop(&mut self, context: usize) {
        let cut = self.ids.len().saturating_sub(context);
        if cut == 0 {
            return;
        }
        self.ids.drain(..cut);
        self.end = self.end.saturating_sub(cut).max(1);
        self.start = self.start.saturating_sub(cut).clamp(1, self.end);
    }
}
// ANCHOR_END: crop

// ANCHOR: verdict
/// What the model made of a row's span; both vectors have its length.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanScores {
    /// −ln p of each id, in nats.
    pub losses: Vec<f32>,
    /// What the model found likeliest in its place.
    pub guesses: Vec<u32>,
}

impl SpanScores {
    /// NaN for an empty span.
    pub fn mean_loss(&self) -> f64 {
        let sum: f64 = self.losses.iter().map(|&loss| f64::from(loss)).sum();
        sum / self.losses.len() as f64
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// One per row.
    pub rows: Vec<SpanScores>,
    /// The row with the lowest mean loss.
    pub chosen: usize,
    pub correct: bool,
}

/// Judges a question by the scores of its rows.
pub fn judge(question: &Question, rows: Vec<SpanScores>) -> Verdict {
    // The first of the lowest. A comparison with NaN is false, so an empty span loses to nothing but also never wins, unless it
    // comes first: the same as Python's `min`, which the published scores are made with.
    let mut chosen = 0;
    for row in 1..rows.len() {
        if rows[row].mean_loss() < rows[chosen].mean_loss() {
            chosen = row;
        }
    }
    let correct = match question.goal {
        Goal::Lowest { gold } => chosen == gold,
        Goal::Verbatim => question
            .rows
            .first()
            .zip(rows.first())
            .is_some_and(|(row, scores)| scores.guesses == row.ids[row.start..row.end]),
    };
    Verdict {
        rows,
        chosen,
        correct,
    }
}
// ANCHOR_END: verdict

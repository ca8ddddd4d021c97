// ANCHOR: head
//! How much a stage is: counted before its first step, because the schedule needs to know where the end is.

use std::fmt;
// ANCHOR_END: head

// ANCHOR: amount
/// What some epochs amount to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// Conversations drawn.
    pub conversations: usize,
    /// Rows that they fill.
    pub rows: usize,
    /// T + 1
    pub tokens_per_row: usize,
    /// Ids of conversations in these rows; the rest is padding.
    pub placed: usize,
    /// Targets that are trained on.
    pub supervised: usize,
    /// Conversations whose end did not fit into a row.
    pub cut: usize,
    /// Conversations left out: too long by the rule, or nothing in them to learn.
    pub left_out: usize,
}

impl Amount {
    /// Ids that are conversation, of all places.
    pub fn utilisation(&self) -> f64 {
        self.placed as f64 / self.places()
    }

    /// Ids that are trained on, of all places.
    pub fn supervised_share(&self) -> f64 {
        self.supervised as f64 / self.places()
    }

    fn places(&self) -> f64 {
        (self.rows * self.tokens_per_row).max(1) as f64
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{} conversations in {} rows of {} tokens: {:.1} % of them conversation, {:.1} % trained on; {} cut, {} left out",
            self.conversations,
            self.rows,
            self.tokens_per_row,
            100.0 * self.utilisation(),
            100.0 * self.supervised_share(),
            self.cut,
            self.left_out
        )
    }
}
// ANCHOR_END: amount

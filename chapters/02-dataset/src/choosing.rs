// ANCHOR: head
//! Packing by somebody else's rule.
//!
//! Best fit is one rule of many; another is to take the first document that fits. A rule is a function: it is shown the
//! lengths of all that waits and the room that is left in a row, and says which document goes there. Everything else stays
//! the packer's business: rows, counts, and what is cropped when nothing fits.
//!
//! Without a rule the packer answers from its map as ever, and no list of lengths is kept.

use std::cmp::Reverse;

use crate::Error;
use crate::best_fit::{Item, Packer, Policy, Row};
// ANCHOR_END: head

// ANCHOR: rule
/// Which waiting document goes next into a row with room for `room` ids: the number of one that fits, or `None` if none
/// does. Documents are numbered from 0 in the order in which they came; `lengths` are their ids, BOS included.
///
/// The same lengths and the same room have to give the same answer always, or a resumed run goes another way than the run
/// that was stopped.
pub type ChooseDocument = fn(lengths: &[usize], room: usize) -> Option<usize>;

/// A rule, and what it is shown of the items that wait, in the order in which they came.
struct Rule {
    choose: ChooseDocument,
    lengths: Vec<usize>,
    /// What the packer knows them by. Ascending.
    arrivals: Vec<u64>,
}

impl Rule {
    /// Asks for an item that fits, and makes sure that the answer can be followed.
    fn fitting(&self, room: usize) -> Result<Option<usize>, Error> {
        let wrong = |problem| Err(Error::Choice { problem });
        let Some(number) = (self.choose)(&self.lengths, room) else {
            // To crop a document that fits would be a loss for nothing.
            return match self.lengths.iter().position(|&length| length <= room) {
                Some(fits) => wrong(format!(
                    "gives None for a room of {room}, into which document {fits} of {} ids fits",
                    self.lengths[fits]
                )),
                None => Ok(None),
            };
        };
        match self.lengths.get(number) {
            Some(&length) if length <= room => Ok(Some(number)),
            Some(length) => wrong(format!(
                "gives document {number} of {length} ids for a room of {room}"
            )),
            None => wrong(format!(
                "gives document {number}, where {} wait, numbered from 0",
                self.lengths.len()
            )),
        }
    }

    fn remove(&mut self, arrival: u64) {
        if let Ok(number) = self.arrivals.binary_search(&arrival) {
            self.lengths.remove(number);
            self.arrivals.remove(number);
        }
    }
}
// ANCHOR_END: rule

// ANCHOR: packer
/// A [`Packer`] that asks a rule, if it was given one.
pub struct ChoosingPacker<O> {
    packer: Packer<O>,
    rule: Option<Rule>,
}

impl<O> ChoosingPacker<O> {
    /// As [`Packer::new`]; without a rule, which is best fit.
    pub fn new(capacity: usize, policy: Policy) -> Self {
        ChoosingPacker {
            packer: Packer::new(capacity, policy),
            rule: None,
        }
    }

    /// From now on by this rule, for what waits already and for what comes.
    pub fn by(mut self, choose: ChooseDocument) -> Self {
        let waiting = self.packer.keys_in_order();
        self.rule = Some(Rule {
            choose,
            lengths: waiting.iter().map(|&(length, _)| length).collect(),
            arrivals: waiting
                .iter()
                .map(|&(_, Reverse(arrival))| arrival)
                .collect(),
        });
        self
    }

    /// An empty one for the same rows, with the same rule.
    pub fn emptied(&self) -> Self {
        let empty = ChoosingPacker::new(self.packer.capacity(), self.packer.policy());
        match &self.rule {
            Some(rule) => empty.by(rule.choose),
            None => empty,
        }
    }

    /// As [`Packer::push`].
    pub fn push(&mut self, item: Item<O>) -> bool {
        let (length, arrival) = (item.ids.len(), self.packer.arrivals());
        let waits = self.packer.push(item);
        if let Some(rule) = &mut self.rule
            && waits
        {
            rule.lengths.push(length);
            rule.arrivals.push(arrival);
        }
        waits
    }

    /// As [`Packer::place`], by the rule.
    ///
    /// # Errors
    /// [`Error::Choice`] if the rule's answer cannot be followed; nothing was placed then.
    pub fn place(&mut self, row: &mut Row<O>) -> Result<bool, Error> {
        let Some(rule) = &mut self.rule else {
            return Ok(self.packer.place(row));
        };
        let fitting = rule.fitting(row.remaining())?;
        let key = match fitting {
            Some(number) => Some((rule.lengths[number], Reverse(rule.arrivals[number]))),
            None => self.packer.to_crop(),
        };
        if let Some((_, Reverse(arrival))) = key {
            rule.remove(arrival);
        }
        Ok(self.packer.lay(key, row))
    }

    /// What waits, and what was counted.
    pub fn packer(&self) -> &Packer<O> {
        &self.packer
    }
}
// ANCHOR_END: packer

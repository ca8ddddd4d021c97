//! Batches of conversations: drawn from a mixture, rendered, packed into rows, with the loss mask in the targets.
//!
//! Words: rows of T positions hold one or several whole conversations, each begun by `<|bos|>`; what is left of a row
//! is *padding*. A target is -1 (not trained on) wherever the mask of the id to predict is 0, and in all padding.
//!
//! Three traps lie here, and each has sprung in real pipelines:
//!
//! - **Too long.** A conversation that never fits into a row would wait in the packer for ever; enough of them, and
//!   nothing else waits, every row is padding, and the loss is 0/0. Here each is cut to a row's length first.
//! - **Nothing to learn.** What is cut may lose its answer. A conversation without a supervised token is left out, and
//!   counted; if none has one, that is an error and not an endless search.
//! - **A lost mask.** The mask travels beside the ids through rendering, cutting and packing. One place that forgets it
//!   trains the model on the user's words, and the loss looks *better*.

use crate::{Error, Mixture, render};
use dataset::best_fit::{Counts, Item, Packer, Policy, Row};
use dataset::{Batch, BatchSource, Conversation, Position, SourcePosition};
use std::path::PathBuf;
use tokenizer::{Special, Tokenizer};

/// Conversations that wait to be packed. More fit better into rows, and all of them are read again on a resume.
const BUFFER: usize = 100;

// ANCHOR: batches
/// A [`BatchSource`] over a mixture.
pub struct ConversationBatches {
    mixture: Mixture,
    tokenizer: Tokenizer,
    /// B
    rows: usize,
    /// T
    time: usize,
    packer: Packer<SourcePosition>,
    batches: u64,
    left_out: u64,
}

/// What one epoch amounts to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Epoch {
    /// Rows of T + 1 ids.
    pub rows: usize,
    /// Ids of conversations in these rows; the rest is padding.
    pub placed: usize,
    /// Targets that are trained on.
    pub supervised: usize,
    /// Conversations without a supervised token.
    pub left_out: usize,
}

impl ConversationBatches {
    /// Batches of `rows` × `time`, from the mixture's beginning.
    pub fn new(
        mixture: Mixture,
        tokenizer: &Tokenizer,
        rows: usize,
        time: usize,
    ) -> Result<Self, Error> {
        for (setting, value) in [("rows", rows), ("time", time)] {
            if value == 0 {
                return Err(Error::Setting {
                    setting,
                    value: value.to_string(),
                    remedy: "a batch needs at least 1",
                });
            }
        }
        Ok(ConversationBatches {
            mixture,
            packer: empty_packer(tokenizer, time),
            tokenizer: tokenizer.clone(),
            rows,
            time,
            batches: 0,
            left_out: 0,
        })
    }

    /// Goes on behind the batch that carried `position`, with the batch that followed it then.
    pub fn resume(&mut self, position: &Position) -> Result<(), Error> {
        self.packer = empty_packer(&self.tokenizer, self.time);
        for &place in &position.pending {
            let conversation = self.mixture.get(place)?;
            self.offer(place, &conversation)?;
        }
        self.mixture.seek(&position.source)?;
        self.batches = position.batches;
        Ok(())
    }

    /// Where the source stands now.
    pub fn position(&self) -> Position {
        Position {
            source: self.mixture.position(),
            pending: self.packer.pending(),
            offset: 0,
            batches: self.batches,
        }
    }

    /// Packs the first epoch once, to know how much it is, and goes back to the beginning.
    pub fn measure_epoch(&mut self) -> Result<Epoch, Error> {
        self.resume(&Position::default())?;
        let left_out = self.left_out;
        let mut epoch = Epoch::default();
        let mut drawn = 0;
        let mut row = Row::new(self.time + 1);
        loop {
            while drawn < self.mixture.len() && self.packer.waiting() < BUFFER {
                let (place, conversation) = self.mixture.draw()?;
                self.offer(place, &conversation)?;
                drawn += 1;
            }
            if self.packer.waiting() == 0 && row.ids.is_empty() {
                break;
            }
            self.packer.place(&mut row);
            if row.is_full() {
                epoch.rows += 1;
                epoch.supervised += row.mask[1..].iter().filter(|&&mask| mask == 1).count();
                row = Row::new(self.time + 1);
            }
        }
        if epoch.rows == 0 {
            return Err(self.nothing_supervised());
        }
        epoch.placed = self.packer.counts().placed as usize;
        epoch.left_out = (self.left_out - left_out) as usize;
        self.left_out = left_out;
        self.resume(&Position::default())?;
        Ok(epoch)
    }

    fn nothing_supervised(&self) -> Error {
        Error::NothingSupervised {
            conversations: self.mixture.len(),
            tokens: self.time + 1,
        }
    }

    /// Conversations per epoch on this rank.
    pub fn conversations(&self) -> usize {
        self.mixture.len()
    }

    /// How well the rows were filled since the source was made.
    pub fn counts(&self) -> Counts {
        self.packer.counts()
    }

    /// Conversations left out because nothing in them is trained on within T + 1 tokens.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }
    // ANCHOR_END: batches

    // ANCHOR: fill
    /// Renders a conversation and lets it wait in the packer; false if there is nothing in it to learn.
    fn offer(
        &mut self,
        place: SourcePosition,
        conversation: &Conversation,
    ) -> Result<bool, dataset::Error> {
        let rendered = render(conversation, &self.tokenizer, self.time + 1).map_err(|reason| {
            dataset::Error::Row {
                path: PathBuf::from(self.mixture.source_name(place)),
                place: format!("conversation {}", place.row + 1),
                problem: reason.to_string(),
            }
        })?;
        let useful = rendered.supervised() > 0;
        if useful {
            self.packer.push(Item {
                ids: rendered.ids,
                mask: rendered.mask,
                origin: place,
            });
        } else {
            self.left_out += 1;
        }
        Ok(useful)
    }

    /// Draws until the buffer is full.
    fn top_up(&mut self) -> Result<(), dataset::Error> {
        let mut in_vain = 0;
        while self.packer.waiting() < BUFFER {
            let (place, conversation) = self.mixture.draw()?;
            in_vain += 1;
            if self.offer(place, &conversation)? {
                in_vain = 0;
            } else if in_vain >= 2 * self.mixture.len() {
                // Twice an epoch: from any place, that many draws see each conversation.
                return Err(dataset::Error::Setting {
                    name: "time",
                    problem: self.nothing_supervised().to_string(),
                });
            }
        }
        Ok(())
    }

    /// The next row of T + 1 ids.
    fn next_row(&mut self) -> Result<Row<SourcePosition>, dataset::Error> {
        let mut row = Row::new(self.time + 1);
        while !row.is_full() {
            self.top_up()?;
            self.packer.place(&mut row);
        }
        Ok(row)
    }
}

/// Padding is `<|bos|>`: an id that exists, whose meaning ("what stands before is over") does no harm.
fn empty_packer(tokenizer: &Tokenizer, time: usize) -> Packer<SourcePosition> {
    Packer::new(time + 1, Policy::Pad(tokenizer.special(Special::Bos)))
}

impl BatchSource for ConversationBatches {
    fn next_batch(&mut self) -> Result<Batch, dataset::Error> {
        let rows: Vec<_> = (0..self.rows)
            .map(|_| self.next_row())
            .collect::<Result<_, _>>()?;
        self.batches += 1;
        Ok(Batch::from_rows(&rows, self.position()))
    }
}
// ANCHOR_END: fill

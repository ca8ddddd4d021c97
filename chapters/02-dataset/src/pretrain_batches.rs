// ANCHOR: head
//! Pretraining batches: ids of documents → best-fit rows → batches, with an exact position.
//!
//! ```text
//! TokenSource --refill of up to 128 documents--> buffer of 1,000 --> B rows of T + 1 --> Batch
//! ```
//!
//! The buffer is what makes a resume hard: when a batch leaves, a thousand documents have been read and not used. Some
//! loaders skip them after a restart. Here the [`Position`] lists where each of them stands, and a resume reads them again.

use crate::best_fit::{Counts, Item, Policy, Row};
use crate::choosing::{ChooseDocument, ChoosingPacker};
use crate::tokens::{Encoder, TextTokens, TokenDocument, TokenSource};
use crate::{Batch, BatchSource, DocumentSource, Error, Position, SourcePosition};
// ANCHOR_END: head

// ANCHOR: settings
/// The shape of a batch, and the size of the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackingSettings {
    /// B
    pub rows: usize,
    /// T
    pub time: usize,
    /// The buffer is topped up to at least so many documents before each is placed. A larger one fits better.
    pub buffer: usize,
    /// Documents are read and encoded up to so many at a time; a refill ends at the end of a group.
    pub refill: usize,
}

impl PackingSettings {
    /// The buffer and refill that nanochat uses.
    pub fn new(rows: usize, time: usize) -> Self {
        PackingSettings {
            rows,
            time,
            buffer: 1000,
            refill: 128,
        }
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        let values = [
            ("rows", self.rows),
            ("time", self.time),
            ("buffer", self.buffer),
            ("refill", self.refill),
        ];
        match values.into_iter().find(|(_, value)| *value == 0) {
            Some((name, _)) => Err(Error::Setting {
                name,
                problem: "must be at least 1".to_owned(),
            }),
            None => Ok(()),
        }
    }
}
// ANCHOR_END: settings

// ANCHOR: loader
/// Best-fit batches from an endless source of documents.
pub struct PretrainBatches {
    source: Box<dyn TokenSource>,
    settings: PackingSettings,
    packer: ChoosingPacker<SourcePosition>,
    batches: u64,
    /// Of the position that the loader was resumed from.
    changes: Vec<Vec<SourcePosition>>,
}

impl PretrainBatches {
    /// From texts, which are encoded on the way; from the source's beginning.
    pub fn new(
        source: Box<dyn DocumentSource>,
        encoder: impl Into<Encoder>,
        settings: PackingSettings,
    ) -> Result<Self, Error> {
        PretrainBatches::of_tokens(TextTokens::new(source, encoder), settings)
    }

    /// From documents that are ids already, or become so.
    pub fn of_tokens(
        source: impl TokenSource + 'static,
        settings: PackingSettings,
    ) -> Result<Self, Error> {
        settings.check()?;
        // (T + 1): the last target lies one place behind the last input.
        let packer = ChoosingPacker::new(settings.time + 1, Policy::Crop);
        Ok(PretrainBatches {
            source: Box::new(source),
            settings,
            packer,
            batches: 0,
            changes: Vec::new(),
        })
    }

    /// Packed by this rule instead of best fit. A position remembers no rule: a run is resumed with the one it began with.
    pub fn choosing(mut self, choose: ChooseDocument) -> Self {
        self.packer = self.packer.by(choose);
        self
    }

    /// Continue behind the batch that carried `position`: the next batch is the one that followed it then, bit for bit.
    pub fn resume(&mut self, position: &Position) -> Result<(), Error> {
        if position.offset != 0 {
            let problem = "it belongs to a stream of text, not to packed rows".to_owned();
            let what = self.source.describe();
            return Err(Error::Position {
                position: format!("offset {}", position.offset),
                what,
                problem,
            });
        }
        self.source.redeal(&position.changes)?;
        let documents = self.source.fetch(&position.pending)?;
        self.source.seek(&position.source)?;
        self.packer = self.packer.emptied();
        self.push(documents);
        self.batches = position.batches;
        self.changes = position.changes.clone();
        Ok(())
    }

    /// Back to the beginning: each evaluation reads the same validation batches.
    pub fn restart(&mut self) -> Result<(), Error> {
        self.resume(&Position::default())
    }

    /// Where the loader stands now.
    pub fn position(&self) -> Position {
        Position {
            source: self.source.position(),
            pending: self.packer.packer().pending(),
            offset: 0,
            batches: self.batches,
            changes: self.changes.clone(),
        }
    }

    /// What was placed and what was thrown away since the loader was opened or resumed.
    pub fn counts(&self) -> Counts {
        self.packer.packer().counts()
    }
    // ANCHOR_END: loader

    // ANCHOR: fill
    /// The next row of T + 1 ids, with the places of its documents.
    pub fn next_row(&mut self) -> Result<Row<SourcePosition>, Error> {
        let mut row = Row::new(self.settings.time + 1);
        while !row.is_full() {
            self.top_up()?;
            self.packer.place(&mut row)?;
        }
        Ok(row)
    }

    fn top_up(&mut self) -> Result<(), Error> {
        while self.packer.packer().waiting() < self.settings.buffer {
            let documents = self.source.refill(self.settings.refill)?;
            self.push(documents);
        }
        Ok(())
    }

    fn push(&mut self, documents: Vec<TokenDocument>) {
        for TokenDocument { ids, at } in documents {
            // Never refused: with BOS an item is not empty, and what is too long can be cropped.
            self.packer.push(Item {
                ids,
                mask: Vec::new(),
                origin: at,
            });
        }
    }
}

impl BatchSource for PretrainBatches {
    fn next_batch(&mut self) -> Result<Batch, Error> {
        let rows = (0..self.settings.rows)
            .map(|_| self.next_row())
            .collect::<Result<Vec<_>, _>>()?;
        self.batches += 1;
        Ok(Batch::from_rows(&rows, self.position()))
    }
}
// ANCHOR_END: fill

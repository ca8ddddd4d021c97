// ANCHOR: head
//! Pretraining batches: documents → BOS + ids → best-fit rows → batches, with an exact position.
//!
//! ```text
//! DocumentSource --refill of up to 128 documents--> encode (all cores) --> buffer of 1,000 --> B rows of T + 1 --> Batch
//! ```
//!
//! The buffer is what makes a resume hard: when a batch leaves, a thousand documents have been read and not used. Some
//! loaders skip them after a restart. Here the [`Position`] lists where each of them stands, and a resume reads them again.

use std::sync::Arc;

use rayon::prelude::*;
use tokenizer::{Special, Tokenizer};

use crate::best_fit::{Counts, Item, Packer, Policy, Row};
use crate::{Batch, BatchSource, Document, DocumentSource, Error, Position, SourcePosition};
// ANCHOR_END: head

// ANCHOR: encoder
/// How a text becomes ids: a function, and the id that begins every document.
///
/// Usually `Encoder::from(&tokenizer)`; a closure in its place keeps tests free of a trained vocabulary.
#[derive(Clone)]
pub struct Encoder {
    pub bos: u32,
    pub encode: Arc<Encode>,
}

/// Appends a text's ids. Called from several threads at once.
pub type Encode = dyn Fn(&str, &mut Vec<u32>) + Send + Sync;

impl Encoder {
    /// BOS and the document's ids.
    pub fn document(&self, text: &str) -> Vec<u32> {
        // English has about four characters per token; a guess too low costs one more allocation, nothing else.
        let mut ids = Vec::with_capacity(1 + text.len() / 4);
        ids.push(self.bos);
        (self.encode)(text, &mut ids);
        ids
    }

    /// All documents, on all cores, in order.
    pub fn documents(&self, documents: &[Document]) -> Vec<Vec<u32>> {
        documents
            .par_iter()
            .map(|document| self.document(&document.text))
            .collect()
    }
}

impl From<&Tokenizer> for Encoder {
    fn from(tokenizer: &Tokenizer) -> Self {
        let bos = tokenizer.special(Special::Bos);
        let tokenizer = tokenizer.clone();
        Encoder {
            bos,
            encode: Arc::new(move |text, ids| tokenizer.encode_into(text, ids)),
        }
    }
}
// ANCHOR_END: encoder

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
    source: Box<dyn DocumentSource>,
    encoder: Encoder,
    settings: PackingSettings,
    packer: Packer<SourcePosition>,
    batches: u64,
}

impl PretrainBatches {
    /// From the source's beginning.
    pub fn new(
        source: Box<dyn DocumentSource>,
        encoder: impl Into<Encoder>,
        settings: PackingSettings,
    ) -> Result<Self, Error> {
        settings.check()?;
        // (T + 1): the last target lies one place behind the last input.
        let packer = Packer::new(settings.time + 1, Policy::Crop);
        Ok(PretrainBatches {
            source,
            encoder: encoder.into(),
            settings,
            packer,
            batches: 0,
        })
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
        let documents = fetch(&mut *self.source, &position.pending)?;
        self.source.seek(&position.source)?;
        self.packer = Packer::new(self.settings.time + 1, Policy::Crop);
        self.push(documents);
        self.batches = position.batches;
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
            pending: self.packer.pending(),
            offset: 0,
            batches: self.batches,
        }
    }

    /// What was placed and what was thrown away since the loader was opened or resumed.
    pub fn counts(&self) -> Counts {
        self.packer.counts()
    }
    // ANCHOR_END: loader

    // ANCHOR: fill
    /// The next row of T + 1 ids, with the places of its documents.
    pub fn next_row(&mut self) -> Result<Row<SourcePosition>, Error> {
        let mut row = Row::new(self.settings.time + 1);
        while !row.is_full() {
            self.top_up()?;
            self.packer.place(&mut row);
        }
        Ok(row)
    }

    fn top_up(&mut self) -> Result<(), Error> {
        while self.packer.waiting() < self.settings.buffer {
            let documents = read_refill(&mut *self.source, self.settings.refill)?;
            self.push(documents);
        }
        Ok(())
    }

    fn push(&mut self, documents: Vec<Document>) {
        let encoded = self.encoder.documents(&documents);
        for (ids, document) in encoded.into_iter().zip(documents) {
            // Never refused: with BOS an item is not empty, and what is too long can be cropped.
            self.packer.push(Item {
                ids,
                mask: Vec::new(),
                origin: document.at,
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

// ANCHOR: refill
/// Up to `limit` documents, none from beyond the end of the current group.
///
/// The end of a group is seen from the position: after a group's last document it names another group, or another epoch.
pub(crate) fn read_refill(
    source: &mut dyn DocumentSource,
    limit: usize,
) -> Result<Vec<Document>, Error> {
    let mut documents = Vec::with_capacity(limit);
    while documents.len() < limit {
        let document = source.next_document()?;
        let here = (document.at.epoch, document.at.file, document.at.group);
        documents.push(document);
        let next = source.position();
        if (next.epoch, next.file, next.group) != here {
            break;
        }
    }
    Ok(documents)
}

/// Read documents again, given their places; they come back in the order of `places`.
///
/// They are read in the order in which they stand in the files, so that each group is decompressed once.
pub(crate) fn fetch(
    source: &mut dyn DocumentSource,
    places: &[SourcePosition],
) -> Result<Vec<Document>, Error> {
    let mut order: Vec<usize> = (0..places.len()).collect();
    // The text of a place is the same in every epoch: the file comes first.
    order.sort_by_key(|&index| {
        let at = places[index];
        (at.file, at.group, at.row, at.epoch)
    });
    let mut documents: Vec<Option<Document>> = places.iter().map(|_| None).collect();
    for index in order {
        source.seek(&places[index])?;
        let document = source.next_document()?;
        if document.at != places[index] {
            let problem = format!("the next document there is at {}", document.at);
            return Err(Error::Position {
                position: places[index].to_string(),
                what: source.describe(),
                problem,
            });
        }
        documents[index] = Some(document);
    }
    Ok(documents
        .into_iter()
        .map(|document| document.expect("each index was visited"))
        .collect())
}
// ANCHOR_END: refill

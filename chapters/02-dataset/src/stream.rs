// ANCHOR: head
//! The stream: the older way to make batches, kept because it is simple, and because it wastes nothing.
//!
//! All documents are written one behind the other, BOS before each, as on one long ribbon; each batch cuts B·T + 1 ids off
//! it and lays them out as B rows:
//!
//! ```text
//! BOS a a a a BOS b b b BOS c c c c c c …        B = 2, T = 4
//! [BOS a a a] a          inputs of row 0; their targets begin one place later: [a a a a]
//! [a BOS b b] b          inputs of row 1
//! ```
//!
//! The last id of a batch is only a target; the next batch begins behind it. Nothing is thrown away, but most rows begin in
//! the middle of a document, whose beginning the model cannot see. Against best-fit packing that costs a little quality at
//! the same number of tokens; with long documents and a short context it is the better choice all the same, because
//! best-fit would crop nearly everything.

use std::collections::VecDeque;

use crate::pretrain_batches::PackingSettings;
use crate::tokens::{Encoder, TextTokens, TokenDocument, TokenSource};
use crate::{Batch, BatchSource, DocumentSource, Error, Position};
// ANCHOR_END: head

// ANCHOR: stream
/// Batches cut from one endless ribbon of documents.
pub struct StreamBatches {
    source: TextTokens,
    settings: PackingSettings,
    /// Documents whose ids are not used up, in order.
    ribbon: VecDeque<TokenDocument>,
    /// How many ids of the first of them are used.
    offset: usize,
    /// How many ids of the ribbon are not used.
    unused: usize,
    batches: u64,
}

impl StreamBatches {
    /// From the source's beginning. Of the settings, `buffer` has no meaning here.
    pub fn new(
        source: Box<dyn DocumentSource>,
        encoder: impl Into<Encoder>,
        settings: PackingSettings,
    ) -> Result<Self, Error> {
        settings.check()?;
        Ok(StreamBatches {
            source: TextTokens::new(source, encoder),
            settings,
            ribbon: VecDeque::new(),
            offset: 0,
            unused: 0,
            batches: 0,
        })
    }

    /// Continue behind the batch that carried `position`, bit for bit.
    pub fn resume(&mut self, position: &Position) -> Result<(), Error> {
        if !position.changes.is_empty() {
            return Err(Error::Position {
                position: "of another number of ranks".to_owned(),
                what: self.source.describe(),
                problem: "a stream cannot be shared anew".to_owned(),
            });
        }
        let documents = self.source.fetch(&position.pending)?;
        self.source.seek(&position.source)?;
        let first = documents.first().map_or(0, |document| document.ids.len());
        if position.offset > 0 && position.offset >= first {
            let problem = format!(
                "the document there has only {first} ids; it is another text or another tokenizer"
            );
            let what = self.source.describe();
            return Err(Error::Position {
                position: format!("offset {}", position.offset),
                what,
                problem,
            });
        }
        self.unused = lengths(&documents) - position.offset;
        self.ribbon = documents.into();
        self.offset = position.offset;
        self.batches = position.batches;
        Ok(())
    }

    /// Back to the beginning.
    pub fn restart(&mut self) -> Result<(), Error> {
        self.resume(&Position::default())
    }

    /// Where the loader stands now.
    pub fn position(&self) -> Position {
        Position {
            source: self.source.position(),
            pending: self.ribbon.iter().map(|document| document.at).collect(),
            offset: self.offset,
            batches: self.batches,
            changes: Vec::new(),
        }
    }
    // ANCHOR_END: stream

    // ANCHOR: cut
    /// Cut `count` ids off the ribbon.
    fn cut(&mut self, count: usize) -> Result<Vec<u32>, Error> {
        while self.unused < count {
            let documents = self.source.refill(self.settings.refill)?;
            self.unused += lengths(&documents);
            self.ribbon.extend(documents);
        }
        let mut ids = Vec::with_capacity(count);
        while ids.len() < count {
            let first = self.ribbon.front();
            let first = &first.expect("the ribbon holds at least `count` ids").ids;
            let end = first.len().min(self.offset + count - ids.len());
            ids.extend_from_slice(&first[self.offset..end]);
            self.offset = end;
            if end == first.len() {
                self.ribbon.pop_front();
                self.offset = 0;
            }
        }
        self.unused -= count;
        Ok(ids)
    }
}

fn lengths(documents: &[TokenDocument]) -> usize {
    documents.iter().map(|document| document.ids.len()).sum()
}

impl BatchSource for StreamBatches {
    fn next_batch(&mut self) -> Result<Batch, Error> {
        let (rows, time) = (self.settings.rows, self.settings.time);
        // (B·T + 1) -> (B, T) and (B, T), one place apart
        let ids: Vec<i64> = self
            .cut(rows * time + 1)?
            .into_iter()
            .map(i64::from)
            .collect();
        let (inputs, targets) = (ids[..rows * time].to_vec(), ids[1..].to_vec());
        self.batches += 1;
        Ok(Batch {
            rows,
            time,
            inputs,
            targets,
            position: self.position(),
            supervised: rows * time,
        })
    }
}
// ANCHOR_END: cut

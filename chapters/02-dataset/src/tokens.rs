// ANCHOR: head
//! Documents as ids: encoded on the way, or read from token shards that were encoded beforehand.
//!
//! What comes after (packing, batches, positions) does not see which. That is what makes it possible to begin a run on
//! texts and to go on with shards: the places are the same, and so are the batches, id for id.

use std::sync::Arc;

use rayon::prelude::*;
use tokenizer::{Special, Tokenizer};

use crate::{Document, DocumentSource, Error, SourcePosition};
// ANCHOR_END: head

// ANCHOR: source
/// One document's ids, BOS first, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenDocument {
    pub ids: Vec<u32>,
    pub at: SourcePosition,
}

/// An endless supply of documents as ids. Places, seeking and sharing are those of a [`DocumentSource`].
pub trait TokenSource: Send {
    /// Up to `limit` documents (at least one), none from beyond the end of the current group.
    fn refill(&mut self, limit: usize) -> Result<Vec<TokenDocument>, Error>;

    fn position(&self) -> SourcePosition;
    fn seek(&mut self, position: &SourcePosition) -> Result<(), Error>;
    fn fetch(&mut self, places: &[SourcePosition]) -> Result<Vec<TokenDocument>, Error>;
    fn redeal(&mut self, changes: &[Vec<SourcePosition>]) -> Result<(), Error>;
    fn describe(&self) -> String;
}
// ANCHOR_END: source

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
    pub fn documents(&self, documents: Vec<Document>) -> Vec<TokenDocument> {
        let encoded = |document: Document| TokenDocument {
            ids: self.document(&document.text),
            at: document.at,
        };
        documents.into_par_iter().map(encoded).collect()
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

// ANCHOR: text
/// Texts that are encoded when they are needed.
pub struct TextTokens {
    source: Box<dyn DocumentSource>,
    encoder: Encoder,
}

impl TextTokens {
    pub fn new(source: Box<dyn DocumentSource>, encoder: impl Into<Encoder>) -> Self {
        TextTokens {
            source,
            encoder: encoder.into(),
        }
    }
}

impl TokenSource for TextTokens {
    /// The end of a group is seen from the position: after a group's last document it names another group, or another
    /// epoch.
    fn refill(&mut self, limit: usize) -> Result<Vec<TokenDocument>, Error> {
        let mut documents = Vec::with_capacity(limit);
        while documents.len() < limit {
            let document = self.source.next_document()?;
            let here = document.at;
            documents.push(document);
            if !here.same_group(&self.source.position()) {
                break;
            }
        }
        Ok(self.encoder.documents(documents))
    }

    fn position(&self) -> SourcePosition {
        self.source.position()
    }

    fn seek(&mut self, position: &SourcePosition) -> Result<(), Error> {
        self.source.seek(position)
    }

    fn fetch(&mut self, places: &[SourcePosition]) -> Result<Vec<TokenDocument>, Error> {
        let documents = self.source.fetch(places)?;
        Ok(self.encoder.documents(documents))
    }

    fn redeal(&mut self, changes: &[Vec<SourcePosition>]) -> Result<(), Error> {
        self.source.redeal(changes)
    }

    fn describe(&self) -> String {
        self.source.describe()
    }
}
// ANCHOR_END: text

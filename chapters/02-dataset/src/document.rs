// ANCHOR: head
//! Documents, and sources of them.
//!
//! - A *document* is one text that stands for itself: a web page, an article, a story. Pretraining puts the token BOS in
//!   front of each, so that the model sees where one begins.
//! - A *group* is what a source reads at a time: a row group of a parquet shard, or a whole text file.
//! - A *rank* is one of the `world` processes that train together. Rank r takes the groups r, r + world, r + 2·world, …,
//!   so that no two ranks ever see the same document.
//! - An *epoch* is one pass over everything. A source never ends: after the last document comes the first, one epoch later.

use serde::{Deserialize, Serialize};

use crate::Error;
// ANCHOR_END: head

// ANCHOR: document
/// One text, and where it stands. Asking a source to [`seek`](DocumentSource::seek) to `at` makes it deliver this document
/// again: a place is how the loaders remember a document without keeping its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    pub text: String,
    pub at: SourcePosition,
}
// ANCHOR_END: document

// ANCHOR: position
/// A place in a source: row `row` of group `group` of file `file`, in pass number `epoch` (the first is 1).
///
/// Written as `[epoch, file, group, row]`, because a checkpoint holds a thousand of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "[u32; 4]", into = "[u32; 4]")]
pub struct SourcePosition {
    pub epoch: u32,
    pub file: u32,
    pub group: u32,
    pub row: u32,
}

impl SourcePosition {
    /// The beginning of the first pass, for every rank.
    pub const START: SourcePosition = SourcePosition {
        epoch: 1,
        file: 0,
        group: 0,
        row: 0,
    };

    /// Whether both lie in one group of one pass.
    pub fn same_group(&self, other: &SourcePosition) -> bool {
        (self.epoch, self.file, self.group) == (other.epoch, other.file, other.group)
    }
}
// ANCHOR_END: position

// ANCHOR: position-forms
impl Default for SourcePosition {
    fn default() -> Self {
        SourcePosition::START
    }
}

impl From<[u32; 4]> for SourcePosition {
    fn from([epoch, file, group, row]: [u32; 4]) -> Self {
        SourcePosition {
            epoch,
            file,
            group,
            row,
        }
    }
}

impl From<SourcePosition> for [u32; 4] {
    fn from(at: SourcePosition) -> Self {
        [at.epoch, at.file, at.group, at.row]
    }
}

impl std::fmt::Display for SourcePosition {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "(epoch {}, file {}, group {}, row {})",
            self.epoch, self.file, self.group, self.row
        )
    }
}
// ANCHOR_END: position-forms

// ANCHOR: source
/// An endless supply of documents.
///
/// `Send`, because the loader runs on a thread of its own.
pub trait DocumentSource: Send {
    /// The next document. Wraps to the next epoch; an empty source is an [`Error::Empty`], never an endless loop.
    fn next_document(&mut self) -> Result<Document, Error>;

    /// Where the next document will come from.
    fn position(&self) -> SourcePosition;

    /// Go to a place, so that the next document is the one that stands there. `SourcePosition::START` is always accepted.
    fn seek(&mut self, position: &SourcePosition) -> Result<(), Error>;

    /// Documents again, given their places; they come back in the order of `places`. Where the source stands afterwards is
    /// not said: [`seek`](DocumentSource::seek) comes next.
    fn fetch(&mut self, places: &[SourcePosition]) -> Result<Vec<Document>, Error>;

    /// Share the documents anew, after a run that had another number of ranks: each entry of `changes` says where all its
    /// ranks stood when their number changed. Without entries the usual share is restored. Stands at the beginning then.
    fn redeal(&mut self, changes: &[Vec<SourcePosition>]) -> Result<(), Error>;

    /// One line for logs: how many files, of what.
    fn describe(&self) -> String;
}
// ANCHOR_END: source

// ANCHOR: boxed
/// A boxed source is a source, so that callers may choose one at run time.
impl<S: DocumentSource + ?Sized> DocumentSource for Box<S> {
    fn next_document(&mut self) -> Result<Document, Error> {
        (**self).next_document()
    }
    fn position(&self) -> SourcePosition {
        (**self).position()
    }
    fn seek(&mut self, position: &SourcePosition) -> Result<(), Error> {
        (**self).seek(position)
    }
    fn fetch(&mut self, places: &[SourcePosition]) -> Result<Vec<Document>, Error> {
        (**self).fetch(places)
    }
    fn redeal(&mut self, changes: &[Vec<SourcePosition>]) -> Result<(), Error> {
        (**self).redeal(changes)
    }
    fn describe(&self) -> String {
        (**self).describe()
    }
}
// ANCHOR_END: boxed

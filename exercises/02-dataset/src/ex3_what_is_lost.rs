//! # What each way of packing loses
//!
//! Goal: count what the stream and best fit each do to a list of documents.
//!
//! Minutes: 30. Difficulty: 2 of 5.
//!
//! The stream puts all documents behind each other and cuts the ribbon wherever a row is full. It throws nothing away;
//! but a row that begins in the middle of a document asks the model to go on with a text whose beginning it cannot see.
//! Best fit begins every row with a document; what it pays with are the ends that are cropped. Before one argues which is
//! better, one counts.
//!
//! Fill in a `Tally` for each. A row has `capacity` ids, each document's BOS among them, and only full rows count: what
//! does not fill another row is `left`. An id is *blind* if it stands in a row in which its document does not begin.
//!
//! For best fit the documents come one by one. Before each is placed, the buffer is topped up to `buffer` documents, as
//! long as more come; with a buffer of 1 they are taken as they come. The chapter's `Packer` may do the placing.
//!
//! Help: `cargo course hint 02.3`. Judge it: `cargo course check 02.3`.

/// What became of the ids of some documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Full rows.
    pub rows: usize,
    /// Rows of them that begin with the first id of a document.
    pub at_start: usize,
    /// Ids in them whose document does not begin in their row.
    pub blind: usize,
    /// Ids thrown away, because their document was cropped.
    pub cropped: usize,
    /// Ids that are in no row and were not thrown away.
    pub left: usize,
}

/// All documents behind each other, cut into rows. No document is empty, and no row.
pub fn stream(lengths: &[usize], capacity: usize) -> Tally {
    let _ = (lengths, capacity); // delete this line
    todo!("exercise 02.3")
}

/// Best fit from a buffer that holds up to `buffer` documents.
pub fn best_fit(lengths: &[usize], capacity: usize, buffer: usize) -> Tally {
    let _ = (lengths, capacity, buffer); // delete this line
    todo!("exercise 02.3")
}

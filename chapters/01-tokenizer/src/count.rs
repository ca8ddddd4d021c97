// ANCHOR: head
//! From documents to a table: distinct chunk → how often it occurs.
//!
//! A corpus repeats itself: 5.6 MB of Python enhancement proposals are 1.16 million chunks, of which 43,200 are
//! distinct, and the larger the corpus, the smaller the share. The trainer needs only the table. Splitting is
//! therefore the part of training that grows with the corpus, and the part that is done on all cores.

use hashbrown::HashMap;
use rayon::prelude::*;

use crate::batches::Batches;
use crate::error::Error;
use crate::pattern::Pattern;
use crate::train::{Progress, TrainSettings};
// ANCHOR_END: head

// ANCHOR: count_document
/// Distinct chunks and their counts. 64-bit: the commonest chunk of a large corpus (` the`) passes 2³¹.
pub type ChunkCounts = HashMap<String, i64>;

/// Adds the chunks of one document to the table.
pub fn count_document(pattern: &Pattern, document: &str, counts: &mut ChunkCounts) {
    for chunk in pattern.split(document) {
        // `entry_ref` looks up by reference and makes an owned key only for a chunk not seen before.
        *counts.entry_ref(chunk).or_insert(0) += 1;
    }
}
// ANCHOR_END: count_document

// ANCHOR: batch
/// Counts one batch on all cores. Each core fills its own tables and the tables are added up: the sums do not
/// depend on who counted what, so the result is the same on any number of cores.
fn count_batch(pattern: &Pattern, batch: &[String]) -> ChunkCounts {
    let pieces = 4 * rayon::current_num_threads(); // more pieces than cores, because documents differ in length
    batch
        .par_chunks(batch.len().div_ceil(pieces).max(1))
        .map(|documents| {
            let mut counts = ChunkCounts::new();
            for document in documents {
                count_document(pattern, document, &mut counts);
            }
            counts
        })
        .reduce(ChunkCounts::new, add_counts)
}

/// Pours the smaller table into the larger one.
fn add_counts(a: ChunkCounts, b: ChunkCounts) -> ChunkCounts {
    let (mut large, small) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    for (chunk, count) in small {
        *large.entry(chunk).or_insert(0) += count;
    }
    large
}
// ANCHOR_END: batch

// ANCHOR: count_chunks
/// Reads documents up to the limits of `settings` and counts their chunks.
pub fn count_chunks<I: Iterator<Item = String>>(
    texts: I,
    settings: &TrainSettings,
    progress: &mut dyn FnMut(Progress),
) -> Result<ChunkCounts, Error> {
    let pattern = Pattern::default();
    let mut counts = ChunkCounts::new();
    let (mut documents, mut bytes) = (0, 0);
    for batch in Batches::new(texts, settings) {
        counts = add_counts(counts, count_batch(&pattern, &batch.documents));
        documents += batch.documents.len();
        bytes += batch.bytes;
        progress(Progress::Counting {
            documents,
            bytes,
            chunks: counts.len(),
        });
    }
    if counts.is_empty() {
        return Err(Error::EmptyText { documents });
    }
    Ok(counts)
}
// ANCHOR_END: count_chunks

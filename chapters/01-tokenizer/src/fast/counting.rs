// ANCHOR: head
//! Counting chunks on all cores, from a source that may be larger than memory.
//!
//! Reading and counting overlap: while the cores count one batch of documents, the caller's thread reads the next.
//! Each core counts into a table of its own and keeps it for the whole run, so that nobody waits for anybody. At the
//! end the tables are added up, and that too is shared out: each core takes a *partition*, the chunks whose mixed bits
//! begin alike, out of all tables.
//!
//! What is in memory at any time: two batches of text, and the distinct chunks once per core.

use std::cell::RefCell;

use hashbrown::HashMap;
use rayon::prelude::*;
use thread_local::ThreadLocal;

use crate::batches::Batches;
use crate::error::Error;
use crate::fast::classes::Classes;
use crate::fast::packed::Packed;
use crate::fast::scanner::chunk_end;
use crate::train::{Progress, TrainSettings};
// ANCHOR_END: head

// ANCHOR: table
/// Distinct chunks and their counts, like `ChunkCounts`; short chunks as numbers.
#[derive(Default)]
pub struct ChunkTable {
    short: HashMap<Packed, i64>,
    long: HashMap<Vec<u8>, i64>,
}

impl ChunkTable {
    /// Adds the chunks of one document.
    pub fn count(&mut self, document: &str) {
        let classes = Classes::get();
        let mut from = 0;
        while from < document.len() {
            let end = chunk_end(classes, document, from);
            match Packed::new(document.as_bytes(), from, end) {
                Some(chunk) => *self.short.entry(chunk).or_insert(0) += 1,
                None => {
                    let chunk = &document.as_bytes()[from..end];
                    *self.long.entry_ref(chunk).or_insert(0) += 1;
                }
            }
            from = end;
        }
    }

    /// Adds those chunks of `other` that belong to a partition.
    fn add(&mut self, other: &ChunkTable, partition: Partition) {
        for (&chunk, count) in &other.short {
            if partition.has(chunk.mixed()) {
                *self.short.entry(chunk).or_insert(0) += count;
            }
        }
        for (chunk, count) in &other.long {
            // Sixteen bytes or more: the first fifteen decide.
            if Packed::new(chunk, 0, Packed::LONGEST)
                .is_some_and(|start| partition.has(start.mixed()))
            {
                *self.long.entry_ref(chunk.as_slice()).or_insert(0) += count;
            }
        }
    }

    pub fn len(&self) -> usize {
        self.short.len() + self.long.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Calls `each` with every chunk and its count.
    pub fn for_each(&self, mut each: impl FnMut(&[u8], i64)) {
        for (chunk, &count) in &self.short {
            let (bytes, length) = chunk.bytes();
            each(&bytes[..length], count);
        }
        for (chunk, &count) in &self.long {
            each(chunk, count);
        }
    }
}

/// One of `of` parts of all chunks.
#[derive(Clone, Copy)]
struct Partition {
    index: usize,
    of: usize,
}

impl Partition {
    /// By the upper bits, which the hash tables use least.
    fn has(self, mixed: u64) -> bool {
        (mixed >> 32) as usize % self.of == self.index
    }
}
// ANCHOR_END: table

// ANCHOR: count
/// Reads documents up to the limits of `settings` and counts their chunks; every distinct chunk is in one of the tables.
pub fn count<I: Iterator<Item = String>>(
    texts: I,
    settings: &TrainSettings,
    progress: &mut dyn FnMut(Progress),
) -> Result<Vec<ChunkTable>, Error> {
    let mut tables: ThreadLocal<RefCell<ChunkTable>> = ThreadLocal::new();
    let mut batches = Batches::new(texts, settings);
    let mut batch = batches.next();
    let (mut documents, mut bytes) = (0, 0);
    while let Some(now) = batch {
        documents += now.documents.len();
        bytes += now.bytes;
        batch = rayon::in_place_scope(|scope| {
            scope.spawn(|_| {
                now.documents.par_iter().for_each(|document| {
                    tables.get_or_default().borrow_mut().count(document);
                });
            });
            batches.next() // meanwhile, on this thread
        });
        let chunks = tables.iter_mut().map(|table| table.get_mut().len()).sum();
        progress(Progress::Counting {
            documents,
            bytes,
            chunks,
        });
    }
    let tables: Vec<ChunkTable> = tables.into_iter().map(RefCell::into_inner).collect();
    if tables.iter().all(ChunkTable::is_empty) {
        return Err(Error::EmptyText { documents });
    }
    Ok(add_up(tables))
}

/// Makes tables that have no chunk in common.
fn add_up(tables: Vec<ChunkTable>) -> Vec<ChunkTable> {
    if tables.len() == 1 {
        return tables;
    }
    let of = rayon::current_num_threads();
    (0..of)
        .into_par_iter()
        .map(|index| {
            let mut sum = ChunkTable::default();
            for table in &tables {
                sum.add(table, Partition { index, of });
            }
            sum
        })
        .collect()
}
// ANCHOR_END: count

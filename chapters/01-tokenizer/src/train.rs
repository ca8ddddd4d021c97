// ANCHOR: head
//! The same merges as `naive.rs`, without reading anything twice.
//!
//! After a merge nearly all pair counts are what they were before: only the neighbours of the places that were
//! merged have changed. So three things are kept from merge to merge:
//!
//! - the *strip*: all distinct chunks, one behind the other, as the tokens they have become so far;
//! - for each *pair*, its count and the places on the strip where it started when the pair arose;
//! - a *heap* of candidates, the commonest pair on top.
//!
//! Counts in the heap may be out of date, but only upwards: a pair can only arise in the merge that makes the
//! newer of its two ids, and after that its count can only fall. So the top of the heap, once its count proves
//! current, is the true maximum. This is the lazy refresh.
//!
//! Cost: each merge at a place removes one token from the strip, so all merges of a run together visit at most a few
//! times as many places as the strip has bytes, and each visit is a few look-ups. How long the chunks are does not
//! matter: a text without any white space trains as fast as English.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use hashbrown::HashMap;

use crate::count::{ChunkCounts, count_chunks};
use crate::error::Error;
use crate::fast;
use crate::special::Special;
use crate::strip::Strip;
use crate::vocabulary::Vocabulary;
use crate::{Pair, Tokenizer};
// ANCHOR_END: head

// ANCHOR: settings
/// What to train on and how far.
#[derive(Clone, Debug)]
pub struct TrainSettings {
    /// The whole vocabulary: 256 bytes, the merges, and the special tokens.
    pub vocab_size: usize,
    /// Stop reading after the document in which this many characters are reached. The commonest pairs of a sample are
    /// those of the whole: nanochat's default is 2 billion characters, of corpora fifty times as large.
    pub max_chars: Option<usize>,
    /// Longer documents are cut, in characters.
    pub max_document_chars: usize,
}

impl TrainSettings {
    pub fn new(vocab_size: usize) -> Self {
        TrainSettings {
            vocab_size,
            max_chars: None,
            max_document_chars: 10_000,
        }
    }
}

/// Where a training run stands.
#[derive(Clone, Copy, Debug)]
pub enum Progress {
    /// So many documents and bytes read, so many distinct chunks found (`fast` finds some once per core).
    Counting {
        documents: usize,
        bytes: usize,
        chunks: usize,
    },
    /// All is read. The distinct chunks, so many, are laid out and their pairs counted.
    Indexing { chunks: usize },
    /// So many merges made of those asked for.
    Merging { done: usize, total: usize },
}
// ANCHOR_END: settings

// ANCHOR: train
/// Finds up to so many merges, as [`merges`] does.
pub type FindMerges = fn(&ChunkCounts, usize, &mut dyn FnMut(Progress)) -> Result<Vec<Pair>, Error>;

/// Trains a tokenizer. The same texts and settings always give the same tokenizer, on any number of cores. Counting and
/// merging are those of the folder `fast`.
pub fn train<I: Iterator<Item = String>>(
    texts: I,
    settings: &TrainSettings,
    progress: &mut dyn FnMut(Progress),
) -> Result<Tokenizer, Error> {
    let wanted = merges_wanted(settings)?;
    let chunks = fast::counting::count(texts, settings, progress)?;
    let merges = fast::merging::merges(&chunks, wanted, progress)?;
    tokenizer_of(merges, settings)
}

/// As [`train`], where somebody else finds the merges: a [`FindMerges`], or a closure like it. With [`merges`] it is the
/// chapter's walk from beginning to end, and slower.
pub fn train_with<I: Iterator<Item = String>>(
    find: impl FnOnce(&ChunkCounts, usize, &mut dyn FnMut(Progress)) -> Result<Vec<Pair>, Error>,
    texts: I,
    settings: &TrainSettings,
    progress: &mut dyn FnMut(Progress),
) -> Result<Tokenizer, Error> {
    let wanted = merges_wanted(settings)?;
    let counts = count_chunks(texts, settings, progress)?;
    let merges = find(&counts, wanted, progress)?;
    tokenizer_of(merges, settings)
}

/// 256 bytes and the special tokens take their ids first.
const FIXED: usize = 256 + Special::ALL.len();

fn merges_wanted(settings: &TrainSettings) -> Result<usize, Error> {
    let wanted = settings.vocab_size;
    wanted
        .checked_sub(FIXED)
        .ok_or(Error::VocabularyTooSmall { wanted })
}

fn tokenizer_of(merges: Vec<Pair>, settings: &TrainSettings) -> Result<Tokenizer, Error> {
    if merges.len() + FIXED < settings.vocab_size {
        return Err(Error::VocabularyTooLarge {
            wanted: settings.vocab_size,
            possible: merges.len(),
            largest: merges.len() + FIXED,
        });
    }
    Ok(Tokenizer::new(Vocabulary::from_merges(merges)?))
}
// ANCHOR_END: train

// ANCHOR: merges
/// Up to `wanted` merges; fewer if every chunk has become one token before that.
pub fn merges(
    counts: &ChunkCounts,
    wanted: usize,
    progress: &mut dyn FnMut(Progress),
) -> Result<Vec<Pair>, Error> {
    let mut trainer = Trainer::new(counts)?;
    let mut merges = Vec::with_capacity(wanted);
    while merges.len() < wanted {
        let Some(pair) = trainer.commonest() else {
            break;
        };
        trainer.merge(pair);
        merges.push(pair);
        if merges.len() % 256 == 0 || merges.len() == wanted {
            progress(Progress::Merging {
                done: merges.len(),
                total: wanted,
            });
        }
    }
    Ok(merges)
}
// ANCHOR_END: merges

// ANCHOR: state
struct Trainer {
    strip: Strip,
    /// Per cell of the strip, which chunk it belongs to …
    chunk_of: Vec<u32>,
    /// … and per chunk, how often the corpus has it.
    chunk_counts: Vec<i64>,
    /// Bytes per token id; its length is the id that comes next.
    lengths: Vec<u32>,
    pairs: HashMap<Pair, Occurrences>,
    candidates: BinaryHeap<Candidate>,
}

#[derive(Default)]
struct Occurrences {
    /// How often the pair stands in the corpus now: exact at all times.
    count: i64,
    /// Where on the strip it started when it arose, ascending. Another merge may have taken one half since, so each
    /// place is checked when its turn comes. The same pair never arises twice at one place, because ids at a place
    /// only grow.
    starts: Vec<u32>,
}

/// A pair and the count it had when it was put on the heap.
#[derive(PartialEq, Eq)]
struct Candidate {
    count: i64,
    pair: Pair,
}

/// Greatest = next to be merged: the higher count, and of equal counts the smaller pair. Without the second rule
/// the result would depend on the order of a hash map.
impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.count, Reverse(self.pair)).cmp(&(other.count, Reverse(other.pair)))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
// ANCHOR_END: state

// ANCHOR: new
impl Trainer {
    /// Lays the chunks out and counts their pairs: the only time that everything is read.
    fn new(counts: &ChunkCounts) -> Result<Self, Error> {
        let bytes = counts.keys().map(|chunk| chunk.len() + 1).sum::<usize>() + 1;
        if u32::try_from(bytes).is_err() {
            return Err(Error::TooManyDistinctChunks { bytes });
        }
        let mut trainer = Trainer {
            strip: Strip::with_capacity(bytes),
            chunk_of: vec![0],
            chunk_counts: Vec::with_capacity(counts.len()),
            lengths: vec![1; 256],
            pairs: HashMap::new(),
            candidates: BinaryHeap::new(),
        };
        // The order of the chunks (that of a hash map) decides where they lie and nothing else.
        for (chunk, &count) in counts {
            let start = trainer.strip.push_chunk(chunk.as_bytes());
            trainer
                .chunk_of
                .resize(trainer.strip.len(), trainer.chunk_counts.len() as u32);
            trainer.chunk_counts.push(count);
            for (offset, pair) in chunk.as_bytes().windows(2).enumerate() {
                let pair = (u32::from(pair[0]), u32::from(pair[1]));
                trainer.found(pair, start + offset, count);
            }
        }
        trainer.candidates = trainer
            .pairs
            .iter()
            .map(|(&pair, occurrences)| Candidate {
                count: occurrences.count,
                pair,
            })
            .collect();
        Ok(trainer)
    }
}
// ANCHOR_END: new

// ANCHOR: commonest
impl Trainer {
    /// The commonest pair, smallest ids first; `None` when no two tokens stand side by side any more.
    fn commonest(&mut self) -> Option<Pair> {
        while let Some(Candidate { count, pair }) = self.candidates.pop() {
            let now = self.pairs.get(&pair).map_or(0, |pair| pair.count);
            if now == 0 {
                self.pairs.remove(&pair); // merged away by its neighbours; it can never come back
            } else if now == count {
                return Some(pair);
            } else {
                self.candidates.push(Candidate { count: now, pair });
            }
        }
        None
    }
}
// ANCHOR_END: commonest

// ANCHOR: merge
impl Trainer {
    /// Merges `pair` wherever it stands, from left to right, and keeps the counts of its neighbours right.
    fn merge(&mut self, pair: Pair) {
        let new = self.lengths.len() as u32;
        self.lengths
            .push(self.lengths[pair.0 as usize] + self.lengths[pair.1 as usize]);
        let places = self.pairs.remove(&pair).unwrap_or_default().starts;
        let mut arisen = Vec::new();
        for start in places {
            let start = start as usize;
            let Some(right_start) = self.strip.still_holds(start, pair, &self.lengths) else {
                continue; // one half belongs to another token by now
            };
            let count = self.chunk_counts[self.chunk_of[start] as usize];
            // before: left pair.0 pair.1 right     pairs: (left, pair.0), (pair.0, pair.1), (pair.1, right)
            // after:  left      new      right     pairs: (left, new),                      (new, right)
            if let Some((left_start, left)) = self.strip.before(start, &self.lengths) {
                self.lost((left, pair.0), count);
                if self.found((left, new), left_start, count) {
                    arisen.push((left, new));
                }
            }
            if let Some((_, right)) = self.strip.after(right_start, &self.lengths) {
                self.lost((pair.1, right), count);
                if self.found((new, right), start, count) {
                    arisen.push((new, right));
                }
            }
            self.strip.merge(start, new, &self.lengths);
        }
        for pair in arisen {
            let count = self.pairs[&pair].count;
            self.candidates.push(Candidate { count, pair });
        }
    }

    /// Notes `count` occurrences of `pair` at `start`. True if the pair was never seen before.
    fn found(&mut self, pair: Pair, start: usize, count: i64) -> bool {
        let occurrences = self.pairs.entry(pair).or_default();
        occurrences.count += count;
        occurrences.starts.push(start as u32);
        occurrences.starts.len() == 1
    }

    /// Takes `count` occurrences of `pair` off. The pair being merged is gone from the map already: in `aaa` it is
    /// its own neighbour.
    fn lost(&mut self, pair: Pair, count: i64) {
        if let Some(occurrences) = self.pairs.get_mut(&pair) {
            occurrences.count -= count;
        }
    }
}
// ANCHOR_END: merge

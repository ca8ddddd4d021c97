// ANCHOR: head
//! The trainer of `train.rs` with its tables laid flat.
//!
//! The algorithm is the same: a strip, a count for each pair and the places where it arose, candidates that are brought up
//! to date when their turn comes. What changes is where things lie:
//!
//! - pairs are numbered, and a pair's count and places are found by its number. The places of all pairs lie in one
//!   long list, each pair's in a row, instead of in a small list of its own for each of a million pairs;
//! - the pairs that a merge makes and unmakes all contain one of three tokens. So while a merge goes from place to
//!   place it keeps its sums per *neighbour*, in two tables with a row per token, and the hash table of pairs is asked
//!   once per neighbour instead of four times per place;
//! - the first pairs are pairs of bytes, of which there are 65,536: they are counted in an array.

use std::ops::Range;

use hashbrown::HashMap;

use crate::Pair;
use crate::error::Error;
use crate::fast::candidates::{Candidates, Groups, Numbered};
use crate::fast::counting::ChunkTable;
use crate::strip::Strip;
use crate::train::Progress;
// ANCHOR_END: head

// ANCHOR: merges
/// Up to `wanted` merges, those of [`train::merges`](crate::train::merges). No chunk may be in two of the tables.
pub fn merges(
    chunks: &[ChunkTable],
    wanted: usize,
    progress: &mut dyn FnMut(Progress),
) -> Result<Vec<Pair>, Error> {
    merges_in::<Groups>(chunks, wanted, progress)
}

/// The same with any order of candidates, so that orders can be compared (`examples/steps.rs`).
pub fn merges_in<C: Candidates>(
    chunks: &[ChunkTable],
    wanted: usize,
    progress: &mut dyn FnMut(Progress),
) -> Result<Vec<Pair>, Error> {
    progress(Progress::Indexing {
        chunks: chunks.iter().map(ChunkTable::len).sum(),
    });
    let mut trainer: Trainer<C> = Trainer::new(chunks, wanted)?;
    let mut merges = Vec::new();
    while merges.len() < wanted
        && let Some(next) = trainer.candidates.pop(&trainer.counts)
    {
        trainer.merge(next);
        merges.push(next.pair);
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
struct Trainer<C> {
    strip: Strip,
    /// The different counts that chunks have. Chunks are many and different counts few: this table stays near the
    /// processor, and a place needs only 32 bits to say which count is its chunk's.
    weights: Vec<i64>,
    /// Bytes per token id; its length is the id that comes next.
    lengths: Vec<u32>,
    numbers: HashMap<Pair, u32>,
    /// By number of pair: how often it stands in the corpus now, and which of `places` are its own, ascending.
    counts: Vec<i64>,
    ranges: Vec<Range<usize>>,
    places: Vec<Place>,
    candidates: C,
    left: Neighbours,
    right: Neighbours,
}

/// Where a pair arose, and which of the weights its chunk has: read one after the other, unlike anything that would have
/// to be looked up by the start.
#[derive(Clone, Copy, Default)]
struct Place {
    start: u32,
    weight: u32,
}

/// What one merge does to the pairs on one side of the merged token.
#[derive(Default)]
struct Neighbours {
    /// By id of the neighbour; all zero between merges.
    sums: Vec<Sum>,
    /// The neighbours met, in the order in which they were met …
    met: Vec<u32>,
    /// … and every meeting: which neighbour, and where the new pair starts.
    meetings: Vec<(u32, Place)>,
}

#[derive(Clone, Copy, Default)]
struct Sum {
    /// Of the new pair, with the merged token.
    gained: i64,
    /// Of the old pair, with the half on this side.
    lost: i64,
    meetings: usize,
    /// Where in `places` the next meeting of this neighbour goes, once all are known.
    next: usize,
}
// ANCHOR_END: state

// ANCHOR: new
fn for_each_chunk(chunks: &[ChunkTable], mut each: impl FnMut(&[u8], i64)) {
    for table in chunks {
        table.for_each(&mut each);
    }
}

impl<C: Candidates> Trainer<C> {
    fn new(chunks: &[ChunkTable], wanted: usize) -> Result<Self, Error> {
        // First the size of everything. A chunk of one byte has no pairs and needs no place.
        let mut cells = 1;
        let mut byte_pairs = vec![(0i64, 0usize); 1 << 16];
        let at = |pair: &[u8]| usize::from(pair[0]) << 8 | usize::from(pair[1]);
        for_each_chunk(chunks, |chunk, count| {
            if chunk.len() > 1 {
                cells += chunk.len() + 1;
                for pair in chunk.windows(2) {
                    byte_pairs[at(pair)].0 += count;
                    byte_pairs[at(pair)].1 += 1;
                }
            }
        });
        if u32::try_from(cells).is_err() {
            return Err(Error::TooManyDistinctChunks { bytes: cells });
        }
        // Each merge removes a token somewhere, so there are not more of them than cells, whatever is wanted.
        let ids = 256 + wanted.min(cells);
        let mut trainer = Trainer {
            strip: Strip::with_capacity(cells),
            weights: Vec::new(),
            lengths: vec![1; 256],
            numbers: HashMap::new(),
            counts: Vec::new(),
            ranges: Vec::new(),
            places: vec![Place::default(); byte_pairs.iter().map(|&(_, places)| places).sum()],
            candidates: C::default(),
            left: Neighbours::new(ids),
            right: Neighbours::new(ids),
        };
        // Each pair's part of the places begins where that of the pair before it ends …
        let mut next = vec![0; 1 << 16];
        let mut end = 0;
        for (bytes, (count, places)) in byte_pairs.into_iter().enumerate() {
            if places > 0 {
                next[bytes] = end;
                let pair = (bytes as u32 >> 8, bytes as u32 & 255);
                trainer.add_pair(pair, count, end..end + places);
                end += places;
            }
        }
        // … and is filled while the chunks are laid out.
        let mut weight_numbers: HashMap<i64, u32> = HashMap::new();
        for_each_chunk(chunks, |chunk, count| {
            if chunk.len() > 1 {
                let weight = *weight_numbers.entry(count).or_insert_with(|| {
                    trainer.weights.push(count);
                    trainer.weights.len() as u32 - 1
                });
                let start = trainer.strip.push_chunk(chunk);
                for (offset, pair) in chunk.windows(2).enumerate() {
                    trainer.places[next[at(pair)]] = Place {
                        start: (start + offset) as u32,
                        weight,
                    };
                    next[at(pair)] += 1;
                }
            }
        });
        Ok(trainer)
    }

    /// Gives a pair its number and puts it among the candidates.
    fn add_pair(&mut self, pair: Pair, count: i64, range: Range<usize>) {
        let number = self.counts.len() as u32;
        self.numbers.insert(pair, number);
        self.counts.push(count);
        self.ranges.push(range);
        self.candidates.push(count, Numbered { pair, number });
    }
}
// ANCHOR_END: new

// ANCHOR: merge
impl<C: Candidates> Trainer<C> {
    /// Merges a pair wherever it stands, from left to right.
    fn merge(&mut self, Numbered { pair, number }: Numbered) {
        let new = self.lengths.len() as u32;
        self.lengths
            .push(self.lengths[pair.0 as usize] + self.lengths[pair.1 as usize]);
        self.numbers.remove(&pair);
        for index in self.ranges[number as usize].clone() {
            let Place { start, weight } = self.places[index];
            let count = self.weights[weight as usize];
            let place = |start: usize| Place {
                start: start as u32,
                weight,
            };
            let start = start as usize;
            let Some(right_start) = self.strip.still_holds(start, pair, &self.lengths) else {
                continue;
            };
            // before: left pair.0 pair.1 right     pairs: (left, pair.0), (pair.0, pair.1), (pair.1, right)
            // after:  left      new      right     pairs: (left, new),                      (new, right)
            if let Some((left_start, left)) = self.strip.before(start, &self.lengths) {
                self.left.meet(left, place(left_start), count);
                if left == new {
                    // (new, pair.0) is no old pair: this very merge made it, one place further to the left.
                    self.right.sums[pair.0 as usize].gained -= count;
                } else {
                    self.left.sums[left as usize].lost += count;
                }
            }
            if let Some((_, right)) = self.strip.after(right_start, &self.lengths) {
                self.right.meet(right, place(start), count);
                self.right.sums[right as usize].lost += count;
            }
            self.strip.merge(start, new, &self.lengths);
        }
        let mut left = std::mem::take(&mut self.left);
        self.settle(&mut left, |left| (left, pair.0), |left| (left, new));
        self.left = left;
        let mut right = std::mem::take(&mut self.right);
        self.settle(&mut right, |right| (pair.1, right), |right| (new, right));
        self.right = right;
    }

    /// Takes the losses off, gives the new pairs their numbers, and deals the meetings out to them. The pair that is
    /// being merged has no number any more: in `aaa` it is its own neighbour, and loses nothing.
    fn settle(
        &mut self,
        side: &mut Neighbours,
        old: impl Fn(u32) -> Pair,
        new: impl Fn(u32) -> Pair,
    ) {
        let mut end = self.places.len();
        for &neighbour in &side.met {
            let sum = &mut side.sums[neighbour as usize];
            if sum.lost > 0
                && let Some(&number) = self.numbers.get(&old(neighbour))
            {
                self.counts[number as usize] -= sum.lost;
            }
            let range = end..end + sum.meetings;
            sum.next = range.start;
            end = range.end;
            if sum.gained > 0 {
                self.add_pair(new(neighbour), sum.gained, range);
            }
        }
        self.places.resize(end, Place::default());
        for &(neighbour, place) in &side.meetings {
            let next = &mut side.sums[neighbour as usize].next;
            self.places[*next] = place;
            *next += 1;
        }
        side.clear();
    }
}

impl Neighbours {
    /// For so many ids.
    fn new(ids: usize) -> Self {
        Neighbours {
            sums: vec![Sum::default(); ids],
            met: Vec::new(),
            meetings: Vec::new(),
        }
    }

    /// The merged token now stands beside `neighbour`, and the pair of the two starts at `place`.
    fn meet(&mut self, neighbour: u32, place: Place, count: i64) {
        let sum = &mut self.sums[neighbour as usize];
        if sum.meetings == 0 {
            self.met.push(neighbour);
        }
        sum.meetings += 1;
        sum.gained += count;
        self.meetings.push((neighbour, place));
    }

    fn clear(&mut self) {
        for &neighbour in &self.met {
            self.sums[neighbour as usize] = Sum::default();
        }
        self.met.clear();
        self.meetings.clear();
    }
}
// ANCHOR_END: merge

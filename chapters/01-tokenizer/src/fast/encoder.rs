// ANCHOR: head
//! Text to ids, as `encode.rs` does it, with everything that is known about the vocabulary beforehand laid flat.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use hashbrown::HashMap;

use crate::Pair;
use crate::fast::chunk_cache::ChunkCache;
use crate::fast::classes::Classes;
use crate::fast::flat_table::FlatTable;
use crate::fast::packed::Packed;
use crate::fast::scanner::chunk_end;
use crate::strip::Strip;
use crate::vocabulary::Vocabulary;
// ANCHOR_END: head

// ANCHOR: encoder
/// The tables of a vocabulary.
#[derive(Debug)]
pub struct Encoder {
    classes: &'static Classes,
    tokens: FlatTable<Packed>,
    pairs: FlatTable<Pair>,
}

impl Encoder {
    pub fn new(vocabulary: &Vocabulary) -> Self {
        let tokens: Vec<(Packed, u32)> = (0..vocabulary.len() as u32)
            .filter_map(|id| {
                let bytes = vocabulary.token(id)?;
                Some((Packed::new(bytes, 0, bytes.len())?, id))
            })
            .collect();
        let pairs: Vec<(Pair, u32)> = vocabulary.merges().iter().copied().zip(256..).collect();
        Encoder {
            classes: Classes::get(),
            tokens: FlatTable::new(&tokens),
            pairs: FlatTable::new(&pairs),
        }
    }

    /// Appends the ids of a text.
    pub fn encode_into(
        &self,
        vocabulary: &Vocabulary,
        cache: &mut ChunkCache,
        text: &str,
        ids: &mut Vec<u32>,
    ) {
        let bytes = text.as_bytes();
        let mut from = 0;
        while from < text.len() {
            let end = chunk_end(self.classes, text, from);
            match Packed::new(bytes, from, end) {
                Some(chunk) => {
                    if let Some(id) = self.tokens.get(chunk) {
                        ids.push(id);
                    } else if let Some(known) = cache.get(chunk) {
                        ids.extend_from_slice(known);
                    } else {
                        let first = ids.len();
                        self.merge_short(&bytes[from..end], ids);
                        cache.put(chunk, &ids[first..]);
                    }
                }
                None => match vocabulary.id_of(&bytes[from..end]) {
                    Some(id) => ids.push(id),
                    None => self.merge(vocabulary, &bytes[from..end], ids),
                },
            }
            from = end;
        }
    }

    /// Appends the ids of a chunk, always by merging.
    pub fn merge(&self, vocabulary: &Vocabulary, chunk: &[u8], ids: &mut Vec<u32>) {
        if chunk.len() <= SHORT {
            self.merge_short(chunk, ids);
        } else {
            self.merge_long(vocabulary, chunk, ids);
        }
    }
}
// ANCHOR_END: encoder

// ANCHOR: short
/// Up to so many bytes all ranks are looked at for the lowest; in longer chunks they are kept in order. Words stay far below.
const SHORT: usize = 256;

/// No merge: higher than every rank.
const NONE: u32 = u32::MAX;

impl Encoder {
    #[inline]
    fn rank(&self, left: u32, right: u32) -> u32 {
        self.pairs.get((left, right)).unwrap_or(NONE)
    }

    /// The loop, with the rank of every pair remembered: a merge changes two of them.
    pub fn merge_short(&self, chunk: &[u8], out: &mut Vec<u32>) {
        let mut ids = [0; SHORT];
        let mut ranks = [NONE; SHORT]; // of the pair that begins at this id; the last id begins none
        let mut count = chunk.len();
        for (id, &byte) in ids.iter_mut().zip(chunk) {
            *id = u32::from(byte);
        }
        for at in 1..count {
            ranks[at - 1] = self.rank(ids[at - 1], ids[at]);
        }
        loop {
            // First the lowest rank, then where it stands: two plain loops, of which a compiler makes four or eight
            // comparisons at a time.
            let lowest = ranks[..count].iter().copied().min().unwrap_or(NONE);
            if lowest == NONE {
                break;
            }
            let Some(at) = ranks[..count].iter().position(|&rank| rank == lowest) else {
                break;
            };
            ids[at] = lowest;
            ids.copy_within(at + 2..count, at + 1);
            ranks.copy_within(at + 2..count, at + 1);
            count -= 1;
            ranks[at] = if at + 1 < count {
                self.rank(ids[at], ids[at + 1])
            } else {
                NONE
            };
            if at > 0 {
                ranks[at - 1] = self.rank(ids[at - 1], ids[at]);
            }
        }
        out.extend_from_slice(&ids[..count]);
    }
}
// ANCHOR_END: short

// ANCHOR: long
impl Encoder {
    /// Rank after rank, each in one go from left to right.
    ///
    /// All places of a pair arise in the merge that makes the newer of its two ids, and they are met in ascending
    /// order. So the places of a rank are a list that is complete and sorted before its turn comes, and only the ranks
    /// have to be kept in order, of which a chunk has few.
    pub fn merge_long(&self, vocabulary: &Vocabulary, chunk: &[u8], ids: &mut Vec<u32>) {
        let lengths = vocabulary.lengths();
        let mut strip = Strip::with_capacity(chunk.len() + 1);
        let first = strip.push_chunk(chunk);
        let mut queue = Queue::default();
        for (offset, pair) in chunk.windows(2).enumerate() {
            queue.note(
                self.rank(u32::from(pair[0]), u32::from(pair[1])),
                first + offset,
            );
        }
        while let Some((rank, places)) = queue.lowest() {
            let pair = vocabulary.pair_of(rank);
            for at in places {
                if strip.still_holds(at, pair, lengths).is_none() {
                    continue; // one half belongs to another token by now
                }
                strip.merge(at, rank, lengths);
                if let Some((left_start, left)) = strip.before(at, lengths) {
                    queue.note(self.rank(left, rank), left_start);
                }
                if let Some((_, right)) = strip.after(at, lengths) {
                    queue.note(self.rank(rank, right), at);
                }
            }
        }
        let mut at = first;
        while let Some(id) = strip.token_at(at) {
            ids.push(id);
            at += lengths[id as usize] as usize;
        }
    }
}

/// The ranks that stand in the chunk, and where.
#[derive(Default)]
struct Queue {
    ranks: BinaryHeap<Reverse<u32>>,
    lists: HashMap<u32, usize>,
    places: Vec<Vec<usize>>,
    /// The rank noted last and its list: in a run of one letter nearly all are the same.
    latest: Option<(u32, usize)>,
}

impl Queue {
    fn note(&mut self, rank: u32, place: usize) {
        if rank == NONE {
            return;
        }
        let list = match self.latest {
            Some((latest, list)) if latest == rank => list,
            _ => *self.lists.entry(rank).or_insert_with(|| {
                self.ranks.push(Reverse(rank));
                self.places.push(Vec::new());
                self.places.len() - 1
            }),
        };
        self.latest = Some((rank, list));
        self.places[list].push(place);
    }

    /// The lowest rank and its places. It never comes again: what its merges make has higher ranks.
    fn lowest(&mut self) -> Option<(u32, Vec<usize>)> {
        let Reverse(rank) = self.ranks.pop()?;
        let list = *self.lists.get(&rank)?;
        Some((rank, std::mem::take(&mut self.places[list])))
    }
}
// ANCHOR_END: long

// ANCHOR: head
//! Token shards: a parquet shard's documents as ids, to be read at the speed of memory.
//!
//! Encoding a corpus again in every epoch, and in every run, is work that can be done once. A token shard keeps the groups
//! and row numbers of the parquet shard it was made from, so that a place means the same document in both.
//!
//! ```text
//! at   bytes
//!   0      8  NANOTOKS
//!   8      4  version of this layout: 1
//!  12      4  bytes per id: 2, or 4 for vocabularies of more than 65,536
//!  16     32  fingerprint of the tokenizer
//!  48      8  groups G
//!  56      8  documents D
//!  64      8  ids N
//!  72      4  CRC-32 of the index
//!  76      4  CRC-32 of the 76 bytes before
//!  80     48  zero
//! 128         ids: document after document, BOS first; then up to 7 zeros
//!             index: for each group its first document, its first id, and the CRC-32 of its ids (8 bytes each);
//!                    for each document its row in the group and its length (4 bytes each)
//! ```
//!
//! All numbers are little-endian. The file is *mapped*: the system brings in what is read and forgets it when memory is
//! short. Every group is held against its checksum when it is read, every time: a mapping has no other way to notice that
//! a disk has gone bad.

use std::fs::File;
use std::path::{Path, PathBuf};

use memmap2::Mmap;

use crate::group_walk::{Documents, GroupAt, Groups};
use crate::{Error, SourcePosition, TokenDocument, TokenSource};

pub(crate) const MAGIC: &[u8; 8] = b"NANOTOKS";
pub(crate) const VERSION: u32 = 1;
/// Bytes before the ids.
pub(crate) const HEADER: usize = 128;
/// Bytes of the header that its checksum covers.
pub(crate) const COVERED: usize = 76;
/// What a token shard's name ends in.
pub const EXTENSION: &str = "tokens";
// ANCHOR_END: head

// ANCHOR: shard
/// One shard, mapped into memory.
pub struct TokenShard {
    path: PathBuf,
    map: Mmap,
    /// Bytes per id.
    width: usize,
    fingerprint: [u8; 32],
    groups: usize,
    documents: usize,
    ids: usize,
    /// Where the index begins.
    index: usize,
}

impl TokenShard {
    /// Map a shard and check its header and index. Its ids are checked as they are read.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(|error| Error::io(path, error))?;
        // SAFETY: the mapping is read only. A file that another program shortens meanwhile would end this one by a signal;
        // token shards are renamed into place when they are whole and are never written again.
        let map = unsafe { Mmap::map(&file) }.map_err(|error| Error::io(path, error))?;
        let bad = |problem: &str| Error::TokenShard {
            path: path.to_owned(),
            problem: problem.to_owned(),
        };
        if map.len() < HEADER || map[..8] != *MAGIC {
            return Err(bad("it does not begin like one"));
        }
        if u32_at(&map, 8) != VERSION {
            return Err(bad("its layout is of another version"));
        }
        if u32_at(&map, COVERED) != crc32fast::hash(&map[..COVERED]) {
            return Err(bad("its header is damaged"));
        }
        let width = u32_at(&map, 12) as usize;
        let [groups, documents, ids] = [48, 56, 64].map(|at| u64_at(&map, at) as usize);
        // Numbers from a file may be anything: 2⁶¹ groups would make the product small again.
        let layout = || {
            let index = HEADER.checked_add(ids.checked_mul(width)?.checked_next_multiple_of(8)?)?;
            let tables = groups
                .checked_mul(24)?
                .checked_add(documents.checked_mul(8)?)?;
            Some((index, index.checked_add(tables)?))
        };
        let (index, end) = layout()
            .filter(|_| matches!(width, 2 | 4))
            .ok_or_else(|| bad("its header makes no sense"))?;
        if map.len() != end {
            return Err(bad("its length is not what its header says"));
        }
        if u32_at(&map, 72) != crc32fast::hash(&map[index..]) {
            return Err(bad("its index is damaged"));
        }
        let fingerprint = map[16..48].try_into().expect("32 bytes");
        let shard = TokenShard {
            path: path.to_owned(),
            map,
            width,
            fingerprint,
            groups,
            documents,
            ids,
            index,
        };
        if !shard.index_holds() {
            return Err(bad("its index contradicts itself"));
        }
        Ok(shard)
    }

    /// Groups follow each other from the first document and id to the last, and each has the ids of its documents, whose
    /// rows rise: a place that means two documents could not be gone back to.
    fn index_holds(&self) -> bool {
        let follows = |group: usize| {
            let ((first, from), (last, to)) = (self.start(group), self.start(group + 1));
            let inside = first <= last && last <= self.documents && from <= to && to <= self.ids;
            inside
                && (first..last)
                    .map(|at| self.row_and_length(at).1)
                    .sum::<usize>()
                    == to - from
                && (first..last)
                    .map(|at| self.row_and_length(at).0)
                    .is_sorted_by(|row, next| row < next)
        };
        self.start(0) == (0, 0) && (0..self.groups).all(follows)
    }

    /// A document's row in its group, and its ids.
    fn row_and_length(&self, document: usize) -> (u32, usize) {
        let at = self.index + 24 * self.groups + 8 * document;
        (u32_at(&self.map, at), u32_at(&self.map, at + 4) as usize)
    }

    pub fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    pub fn groups(&self) -> usize {
        self.groups
    }

    pub fn documents(&self) -> usize {
        self.documents
    }

    /// Ids in all, one BOS per document among them.
    pub fn ids(&self) -> usize {
        self.ids
    }

    /// First document and first id of a group; of the group behind the last one, where the last ends.
    fn start(&self, group: usize) -> (usize, usize) {
        if group == self.groups {
            return (self.documents, self.ids);
        }
        let at = self.index + 24 * group;
        (
            u64_at(&self.map, at) as usize,
            u64_at(&self.map, at + 8) as usize,
        )
    }

    /// The documents of a group, with their rows.
    fn read_group(&self, group: usize) -> Result<Vec<(u32, Vec<u32>)>, Error> {
        let ((first, from), (last, to)) = (self.start(group), self.start(group + 1));
        let bytes = &self.map[HEADER + from * self.width..HEADER + to * self.width];
        let wanted = u64_at(&self.map, self.index + 24 * group + 16);
        if u64::from(crc32fast::hash(bytes)) != wanted {
            return Err(Error::DamagedGroup {
                path: self.path.clone(),
                group,
                problem: "its ids do not have the checksum they were written with".to_owned(),
            });
        }
        let mut rest = bytes;
        let documents = (first..last).map(|document| {
            let (row, length) = self.row_and_length(document);
            let (ids, behind) = rest.split_at(length * self.width);
            rest = behind;
            (row, widened(ids, self.width))
        });
        Ok(documents.collect())
    }
}

/// (n · width bytes) -> (n ids)
fn widened(bytes: &[u8], width: usize) -> Vec<u32> {
    if width == 2 {
        let (ids, _) = bytes.as_chunks::<2>();
        ids.iter()
            .map(|id| u16::from_le_bytes(*id).into())
            .collect()
    } else {
        let (ids, _) = bytes.as_chunks::<4>();
        ids.iter().map(|id| u32::from_le_bytes(*id)).collect()
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}
// ANCHOR_END: shard

// ANCHOR: shards
/// Documents from token shards, without end.
pub type TokenShards = Documents<TokenGroups>;

impl TokenShards {
    /// The share of rank `rank` of `world` in these shards. `fingerprint` is that of the tokenizer of the model: shards of
    /// another one would train without complaint, on nonsense.
    pub fn open(
        files: &[PathBuf],
        fingerprint: &str,
        rank: usize,
        world: usize,
    ) -> Result<Self, Error> {
        let mut shards = Vec::with_capacity(files.len());
        for path in files {
            let shard = TokenShard::open(path)?;
            let found = hexadecimal(&shard.fingerprint());
            if found != fingerprint {
                return Err(Error::OtherTokenizer {
                    path: path.clone(),
                    found,
                    wanted: fingerprint.to_owned(),
                });
            }
            shards.push(shard);
        }
        Documents::new(TokenGroups { shards }, rank, world)
    }
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub struct TokenGroups {
    shards: Vec<TokenShard>,
}

impl Groups for TokenGroups {
    type Content = Vec<u32>;

    fn all(&self) -> Vec<GroupAt> {
        let groups_of = |(file, shard): (usize, &TokenShard)| {
            (0..shard.groups).map(move |group| GroupAt {
                file: file as u32,
                group: group as u32,
            })
        };
        self.shards.iter().enumerate().flat_map(groups_of).collect()
    }

    fn load(&mut self, at: GroupAt) -> Result<Vec<(u32, Vec<u32>)>, Error> {
        self.shards[at.file as usize].read_group(at.group as usize)
    }

    fn describe(&self) -> String {
        let documents: usize = self.shards.iter().map(TokenShard::documents).sum();
        let ids: usize = self.shards.iter().map(TokenShard::ids).sum();
        let paths = self.shards.first().zip(self.shards.last());
        let names = paths.map_or_else(String::new, |(first, last)| {
            format!(", {} to {}", first.path.display(), last.path.display())
        });
        format!(
            "{} token shards{names} ({documents} documents, {ids} ids)",
            self.shards.len()
        )
    }
}

impl TokenSource for TokenShards {
    fn refill(&mut self, limit: usize) -> Result<Vec<TokenDocument>, Error> {
        let mut documents = Vec::with_capacity(limit);
        while documents.len() < limit {
            let (at, ids) = self.next()?;
            documents.push(TokenDocument { ids, at });
            if !at.same_group(&self.place()) {
                break;
            }
        }
        Ok(documents)
    }

    fn position(&self) -> SourcePosition {
        self.place()
    }

    fn seek(&mut self, position: &SourcePosition) -> Result<(), Error> {
        self.go_back_to(position)
    }

    fn fetch(&mut self, places: &[SourcePosition]) -> Result<Vec<TokenDocument>, Error> {
        let found = self.again(places)?.into_iter().zip(places);
        Ok(found.map(|(ids, &at)| TokenDocument { ids, at }).collect())
    }

    fn redeal(&mut self, changes: &[Vec<SourcePosition>]) -> Result<(), Error> {
        self.deal(changes)
    }

    fn describe(&self) -> String {
        self.groups().describe()
    }
}
// ANCHOR_END: shards

// ANCHOR: head
//! Walking through groups of documents: sharding, wrapping and seeking, written once for every kind of file.
//!
//! A kind of file says which groups it has and how one is read ([`Groups`]); the walk ([`Documents`]) does the rest:
//!
//! ```text
//! groups   (file 0, group 0)  (0, 1)  (0, 2)  (1, 0)  (1, 1)  (2, 0)   counted through all files
//! rank 0       x                        x               x              of 2 ranks
//! rank 1                        x               x               x
//! ```
//!
//! Counting goes on from file to file. Starting again in each file would be simpler, but would give rank 0 the larger half
//! every time, and rank 1 nothing at all from files of one group.

use crate::{Document, DocumentSource, Error, SourcePosition};
// ANCHOR_END: head

// ANCHOR: groups
/// The groups of one kind of file.
pub trait Groups: Send {
    /// Every group of every file, in order; the same whenever the same files are opened.
    fn all(&self) -> Vec<GroupAt>;

    /// The documents of one group with their row numbers, which rise. Rows may be left out: empty texts, or documents that
    /// belong to the other side of a train/validation split.
    fn load(&mut self, at: GroupAt) -> Result<Vec<(u32, String)>, Error>;

    /// One line for logs.
    fn describe(&self) -> String;
}

/// Group `group` of file `file`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupAt {
    pub file: u32,
    pub group: u32,
}
// ANCHOR_END: groups

// ANCHOR: documents
/// An endless walk through this rank's groups.
pub struct Documents<G: Groups> {
    groups: G,
    /// This rank's groups, in order. Never empty.
    plan: Vec<GroupAt>,
    epoch: u32,
    /// Which entry of `plan` is being read.
    slot: usize,
    /// The documents of that group once it is loaded.
    loaded: Option<Vec<(u32, String)>>,
    /// The first row that was not delivered yet.
    row: u32,
}

impl<G: Groups> Documents<G> {
    /// The share of rank `rank` of `world`.
    pub fn new(groups: G, rank: usize, world: usize) -> Result<Self, Error> {
        if rank >= world {
            let problem = format!(
                "rank {rank} of {world}: ranks count from 0 and stay below the number of ranks"
            );
            return Err(Error::Setting {
                name: "rank",
                problem,
            });
        }
        let all = groups.all();
        let plan: Vec<GroupAt> = all.iter().copied().skip(rank).step_by(world).collect();
        if plan.is_empty() {
            let what = groups.describe();
            return Err(match all.len() {
                0 => Error::Empty { what },
                _ => Error::TooFewGroups {
                    what,
                    groups: all.len(),
                    rank,
                    world,
                },
            });
        }
        Ok(Documents {
            groups,
            plan,
            epoch: 1,
            slot: 0,
            loaded: None,
            row: 0,
        })
    }
}
// ANCHOR_END: documents

// ANCHOR: advance
impl<G: Groups> Documents<G> {
    /// Go to the first row of the next group, or of the next epoch's first group.
    fn next_group(&mut self) {
        self.row = 0;
        self.slot += 1;
        if self.slot == self.plan.len() {
            self.slot = 0;
            self.epoch += 1;
        }
        // With a single group the next epoch reads what is loaded already.
        if self.plan.len() > 1 {
            self.loaded = None;
        }
    }
}

impl<G: Groups> DocumentSource for Documents<G> {
    fn next_document(&mut self) -> Result<Document, Error> {
        // One visit more than there are groups: the walk may have started in the middle of one.
        for _ in 0..=self.plan.len() {
            let group = self.plan[self.slot];
            let rows = match self.loaded.take() {
                Some(rows) => rows,
                None => self.groups.load(group)?,
            };
            let next = rows.partition_point(|(row, _)| *row < self.row);
            let found = rows.get(next).map(|(row, text)| (*row, text.clone()));
            let exhausted = next + 1 >= rows.len();
            self.loaded = Some(rows);

            let epoch = self.epoch;
            if let Some((row, _)) = found {
                self.row = row + 1;
            }
            // Move on now rather than at the next call, so that `position` never points behind the end of a group.
            if exhausted {
                self.next_group();
            }
            if let Some((row, text)) = found {
                let at = SourcePosition {
                    epoch,
                    file: group.file,
                    group: group.group,
                    row,
                };
                return Ok(Document { text, at });
            }
        }
        Err(Error::Empty {
            what: self.groups.describe(),
        })
    }

    fn position(&self) -> SourcePosition {
        let GroupAt { file, group } = self.plan[self.slot];
        SourcePosition {
            epoch: self.epoch,
            file,
            group,
            row: self.row,
        }
    }
    // ANCHOR_END: advance

    // ANCHOR: seek
    fn seek(&mut self, position: &SourcePosition) -> Result<(), Error> {
        let wanted = GroupAt {
            file: position.file,
            group: position.group,
        };
        // The beginning is a place for every rank, although group 0 belongs to rank 0.
        let slot = if *position == SourcePosition::START {
            Some(0)
        } else {
            self.plan.iter().position(|group| *group == wanted)
        };
        let Some(slot) = slot else {
            return Err(Error::Position {
                position: position.to_string(),
                what: self.groups.describe(),
                problem: "no such group among those of this rank".to_owned(),
            });
        };
        if slot != self.slot {
            self.loaded = None;
        }
        self.slot = slot;
        self.epoch = position.epoch;
        self.row = position.row;
        Ok(())
    }

    fn describe(&self) -> String {
        self.groups.describe()
    }
}
// ANCHOR_END: seek

// ANCHOR: memory
/// Documents that are in memory already, for tests and small demonstrations: one file, groups as given.
pub type MemoryDocuments = Documents<MemoryGroups>;

pub struct MemoryGroups {
    groups: Vec<Vec<String>>,
}

impl MemoryDocuments {
    pub fn open(groups: Vec<Vec<String>>, rank: usize, world: usize) -> Result<Self, Error> {
        Documents::new(MemoryGroups { groups }, rank, world)
    }
}

impl Groups for MemoryGroups {
    fn all(&self) -> Vec<GroupAt> {
        (0..self.groups.len() as u32)
            .map(|group| GroupAt { file: 0, group })
            .collect()
    }

    fn load(&mut self, at: GroupAt) -> Result<Vec<(u32, String)>, Error> {
        let texts = &self.groups[at.group as usize];
        let rows = texts
            .iter()
            .enumerate()
            .map(|(row, text)| (row as u32, text.clone()));
        Ok(rows.filter(|(_, text)| !text.is_empty()).collect())
    }

    fn describe(&self) -> String {
        let documents: usize = self.groups.iter().map(Vec::len).sum();
        format!("{documents} documents in memory")
    }
}
// ANCHOR_END: memory

//! # Three bugs in a loader
//!
//! Goal: find three bugs in a loader that delivers rows of the right shape for days.
//!
//! Minutes: 30. Difficulty: 3 of 5.
//!
//! Below is a loader of the older kind: each rank reads its groups, writes the documents behind each other, BOS before
//! each, and cuts the ribbon into rows of `capacity` ids, one behind the other, none lost and none twice. It can be asked
//! where it stands, and be put there.
//!
//! It runs. Every row has the right length, every id is text. But there is one bug in each of `share`, `next_row` and
//! `resume`. The other functions are right.
//!
//! The judge tries it with one rank and with several, with one file and with several, with short and with long documents,
//! and with a stop in between. Which of these hold and which do not says where to look. Mend one bug at a time, and
//! check.
//!
//! Help: `cargo course hint 02.8`. Judge it: `cargo course check 02.8`.

/// Files, of groups, of documents, of ids (without BOS).
pub type Files = [Vec<Vec<Vec<u32>>>];

/// Begins every document.
pub const BOS: u32 = 0;

/// Where a loader stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// How many groups of this rank are behind it, those of earlier epochs too.
    pub groups: usize,
    /// How many documents of the group.
    pub documents: usize,
    /// How many ids of the document, BOS among them.
    pub offset: usize,
}

/// A rank's ribbon, without end: after its last group comes its first.
pub struct Loader<'f> {
    /// The documents of each group of this rank.
    groups: Vec<&'f [Vec<u32>]>,
    place: Place,
}

impl<'f> Loader<'f> {
    /// The loader of rank `rank` of `world`, at its beginning. Every rank has a group, and every group a document.
    pub fn new(files: &'f Files, rank: usize, world: usize) -> Self {
        Loader {
            groups: share(files, rank, world),
            place: Place::default(),
        }
    }

    /// The next `capacity` ids of the ribbon.
    pub fn next_row(&mut self, capacity: usize) -> Vec<u32> {
        let mut row = Vec::with_capacity(capacity);
        while row.len() < capacity {
            let group = self.groups[self.place.groups % self.groups.len()];
            let document = with_bos(&group[self.place.documents]);
            let rest = &document[self.place.offset..];
            let taken = rest.len().min(capacity - row.len());
            row.extend_from_slice(&rest[..taken]);
            if taken < rest.len() {
                self.place.offset = taken;
            } else {
                self.place = after(self.place, group.len());
            }
        }
        row
    }

    /// Where it stands: the next row begins there.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Goes to a place.
    pub fn resume(&mut self, place: Place) {
        self.place.groups = place.groups;
        self.place.documents = place.documents;
    }
}

/// The groups of rank `rank` of `world`: rank, rank + world, rank + 2 · world, … of all groups of all files.
pub fn share(files: &Files, rank: usize, world: usize) -> Vec<&[Vec<u32>]> {
    let groups = files
        .iter()
        .flat_map(|file| file.iter().skip(rank).step_by(world));
    groups.map(Vec::as_slice).collect()
}

/// Behind a document of a group that has `documents` of them.
fn after(place: Place, documents: usize) -> Place {
    let is_last = place.documents + 1 == documents;
    Place {
        groups: place.groups + usize::from(is_last),
        documents: if is_last { 0 } else { place.documents + 1 },
        offset: 0,
    }
}

fn with_bos(ids: &[u32]) -> Vec<u32> {
    [&[BOS], ids].concat()
}

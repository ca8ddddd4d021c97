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
//! ## Hint 1
//!
//! With one rank and documents shorter than a row all is well, with longer ones it is not. `offset` says how much of a
//! document earlier rows have used. Follow it by hand through a document that reaches over three rows.
//!
//! ## Hint 2
//!
//! With several ranks and one file all is well; with several files some groups are read by another rank than theirs. How
//! far does the counting go before it begins anew? (The chapter deals out the groups of all files as if they were of
//! one.)
//!
//! ## Hint 3
//!
//! A `Place` has three numbers, and all three are needed: a row usually ends in the middle of a document. Which of them
//! does `resume` put back?
//!
//! ## Notes
//!
//! The first waits for a document that reaches over three rows: from there on the same row comes again and again. With
//! clean short texts that is never, and with a folder of books at once. The second gives rank 0 the odd group of every
//! file, so that the others come round to their second epoch while it is in its first. The third reads the beginning of a
//! document again after each restart. No row looks wrong.
//!
//! What finds them is an oracle that is too simple to be wrong: the whole ribbon of the rank in one vector, cut with
//! `chunks`.

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
    // given
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
                // solution
                self.place.offset += taken;
                // end solution
                //+ self.place.offset = taken;
            } else {
                self.place = after(self.place, group.len());
            }
        }
        row
    }

    // given
    /// Where it stands: the next row begins there.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Goes to a place.
    pub fn resume(&mut self, place: Place) {
        // solution
        self.place = place;
        // end solution
        //+ self.place.groups = place.groups;
        //+ self.place.documents = place.documents;
    }
}

/// The groups of rank `rank` of `world`: rank, rank + world, rank + 2 · world, … of all groups of all files.
pub fn share(files: &Files, rank: usize, world: usize) -> Vec<&[Vec<u32>]> {
    // solution
    let all = files.iter().flatten();
    all.skip(rank).step_by(world).map(Vec::as_slice).collect()
    // end solution
    //+ let groups = files
    //+     .iter()
    //+     .flat_map(|file| file.iter().skip(rank).step_by(world));
    //+ groups.map(Vec::as_slice).collect()
}

// given
/// Behind a document of a group that has `documents` of them.
fn after(place: Place, documents: usize) -> Place {
    let is_last = place.documents + 1 == documents;
    Place {
        groups: place.groups + usize::from(is_last),
        documents: if is_last { 0 } else { place.documents + 1 },
        offset: 0,
    }
}

// given
fn with_bos(ids: &[u32]) -> Vec<u32> {
    [&[BOS], ids].concat()
}

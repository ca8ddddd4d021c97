use judge::{Case, Property, property};
use proptest::prelude::*;

/// A rank of some, and what it reads: files, of groups, of documents, of ids.
pub struct Reader<'f> {
    pub files: &'f [Vec<Vec<Vec<u32>>>],
    pub rank: usize,
    pub world: usize,
    pub capacity: usize,
}

type Rows = Vec<Vec<u32>>;

pub struct Functions {
    /// So many rows from the beginning.
    pub rows: fn(&Reader, usize) -> Rows,
    /// So many rows of a fresh loader, sent to where another stood after the first number of rows.
    pub resumed: fn(&Reader, usize, usize) -> Rows,
}

/// Rows that are compared.
const ROWS: usize = 8;

/// What is drawn.
#[derive(Clone, Debug)]
struct Drawn {
    files: Vec<Vec<Vec<Vec<u32>>>>,
    rank: usize,
    world: usize,
    capacity: usize,
}

/// What there may be of everything.
#[derive(Clone, Copy)]
struct Most {
    files: usize,
    ranks: usize,
    /// Ids of a document, BOS left out, beside the capacity.
    length: fn(usize) -> usize,
}

const SHORT: fn(usize) -> usize = |capacity| capacity - 1;
const LONG: fn(usize) -> usize = |capacity| 4 * capacity;

/// Every rank gets a group.
fn drawn(most: Most) -> impl Strategy<Value = Drawn> {
    (2usize..6).prop_flat_map(move |capacity| {
        let length = 1..(most.length)(capacity) + 1;
        let group = proptest::collection::vec(length, 1..4);
        let file = proptest::collection::vec(group, most.ranks..most.ranks + 3);
        let files = proptest::collection::vec(file, most.files);
        (files, 0..most.ranks).prop_map(move |(lengths, rank)| Drawn {
            files: numbered(lengths),
            rank,
            world: most.ranks,
            capacity,
        })
    })
}

/// Documents of these lengths whose ids are 1, 2, 3, … through all files.
fn numbered(lengths: Vec<Vec<Vec<usize>>>) -> Vec<Vec<Vec<Vec<u32>>>> {
    let mut next = 0;
    let mut document = |length| {
        let ids: Vec<u32> = (next + 1..=next + length as u32).collect();
        next += length as u32;
        ids
    };
    let mut group = |lengths: Vec<usize>| lengths.into_iter().map(&mut document).collect();
    let mut file = |groups: Vec<Vec<usize>>| groups.into_iter().map(&mut group).collect();
    lengths.into_iter().map(&mut file).collect()
}

impl Drawn {
    fn reader(&self) -> Reader<'_> {
        Reader {
            files: &self.files,
            rank: self.rank,
            world: self.world,
            capacity: self.capacity,
        }
    }

    /// The whole ribbon of the rank, epoch after epoch, cut into rows.
    fn rows(&self, count: usize) -> Rows {
        let groups = self.files.iter().flatten();
        let own: Vec<_> = groups.skip(self.rank).step_by(self.world).collect();
        let mut ribbon = Vec::new();
        while ribbon.len() < count * self.capacity {
            for document in own.iter().copied().flatten() {
                ribbon.push(0);
                ribbon.extend_from_slice(document);
            }
        }
        let rows = ribbon.chunks(self.capacity).take(count);
        rows.map(<[u32]>::to_vec).collect()
    }

    fn case(&self) -> Case {
        Case::of(&[
            ("files", &self.files),
            ("rank", &self.rank),
            ("of", &self.world),
            ("capacity", &self.capacity),
        ])
    }
}

fn reads(says: &'static str, most: Most) -> Property<Functions> {
    property(
        says,
        move || drawn(most),
        |f: &Functions, drawn| {
            drawn
                .case()
                .same(&drawn.rows(ROWS), || (f.rows)(&drawn.reader(), ROWS))
        },
    )
}

fn resumes(says: &'static str, most: Most) -> Property<Functions> {
    let inputs = move || (drawn(most), 1usize..ROWS);
    property(says, inputs, |f: &Functions, (drawn, before)| {
        let case = Case::of(&[
            ("files", &drawn.files),
            ("rank", &drawn.rank),
            ("of", &drawn.world),
            ("capacity", &drawn.capacity),
            ("stopped after rows", &before),
        ]);
        let expected = drawn.rows(before + ROWS)[before..].to_vec();
        case.same(&expected, || (f.resumed)(&drawn.reader(), before, ROWS))
    })
}

pub fn properties() -> Vec<Property<Functions>> {
    let most = |files, ranks, length| Most {
        files,
        ranks,
        length,
    };
    vec![
        reads(
            "one rank, documents shorter than a row: the ribbon in rows",
            most(1, 1, SHORT),
        ),
        reads(
            "one rank, documents of several rows: the ribbon in rows",
            most(1, 1, LONG),
        ),
        reads(
            "one file, three ranks, short documents: each rank's ribbon",
            most(1, 3, SHORT),
        ),
        reads(
            "three files, two ranks, short documents: each rank's ribbon",
            most(3, 2, SHORT),
        ),
        resumes(
            "one rank, short documents: stopped and resumed, the next row comes next",
            most(1, 1, SHORT),
        ),
        resumes(
            "three files, two ranks, documents of several rows: stopped and resumed",
            most(3, 2, LONG),
        ),
    ]
}

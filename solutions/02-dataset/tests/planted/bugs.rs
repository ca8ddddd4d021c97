//! Wrong answers to exercise 8: the loader with one of its bugs, or two, still in it.

use super::Of;
use crate::properties::ex8_three_bugs::{self, Functions, Reader};
use judge::program::Wrong;

// The bugs of the stub …
const OFFSET_REPLACED: u8 = 1;
const DEALT_PER_FILE: u8 = 2;
const OFFSET_NOT_RESUMED: u8 = 4;
// … and some that a learner may make while mending.
const DOCUMENTS_NOT_RESUMED: u8 = 8;
const FILES_DEALT: u8 = 16;
const BOS_AFTER_A_CUT: u8 = 32;

/// Groups behind it, documents behind it, ids behind it.
type Place = (usize, usize, usize);

fn groups<'f>(reader: &Reader<'f>, bugs: u8) -> Vec<&'f Vec<Vec<u32>>> {
    let (rank, world) = (reader.rank, reader.world);
    if bugs & DEALT_PER_FILE != 0 {
        let files = reader.files.iter();
        return files
            .flat_map(|file| file.iter().skip(rank).step_by(world))
            .collect();
    }
    if bugs & FILES_DEALT != 0 && reader.files.len() >= world {
        let files = reader.files.iter().skip(rank).step_by(world);
        return files.flatten().collect();
    }
    let all = reader.files.iter().flatten();
    all.skip(rank).step_by(world).collect()
}

/// So many rows from a place on, and the place behind them.
fn read(reader: &Reader, start: Place, count: usize, bugs: u8) -> (Vec<Vec<u32>>, Place) {
    let groups = groups(reader, bugs);
    let (mut group, mut document, mut offset) = start;
    let mut rows = Vec::new();
    for _ in 0..count {
        let mut row = Vec::new();
        while row.len() < reader.capacity {
            let documents = groups[group % groups.len()];
            let mut ids = [&[0], documents[document].as_slice()].concat();
            if bugs & BOS_AFTER_A_CUT != 0 && offset > 0 {
                ids[offset - 1] = 0;
                offset -= 1;
            }
            let taken = (ids.len() - offset).min(reader.capacity - row.len());
            row.extend_from_slice(&ids[offset..offset + taken]);
            if offset + taken < ids.len() {
                offset = if bugs & OFFSET_REPLACED != 0 {
                    taken
                } else {
                    offset + taken
                };
            } else {
                let is_last = document + 1 == documents.len();
                group += usize::from(is_last);
                document = if is_last { 0 } else { document + 1 };
                offset = 0;
            }
        }
        rows.push(row);
    }
    (rows, (group, document, offset))
}

fn rows(reader: &Reader, count: usize, bugs: u8) -> Vec<Vec<u32>> {
    read(reader, (0, 0, 0), count, bugs).0
}

fn resumed(reader: &Reader, before: usize, count: usize, bugs: u8) -> Vec<Vec<u32>> {
    let (_, (group, document, offset)) = read(reader, (0, 0, 0), before, bugs);
    let offset = if bugs & OFFSET_NOT_RESUMED != 0 {
        0
    } else {
        offset
    };
    let place = match bugs & DOCUMENTS_NOT_RESUMED != 0 {
        true => (group, 0, 0),
        false => (group, document, offset),
    };
    read(reader, place, count, bugs).0
}

/// The loader with these bugs. A table of functions cannot carry values along, so they are part of its type.
fn with<const BUGS: u8>() -> Functions {
    Functions {
        rows: |reader, count| rows(reader, count, BUGS),
        resumed: |reader, before, count| resumed(reader, before, count, BUGS),
    }
}

pub fn wrong() -> Vec<Wrong> {
    let of = Of {
        number: 8,
        name: "three_bugs",
        properties: ex8_three_bugs::properties,
    };
    vec![
        of.planted("the-offset-is-left", with::<OFFSET_REPLACED>()),
        of.planted("the-dealing-is-left", with::<DEALT_PER_FILE>()),
        of.planted("the-resume-is-left", with::<OFFSET_NOT_RESUMED>()),
        of.planted(
            "one-of-three-found",
            with::<{ DEALT_PER_FILE | OFFSET_NOT_RESUMED }>(),
        ),
        of.planted("resumed-at-the-group", with::<DOCUMENTS_NOT_RESUMED>()),
        of.planted("files-are-dealt", with::<FILES_DEALT>()),
        of.planted("bos-after-each-cut", with::<BOS_AFTER_A_CUT>()),
        of.constant(
            "no-rows",
            Functions {
                rows: |_, _| Vec::new(),
                resumed: |_, _, _| Vec::new(),
            },
        ),
        of.constant(
            "zeros",
            Functions {
                rows: |reader, count| vec![vec![0; reader.capacity]; count],
                resumed: |reader, _, count| vec![vec![0; reader.capacity]; count],
            },
        ),
    ]
}

use judge::{Case, Checked, Property, example, property};
use proptest::prelude::*;

/// What became of the ids of some documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub rows: usize,
    pub at_start: usize,
    pub blind: usize,
    pub cropped: usize,
    pub left: usize,
}

pub struct Functions {
    pub stream: fn(&[usize], usize) -> Tally,
    pub best_fit: fn(&[usize], usize, usize) -> Tally,
}

/// Documents' lengths, at least one document, and a capacity. Some are longer than a row, some than two.
fn documents() -> impl Strategy<Value = (Vec<usize>, usize)> {
    let length = prop_oneof![4 => 1usize..8, 1 => 8usize..30];
    (proptest::collection::vec(length, 1..12), 2usize..12)
}

/// Id by id: for each place of the ribbon, how far into its document it is.
fn stream(lengths: &[usize], capacity: usize) -> Tally {
    let mut tally = Tally::default();
    let (mut at, mut blind) = (0, 0);
    let mut starts = false;
    for &length in lengths {
        for place in 0..length {
            if at == 0 {
                starts = place == 0;
            }
            // How many ids of the document stand before this one, in the document and in the row.
            blind += usize::from(place > at);
            at += 1;
            if at == capacity {
                tally.rows += 1;
                tally.at_start += usize::from(starts);
                tally.blind += blind;
                (at, blind) = (0, 0);
            }
        }
    }
    tally.left = at;
    tally
}

/// Best fit in a plain list.
fn best_fit(lengths: &[usize], capacity: usize, buffer: usize) -> Tally {
    let mut coming = lengths.iter().copied();
    let mut waiting: Vec<usize> = Vec::new();
    let mut tally = Tally::default();
    let mut room = capacity;
    loop {
        while waiting.len() < buffer
            && let Some(length) = coming.next()
        {
            waiting.push(length);
        }
        let fitting = waiting.iter().copied().filter(|&length| length <= room);
        let Some(chosen) = fitting.max().or_else(|| waiting.iter().copied().min()) else {
            break;
        };
        let at = waiting.iter().position(|&length| length == chosen);
        at.map(|at| waiting.remove(at));
        tally.cropped += chosen.saturating_sub(room);
        room = room.saturating_sub(chosen);
        if room == 0 {
            tally.rows += 1;
            room = capacity;
        }
    }
    tally.at_start = tally.rows;
    tally.left = lengths.iter().sum::<usize>() - tally.rows * capacity - tally.cropped;
    tally
}

fn asks_stream(f: &Functions, lengths: &[usize], capacity: usize, expected: Tally) -> Checked {
    let case = Case::of(&[("lengths", &lengths), ("capacity", &capacity)]);
    case.same(&expected, || (f.stream)(lengths, capacity))
}

fn asks_best_fit(f: &Functions, lengths: &[usize], sizes: (usize, usize), is: Tally) -> Checked {
    let (capacity, buffer) = sizes;
    let case = Case::of(&[
        ("lengths", &lengths),
        ("capacity", &capacity),
        ("buffer", &buffer),
    ]);
    case.same(&is, || (f.best_fit)(lengths, capacity, buffer))
}

/// Ids in rows, thrown away and left are all ids.
fn accounts_for_all(tally: Tally, all: usize, capacity: usize) -> Result<(), String> {
    let placed = tally.rows * capacity;
    match placed + tally.cropped + tally.left == all {
        true => Ok(()),
        false => Err(format!(
            "of {all} ids {placed} are in rows, {} thrown away and {} left",
            tally.cropped, tally.left
        )),
    }
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        example(
            "the stream of 4, 7, 2, 5 in rows of six: one of three begins with a document",
            |f: &Functions| {
                // aaaabb bbbbbc cddddd
                let expected = Tally {
                    rows: 3,
                    at_start: 1,
                    blind: 6,
                    cropped: 0,
                    left: 0,
                };
                asks_stream(f, &[4, 7, 2, 5], 6, expected)
            },
        ),
        example(
            "best fit of the same, taken as they come, throws six of 18 away",
            |f: &Functions| {
                // aaaabb ccdddd: five ids of b are lost, and one of d.
                let expected = Tally {
                    rows: 2,
                    at_start: 2,
                    blind: 0,
                    cropped: 6,
                    left: 0,
                };
                asks_best_fit(f, &[4, 7, 2, 5], (6, 1), expected)
            },
        ),
        property(
            "the stream, counted id by id",
            documents,
            |f: &Functions, (lengths, capacity)| {
                asks_stream(f, &lengths, capacity, stream(&lengths, capacity))
            },
        ),
        property(
            "best fit, packed in a plain list, with a buffer of any size",
            || (documents(), 1usize..6),
            |f: &Functions, ((lengths, capacity), buffer)| {
                let expected = best_fit(&lengths, capacity, buffer);
                asks_best_fit(f, &lengths, (capacity, buffer), expected)
            },
        ),
        property(
            "no id is unaccounted for: in a row, thrown away, or left",
            || (documents(), 1usize..6),
            |f: &Functions, ((lengths, capacity), buffer)| {
                let all = lengths.iter().sum();
                let case = Case::of(&[
                    ("lengths", &lengths),
                    ("capacity", &capacity),
                    ("buffer", &buffer),
                ]);
                case.obeys(|| accounts_for_all((f.stream)(&lengths, capacity), all, capacity))?;
                case.obeys(|| {
                    accounts_for_all((f.best_fit)(&lengths, capacity, buffer), all, capacity)
                })
            },
        ),
    ]
}

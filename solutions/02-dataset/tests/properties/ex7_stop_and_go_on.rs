use dataset::best_fit::{Item, Packer, Policy, Row};
use judge::{Case, Property, example, property};
use proptest::prelude::*;

/// Documents, the order in which they are read, T + 1, and how many may wait.
#[derive(Clone, Debug)]
pub struct Epoch {
    pub documents: Vec<Vec<u32>>,
    pub order: Vec<usize>,
    pub capacity: usize,
    pub buffer: usize,
}

/// Where a loader stands, in numbers of documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stand {
    pub waiting: Vec<usize>,
    pub unread: Vec<usize>,
}

type Rows = Vec<Vec<u32>>;

pub struct Functions {
    /// Where a loader stands after so many rows.
    pub stand_after: fn(&Epoch, usize) -> Stand,
    /// All rows of a fresh loader that was sent to where another stood after so many.
    pub resumed: fn(&Epoch, usize) -> Rows,
    /// All rows of a loader that was sent back to where it stood after so many, when it had made further ones.
    pub gone_back: fn(&Epoch, usize, usize) -> Rows,
    pub redeal: fn(&[Stand], usize) -> Vec<Stand>,
}

fn epochs() -> impl Strategy<Value = Epoch> {
    let lengths = proptest::collection::vec(1usize..6, 4..14);
    let sizes = (2usize..9, 1usize..7);
    (lengths, sizes).prop_flat_map(|(lengths, (capacity, buffer))| {
        let numbers: Vec<usize> = (0..lengths.len()).collect();
        let documents: Vec<Vec<u32>> = lengths
            .iter()
            .zip(0..)
            .map(|(&length, number)| vec![number; length])
            .collect();
        Just(numbers).prop_shuffle().prop_map(move |order| Epoch {
            documents: documents.clone(),
            order,
            capacity,
            buffer,
        })
    })
}

/// An epoch read without a stop: its rows, and where the loader stood before each and after the last.
fn uninterrupted(epoch: &Epoch) -> (Rows, Vec<Stand>) {
    let mut packer = Packer::new(epoch.capacity, Policy::Crop);
    let mut unread = epoch.order.iter().copied();
    let (mut rows, mut stands) = (Vec::new(), Vec::new());
    loop {
        stands.push(Stand {
            waiting: packer.pending(),
            unread: unread.clone().collect(),
        });
        let mut row = Row::new(epoch.capacity);
        while !row.is_full() {
            while packer.waiting() < epoch.buffer
                && let Some(origin) = unread.next()
            {
                packer.push(Item {
                    ids: epoch.documents[origin].clone(),
                    mask: Vec::new(),
                    origin,
                });
            }
            if !packer.place(&mut row) {
                return (rows, stands);
            }
        }
        rows.push(row.ids);
    }
}

/// A case of an epoch. A document's ids are its number, again and again: document 2 may be 2 2 2.
fn case(epoch: &Epoch, rows: &'static str, before: usize) -> Case {
    let read: Vec<&Vec<u32>> = epoch
        .order
        .iter()
        .map(|&number| &epoch.documents[number])
        .collect();
    Case::of(&[
        ("documents as read", &read),
        ("capacity", &epoch.capacity),
        ("buffer", &epoch.buffer),
        (rows, &before),
    ])
}

fn stands() -> impl Strategy<Value = (Vec<Stand>, usize)> {
    let numbers: Vec<usize> = (0..8).collect();
    let places = proptest::collection::vec((0usize..3, any::<bool>()), 8);
    (Just(numbers).prop_shuffle(), places, 1usize..5).prop_map(|(numbers, places, world)| {
        let mut stands = vec![Stand::default(); 3];
        for (number, (rank, is_waiting)) in numbers.into_iter().zip(places) {
            let stand = &mut stands[rank];
            match is_waiting {
                true => stand.waiting.push(number),
                false => stand.unread.push(number),
            }
        }
        (stands, world)
    })
}

fn redealt(stands: &[Stand], world: usize) -> Vec<Stand> {
    let mut dealt = vec![Stand::default(); world];
    let waiting: Vec<usize> = stands
        .iter()
        .flat_map(|stand| stand.waiting.clone())
        .collect();
    let mut unread: Vec<usize> = stands
        .iter()
        .flat_map(|stand| stand.unread.clone())
        .collect();
    unread.sort_unstable();
    for (card, number) in waiting.into_iter().enumerate() {
        dealt[card % world].waiting.push(number);
    }
    for (card, number) in unread.into_iter().enumerate() {
        dealt[card % world].unread.push(number);
    }
    dealt
}

/// Every number that somebody had is with exactly one rank.
fn nothing_is_lost(before: &[Stand], after: &[Stand]) -> Result<(), String> {
    let numbers = |stands: &[Stand]| -> Vec<usize> {
        let both = |stand: &Stand| [stand.waiting.clone(), stand.unread.clone()].concat();
        let mut numbers: Vec<usize> = stands.iter().flat_map(both).collect();
        numbers.sort_unstable();
        numbers
    };
    let (had, have) = (numbers(before), numbers(after));
    let lost: Vec<&usize> = had.iter().filter(|number| !have.contains(number)).collect();
    let twice: Vec<usize> = have
        .windows(2)
        .filter(|pair| pair[0] == pair[1])
        .map(|pair| pair[0])
        .collect();
    match (lost.is_empty(), twice.is_empty()) {
        (true, true) => Ok(()),
        (false, _) => Err(format!("nobody reads {lost:?}")),
        _ => Err(format!("{twice:?} are read twice")),
    }
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        property(
            "a position lists what waits, in the order in which it came, and what was not read",
            || (epochs(), 0usize..5),
            |f: &Functions, (epoch, before)| {
                let (rows, stands) = uninterrupted(&epoch);
                let before = before.min(rows.len());
                case(&epoch, "rows before", before)
                    .same(&stands[before], || (f.stand_after)(&epoch, before))
            },
        ),
        property(
            "a fresh loader goes on with the very next row",
            || (epochs(), 0usize..5),
            |f: &Functions, (epoch, before)| {
                let (rows, _) = uninterrupted(&epoch);
                let before = before.min(rows.len());
                case(&epoch, "rows before", before)
                    .same(&rows[before..].to_vec(), || (f.resumed)(&epoch, before))
            },
        ),
        example(
            "of two equally long documents that wait, the first to come is still the first",
            |f: &Functions| {
                let epoch = Epoch {
                    documents: vec![vec![0; 2], vec![1; 2], vec![2; 3], vec![3; 1]],
                    order: vec![2, 1, 0, 3],
                    capacity: 3,
                    buffer: 4,
                };
                let (rows, _) = uninterrupted(&epoch);
                case(&epoch, "rows before", 1).same(&rows[1..].to_vec(), || (f.resumed)(&epoch, 1))
            },
        ),
        property(
            "a loader that has run on goes back",
            || (epochs(), 0usize..4, 1usize..4),
            |f: &Functions, (epoch, before, further)| {
                let (rows, _) = uninterrupted(&epoch);
                let before = before.min(rows.len());
                case(&epoch, "rows before it is sent back there", before)
                    .same(&rows[before..].to_vec(), || {
                        (f.gone_back)(&epoch, before, further)
                    })
            },
        ),
        property(
            "dealt anew, each document that was left is with exactly one rank",
            stands,
            |f: &Functions, (stands, world)| {
                Case::of(&[("ranks", &stands), ("world", &world)])
                    .obeys(|| nothing_is_lost(&stands, &(f.redeal)(&stands, world)))
            },
        ),
        property(
            "it is dealt one by one, what waits in the ranks' order, the rest ascending",
            stands,
            |f: &Functions, (stands, world)| {
                Case::of(&[("ranks", &stands), ("world", &world)])
                    .same(&redealt(&stands, world), || (f.redeal)(&stands, world))
            },
        ),
    ]
}

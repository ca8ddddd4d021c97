use super::texts::{chunks, in_order};
use judge::{Case, Checked, Property, example, property};
use proptest::prelude::*;
use std::collections::BTreeMap;
use tokenizer::Pair;
use tokenizer::count::ChunkCounts;
use tokenizer::naive::{merge_all, naive_merges};

/// By how much the number of each pair changed.
pub type Changes = Vec<(Pair, i64)>;

pub struct Functions {
    pub merge_chunk: fn(&mut Vec<u32>, Pair, u32) -> Changes,
    pub merges: fn(&ChunkCounts, usize) -> Vec<Pair>,
}

const NEW: u32 = 300;

/// Ids in which the pair stands at least once.
fn with_pair() -> impl Strategy<Value = (Vec<u32>, Pair)> {
    let ids = || proptest::collection::vec(1u32..4, 0..8);
    (ids(), (1u32..4, 1u32..4), ids()).prop_map(|(before, pair, after)| {
        let ids = [before, vec![pair.0, pair.1], after].concat();
        (ids, pair)
    })
}

fn ids_are_right(f: &Functions, ids: Vec<u32>, pair: Pair) -> Checked {
    let case = Case::of(&[("ids", &ids), ("pair", &pair), ("new", &NEW)]);
    case.same(&merge_all(&ids, pair, NEW), || {
        let mut merged = ids.clone();
        (f.merge_chunk)(&mut merged, pair, NEW);
        merged
    })
}

fn changes_are_right(f: &Functions, ids: Vec<u32>, pair: Pair) -> Checked {
    let mut expected: BTreeMap<Pair, i64> = BTreeMap::new();
    for (ids, sign) in [(merge_all(&ids, pair, NEW), 1), (ids.clone(), -1)] {
        for pair in ids.windows(2) {
            *expected.entry((pair[0], pair[1])).or_insert(0) += sign;
        }
    }
    expected.retain(|_, change| *change != 0);
    let case = Case::of(&[("ids", &ids), ("pair", &pair), ("new", &NEW)]);
    case.same(&expected, || {
        let mut sums = BTreeMap::new();
        for (pair, change) in (f.merge_chunk)(&mut ids.clone(), pair, NEW) {
            *sums.entry(pair).or_insert(0) += change;
        }
        sums.retain(|_, change| *change != 0);
        sums
    })
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        property(
            "every place where the pair stands becomes the new id, from left to right",
            with_pair,
            |f: &Functions, (ids, pair)| ids_are_right(f, ids, pair),
        ),
        example(
            "one place between two neighbours changes five counts",
            |f: &Functions| changes_are_right(f, vec![1, 2, 3, 4], (2, 3)),
        ),
        example(
            "two places side by side meet in the middle",
            |f: &Functions| changes_are_right(f, vec![2, 3, 2, 3], (2, 3)),
        ),
        example("a a a a: three pairs go, one comes", |f: &Functions| {
            changes_are_right(f, vec![1, 1, 1, 1], (1, 1))
        }),
        property(
            "the changes, added up, are the counts after less the counts before",
            with_pair,
            |f: &Functions, (ids, pair)| changes_are_right(f, ids, pair),
        ),
        property(
            "the trainer around it makes the chapter's merges",
            || {
                let inputs = (chunks(), 1usize..30);
                inputs.prop_filter("two merges", |(chunks, wanted)| {
                    naive_merges(chunks, *wanted).len() > 1
                })
            },
            |f: &Functions, (counts, wanted)| {
                let case = Case::of(&[("chunks", &in_order(&counts)), ("wanted", &wanted)]);
                case.same(&naive_merges(&counts, wanted), || {
                    (f.merges)(&counts, wanted)
                })
            },
        ),
    ]
}

use judge::{Case, Property, example, property};
use proptest::prelude::*;
use std::collections::{BTreeMap, HashMap};
use tokenizer::Pair;
use tokenizer::naive::naive_merges;

/// Ids, and how often the corpus has them.
pub type Chunk = (Vec<u32>, i64);

pub struct Functions {
    pub count_pairs: fn(&[Chunk]) -> HashMap<Pair, i64>,
    pub commonest: fn(&HashMap<Pair, i64>) -> Option<Pair>,
}

type Chunks = Vec<Chunk>;

fn chunks() -> impl Strategy<Value = Chunks> {
    let ids = proptest::collection::vec(1u32..4, 0..8);
    proptest::collection::vec((ids, 1i64..5), 1..5)
}

/// In the order of the pairs, so that two tables print alike.
fn counted(f: &Functions, chunks: &Chunks) -> BTreeMap<Pair, i64> {
    (f.count_pairs)(chunks).into_iter().collect()
}

fn some_count() -> impl Strategy<Value = BTreeMap<Pair, i64>> {
    proptest::collection::btree_map((0u32..4, 0u32..4), 1i64..4, 1..6)
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        example(
            "`a b a` twice and `b a` three times: (a, b) twice, (b, a) five times",
            |f: &Functions| {
                let chunks = vec![(vec![97, 98, 97], 2), (vec![98, 97], 3)];
                let expected = BTreeMap::from([((97, 98), 2), ((98, 97), 5)]);
                Case::of(&[("chunks", &chunks)]).same(&expected, || counted(f, &chunks))
            },
        ),
        example(
            "a row of three equal ids holds their pair twice",
            |f: &Functions| {
                let chunks = vec![(vec![7, 7, 7], 1)];
                let expected = BTreeMap::from([((7, 7), 2)]);
                Case::of(&[("chunks", &chunks)]).same(&expected, || counted(f, &chunks))
            },
        ),
        property(
            "each place counts with its chunk's number",
            || {
                chunks().prop_filter("a pair", |chunks| {
                    chunks.iter().any(|(ids, _)| ids.len() > 1)
                })
            },
            |f: &Functions, chunks| {
                let mut expected = BTreeMap::new();
                for (ids, weight) in &chunks {
                    for at in 1..ids.len() {
                        *expected.entry((ids[at - 1], ids[at])).or_insert(0) += weight;
                    }
                }
                Case::of(&[("chunks", &chunks)]).same(&expected, || counted(f, &chunks))
            },
        ),
        example("a count may pass 2³¹", |f: &Functions| {
            let chunks = vec![(vec![1, 2], 3_000_000_000), (vec![2, 1, 2], 3_000_000_000)];
            let expected = BTreeMap::from([((1, 2), 6_000_000_000), ((2, 1), 3_000_000_000)]);
            Case::of(&[("chunks", &chunks)]).same(&expected, || counted(f, &chunks))
        }),
        property(
            "the commonest pair wins, and of equal ones the smaller",
            some_count,
            |f: &Functions, counts| {
                let most = counts.values().max();
                // The table is in the order of the pairs: the first of the largest is the smallest.
                let expected = counts.iter().find(|(_, count)| Some(*count) == most);
                let expected = expected.map(|(&pair, _)| pair);
                let table: HashMap<Pair, i64> = counts.clone().into_iter().collect();
                Case::of(&[("counts", &counts)]).same(&expected, || (f.commonest)(&table))
            },
        ),
        property(
            "together they choose the chapter's first merge",
            || {
                super::texts::chunks().prop_filter("a pair", |chunks| {
                    chunks.keys().any(|chunk| chunk.len() > 1)
                })
            },
            |f: &Functions, counts| {
                let expected = naive_merges(&counts, 1).first().copied();
                let chunks: Chunks = super::texts::in_order(&counts)
                    .into_iter()
                    .map(|(chunk, count)| (chunk.bytes().map(u32::from).collect(), count))
                    .collect();
                Case::of(&[("chunks", &chunks)])
                    .same(&expected, || (f.commonest)(&(f.count_pairs)(&chunks)))
            },
        ),
        example("without a pair there is no commonest", |f: &Functions| {
            Case::of(&[("counts", &"none")]).same(&None, || (f.commonest)(&HashMap::new()))
        })
        .holds_for_constants(),
    ]
}

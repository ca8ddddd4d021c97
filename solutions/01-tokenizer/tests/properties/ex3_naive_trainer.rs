use super::texts::{chunks, in_order};
use judge::{Case, Checked, Property, example, property};
use tokenizer::Pair;
use tokenizer::count::ChunkCounts;
use tokenizer::naive::merge_all;
use tokenizer::train::merges;

pub struct Functions {
    pub naive_merges: fn(&ChunkCounts, usize, i64) -> Vec<Pair>,
}

/// The chapter's merges, ended before the first one that occurs less than `at_least` times.
fn expected(counts: &ChunkCounts, wanted: usize, at_least: i64) -> Vec<Pair> {
    let all = merges(counts, wanted, &mut |_| ()).expect("few chunks");
    let mut chunks: Vec<(Vec<u32>, i64)> = counts
        .iter()
        .map(|(chunk, &count)| (chunk.bytes().map(u32::from).collect(), count))
        .collect();
    let mut kept = Vec::new();
    for pair in all {
        let places = |ids: &[u32]| {
            ids.windows(2)
                .filter(|two| (two[0], two[1]) == pair)
                .count()
        };
        let count: i64 = chunks
            .iter()
            .map(|(ids, count)| places(ids) as i64 * count)
            .sum();
        if count < at_least {
            break;
        }
        for (ids, _) in &mut chunks {
            *ids = merge_all(ids, pair, 256 + kept.len() as u32);
        }
        kept.push(pair);
    }
    kept
}

fn check(f: &Functions, counts: &ChunkCounts, wanted: usize, at_least: i64) -> Checked {
    let case = Case::of(&[
        ("chunks", &in_order(counts)),
        ("wanted", &wanted),
        ("at_least", &at_least),
    ]);
    case.same(&expected(counts, wanted, at_least), || {
        (f.naive_merges)(counts, wanted, at_least)
    })
}

fn of(chunks: &[(&str, i64)]) -> ChunkCounts {
    chunks
        .iter()
        .map(|&(chunk, count)| (chunk.to_string(), count))
        .collect()
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        example(
            "of equally common pairs the smaller goes first",
            |f: &Functions| check(f, &of(&[("cd", 1), ("ab", 1)]), 1, 1),
        ),
        example(
            "in a row of equal letters each is merged once, from the left",
            |f: &Functions| check(f, &of(&[("aaaaa", 1)]), 4, 1),
        ),
        example("it stops when every chunk is one token", |f: &Functions| {
            check(f, &of(&[("ab", 1)]), 5, 1)
        }),
        property(
            "with a floor of 1 it makes the merges of the fast trainer",
            || (chunks(), 1usize..30),
            |f: &Functions, (counts, wanted)| check(f, &counts, wanted, 1),
        ),
        property(
            "it stops before a pair that occurs less than `at_least` times",
            || (chunks(), 1usize..30, 1i64..8),
            |f: &Functions, (counts, wanted, at_least)| check(f, &counts, wanted, at_least),
        ),
    ]
}

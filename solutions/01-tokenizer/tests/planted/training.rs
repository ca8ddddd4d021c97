//! Wrong answers to exercises 3 and 4.

use super::Of;
use crate::properties::{ex3_naive_trainer, ex4_merge_chunk};
use judge::program::Wrong;
use solutions_01::chunk_trainer::merges_with;
use solutions_01::{ex3_naive_trainer as naive, ex4_merge_chunk as right};
use std::cmp::Reverse;
use std::collections::HashMap;
use tokenizer::Pair;
use tokenizer::count::ChunkCounts;

pub fn wrong() -> Vec<Wrong> {
    let mut wrong = naive_trainer();
    wrong.extend(merge_chunk());
    wrong
}

/// A naive trainer with three screws to turn: which of equal pairs, which replacement, which floor.
fn trainer(
    counts: &ChunkCounts,
    wanted: usize,
    at_least: i64,
    key: fn(Pair, i64) -> (i64, Reverse<Pair>, Pair),
    replace: fn(&[u32], Pair, u32) -> Vec<u32>,
) -> Vec<Pair> {
    let mut chunks: Vec<(Vec<u32>, i64)> = counts
        .iter()
        .map(|(chunk, &count)| (chunk.bytes().map(u32::from).collect(), count))
        .collect();
    let mut merges = Vec::new();
    while merges.len() < wanted {
        let mut pairs: HashMap<Pair, i64> = HashMap::new();
        for (ids, count) in &chunks {
            for pair in ids.windows(2) {
                *pairs.entry((pair[0], pair[1])).or_insert(0) += count;
            }
        }
        let best = pairs
            .into_iter()
            .max_by_key(|&(pair, count)| key(pair, count));
        let Some((best, _)) = best.filter(|&(_, count)| count >= at_least) else {
            break;
        };
        for (ids, _) in &mut chunks {
            *ids = replace(ids, best, 256 + merges.len() as u32);
        }
        merges.push(best);
    }
    merges
}

/// From right to left: in a row of three the last two become one.
fn from_the_right(ids: &[u32], pair: Pair, new: u32) -> Vec<u32> {
    let mut reversed: Vec<u32> = ids.iter().rev().copied().collect();
    reversed = tokenizer::naive::merge_all(&reversed, (pair.1, pair.0), new);
    reversed.into_iter().rev().collect()
}

fn naive_trainer() -> Vec<Wrong> {
    use ex3_naive_trainer::Functions;
    let of = Of {
        number: 3,
        name: "naive_trainer",
        properties: ex3_naive_trainer::properties,
    };
    let training = |naive_merges| Functions { naive_merges };
    vec![
        of.planted(
            "ties-to-the-larger",
            training(|counts, wanted, at_least| {
                let larger = |pair, count| (count, Reverse((0, 0)), pair);
                trainer(
                    counts,
                    wanted,
                    at_least,
                    larger,
                    tokenizer::naive::merge_all,
                )
            }),
        ),
        of.planted(
            "from-the-right",
            training(|counts, wanted, at_least| {
                let smaller = |pair, count| (count, Reverse(pair), (0, 0));
                trainer(counts, wanted, at_least, smaller, from_the_right)
            }),
        ),
        of.planted(
            "one-above-the-floor",
            training(|counts, wanted, at_least| {
                naive::naive_merges(counts, wanted, if at_least > 1 { at_least + 1 } else { 1 })
            }),
        ),
        of.planted(
            "no-floor",
            training(|counts, wanted, _| naive::naive_merges(counts, wanted, 1)),
        ),
        of.planted(
            "chunks-unweighted",
            training(|counts, wanted, at_least| {
                let once = counts.keys().map(|chunk| (chunk.clone(), 1)).collect();
                naive::naive_merges(&once, wanted, at_least)
            }),
        ),
        of.constant("no-merges", training(|_, _, _| Vec::new())),
        of.constant("zeros", training(|_, wanted, _| vec![(0, 0); wanted])),
    ]
}

fn merge_chunk() -> Vec<Wrong> {
    use ex4_merge_chunk::Functions;
    let of = Of {
        number: 4,
        name: "merge_chunk",
        properties: ex4_merge_chunk::properties,
    };
    vec![
        of.planted(
            "old-left-neighbour",
            Functions {
                merge_chunk: old_left_neighbour,
                merges: |counts, wanted| merges_with(old_left_neighbour, counts, wanted),
            },
        ),
        of.planted(
            "the-pair-itself-forgotten",
            Functions {
                merge_chunk: pair_forgotten,
                merges: |counts, wanted| merges_with(pair_forgotten, counts, wanted),
            },
        ),
        of.planted(
            "the-first-place-only",
            Functions {
                merge_chunk: first_place_only,
                merges: |counts, wanted| merges_with(first_place_only, counts, wanted),
            },
        ),
        of.planted(
            "right-neighbour-forgotten",
            Functions {
                merge_chunk: right_forgotten,
                merges: |counts, wanted| merges_with(right_forgotten, counts, wanted),
            },
        ),
        of.constant(
            "nothing-changes",
            Functions {
                merge_chunk: |_, _, _| Vec::new(),
                merges: |_, _| Vec::new(),
            },
        ),
        of.constant(
            "zeros",
            Functions {
                merge_chunk: |ids, _, _| {
                    ids.fill(0);
                    vec![((0, 0), 0)]
                },
                merges: |_, wanted| vec![(0, 0); wanted],
            },
        ),
    ]
}

/// Takes the token before a place from the chunk as it was.
fn old_left_neighbour(ids: &mut Vec<u32>, pair: Pair, new: u32) -> Vec<(Pair, i64)> {
    let mut changes = Vec::new();
    let mut at = 0;
    while at + 1 < ids.len() {
        if (ids[at], ids[at + 1]) != pair {
            at += 1;
            continue;
        }
        if let Some(before) = at.checked_sub(1) {
            changes.extend([((ids[before], pair.0), -1), ((ids[before], new), 1)]);
        }
        changes.push((pair, -1));
        if let Some(&right) = ids.get(at + 2) {
            changes.extend([((pair.1, right), -1), ((new, right), 1)]);
        }
        at += 2;
    }
    *ids = tokenizer::naive::merge_all(ids, pair, new);
    changes
}

fn pair_forgotten(ids: &mut Vec<u32>, pair: Pair, new: u32) -> Vec<(Pair, i64)> {
    let mut changes = right::merge_chunk(ids, pair, new);
    changes.retain(|&(changed, _)| changed != pair);
    changes
}

fn right_forgotten(ids: &mut Vec<u32>, pair: Pair, new: u32) -> Vec<(Pair, i64)> {
    let mut changes = right::merge_chunk(ids, pair, new);
    changes.retain(|&((left, _), _)| left != new);
    changes
}

fn first_place_only(ids: &mut Vec<u32>, pair: Pair, new: u32) -> Vec<(Pair, i64)> {
    let place = ids.windows(2).position(|two| (two[0], two[1]) == pair);
    let Some(at) = place else {
        return Vec::new();
    };
    let rest = ids.split_off(at + 2);
    let changes = right::merge_chunk(ids, pair, new);
    ids.extend(rest);
    changes
}

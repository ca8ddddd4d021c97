//! Wrong answers to exercises 1 and 2.

use super::Of;
use crate::properties::{ex1_first_green, ex2_weighted_pairs};
use judge::program::Wrong;
use solutions_01::ex2_weighted_pairs as right;
use std::collections::HashMap;
use tokenizer::Pair;

pub fn wrong() -> Vec<Wrong> {
    let mut wrong = first_green();
    wrong.extend(weighted_pairs());
    wrong
}

fn first_green() -> Vec<Wrong> {
    use ex1_first_green::Functions;
    let of = Of {
        number: 1,
        name: "first_green",
        properties: ex1_first_green::properties,
    };
    let of_text = |crab_ids| Functions { crab_ids };
    vec![
        of.planted("the-marker-stays", of_text(|| vec![0xf0, 0x9f, 0xa6])),
        of.planted("the-character-itself", of_text(|| vec![u32::from('🦀')])),
        of.constant("no-ids", of_text(Vec::new)),
        of.constant("four-zeros", of_text(|| vec![0; 4])),
    ]
}

fn weighted_pairs() -> Vec<Wrong> {
    use ex2_weighted_pairs::Functions;
    let of = Of {
        number: 2,
        name: "weighted_pairs",
        properties: ex2_weighted_pairs::properties,
    };
    let counting = |count_pairs| Functions {
        count_pairs,
        commonest: right::commonest,
    };
    let choosing = |commonest| Functions {
        count_pairs: right::count_pairs,
        commonest,
    };
    vec![
        of.planted(
            "each-chunk-once",
            counting(|chunks| {
                let once: Vec<_> = chunks.iter().map(|(ids, _)| (ids.clone(), 1)).collect();
                right::count_pairs(&once)
            }),
        ),
        of.planted(
            "overlaps-left-out",
            counting(|chunks| {
                let mut counts = HashMap::new();
                for (ids, weight) in chunks {
                    let mut at = 1;
                    while at < ids.len() {
                        *counts.entry((ids[at - 1], ids[at])).or_insert(0) += weight;
                        at += if ids[at - 1] == ids[at] { 2 } else { 1 };
                    }
                }
                counts
            }),
        ),
        of.planted(
            "in-32-bits",
            counting(|chunks| {
                let narrow = |(pair, count): (Pair, i64)| (pair, i64::from(count as i32));
                right::count_pairs(chunks).into_iter().map(narrow).collect()
            }),
        ),
        of.planted(
            "across-chunks",
            counting(|chunks| {
                let ids: Vec<u32> = chunks.iter().flat_map(|(ids, _)| ids.clone()).collect();
                right::count_pairs(&[(ids, 1)])
            }),
        ),
        of.planted(
            "ties-to-the-larger",
            choosing(|counts| {
                let best = counts.iter().max_by_key(|&(&pair, &count)| (count, pair));
                best.map(|(&pair, _)| pair)
            }),
        ),
        of.planted(
            "the-smallest-pair",
            choosing(|counts| counts.keys().min().copied()),
        ),
        of.constant(
            "nothing-counted",
            Functions {
                count_pairs: |_| HashMap::new(),
                commonest: |_| None,
            },
        ),
        of.constant(
            "zeros-counted",
            Functions {
                count_pairs: |_| HashMap::from([((0, 0), 0)]),
                commonest: |_| Some((0, 0)),
            },
        ),
    ]
}

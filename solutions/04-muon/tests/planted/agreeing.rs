//! Wrong answers to exercise 5.

use super::Of;
use crate::properties::ex5_same_order::{self, Functions};
use judge::program::Wrong;
use solutions_04::ex5_same_order as right;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

pub fn wrong() -> Vec<Wrong> {
    let of = Of {
        number: 5,
        name: "same_order",
        properties: ex5_same_order::properties,
    };
    let noting = |noted| Functions {
        noted,
        first_apart: right::first_apart,
        outvoted: right::outvoted,
    };
    let looking = |first_apart| Functions {
        noted: right::noted,
        first_apart,
        outvoted: right::outvoted,
    };
    let blaming = |outvoted| Functions {
        noted: right::noted,
        first_apart: right::first_apart,
        outvoted,
    };
    vec![
        of.planted(
            "a-sum-of-hashes",
            noting(|sum, operation, name, shape| {
                sum.wrapping_add(right::noted(0, operation, name, shape))
            }),
        ),
        of.planted(
            "an-exclusive-or-of-hashes",
            noting(|sum, operation, name, shape| sum ^ right::noted(0, operation, name, shape)),
        ),
        of.planted(
            "the-last-operation-alone",
            noting(|_, operation, name, shape| right::noted(0, operation, name, shape)),
        ),
        of.planted(
            "names-left-out",
            noting(|sum, operation, _, shape| right::noted(sum, operation, "", shape)),
        ),
        of.planted(
            "operations-left-out",
            noting(|sum, _, name, shape| right::noted(sum, "", name, shape)),
        ),
        of.planted(
            "entries-counted-and-not-the-shape",
            noting(|sum, operation, name, shape| {
                right::noted(sum, operation, name, &[shape.iter().product()])
            }),
        ),
        of.planted(
            "nothing-in-between",
            noting(|sum, operation, name, shape| {
                let sizes: String = shape.iter().map(i64::to_string).collect();
                right::noted(sum, &format!("{operation}{name}{sizes}"), "", &[])
            }),
        ),
        of.planted(
            "another-hash-in-every-process",
            noting(|sum, operation, name, shape| {
                RandomState::new().hash_one((sum, operation, name, shape))
            }),
        ),
        of.planted(
            "one-after-the-other",
            looking(|count, sums| {
                (0..count).find(|&at| sums(at + 1).windows(2).any(|pair| pair[0] != pair[1]))
            }),
        ),
        of.planted(
            "one-too-late",
            looking(|count, sums| right::first_apart(count, sums).map(|at| at + 1)),
        ),
        of.planted(
            "ranks-0-and-1-compared-and-no-others",
            looking(|count, sums| {
                right::first_apart(count, &mut |n| sums(n).into_iter().take(2).collect())
            }),
        ),
        of.planted(
            "rank-0-is-always-right",
            blaming(|sums| {
                (0..sums.len())
                    .filter(|rank| sums[*rank] != sums[0])
                    .collect()
            }),
        ),
        of.planted(
            "the-most-common-without-a-majority",
            blaming(|sums| {
                let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
                sums.iter()
                    .for_each(|sum| *counts.entry(*sum).or_default() += 1);
                let most = counts
                    .iter()
                    .max_by_key(|(_, count)| **count)
                    .map(|(sum, _)| *sum);
                (0..sums.len())
                    .filter(|rank| Some(sums[*rank]) != most)
                    .collect()
            }),
        ),
        of.planted(
            "half-is-enough",
            blaming(|sums| {
                let is_most =
                    |sum: &&u64| sums.iter().filter(|o| o == sum).count() * 2 >= sums.len();
                let most = sums.iter().find(is_most);
                (0..sums.len())
                    .filter(|rank| Some(&sums[*rank]) != most)
                    .collect()
            }),
        ),
        of.constant(
            "zeros",
            Functions {
                noted: |_, _, _, _| 0,
                first_apart: |_, _| None,
                outvoted: |_| Vec::new(),
            },
        ),
        of.constant(
            "ones",
            Functions {
                noted: |_, _, _, _| 1,
                first_apart: |_, _| Some(1),
                outvoted: |_| vec![1],
            },
        ),
    ]
}

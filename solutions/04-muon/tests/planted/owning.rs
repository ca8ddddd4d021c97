//! Wrong answers to exercise 4.

use super::Of;
use crate::properties::ex4_who_owns_what::{self, Functions, Stack};
use judge::program::Wrong;
use solutions_04::ex4_who_owns_what as right;
use std::ops::Range;

pub fn wrong() -> Vec<Wrong> {
    let of = Of {
        number: 4,
        name: "who_owns_what",
        properties: ex4_who_owns_what::properties,
    };
    let dealing = |deal| Functions {
        deal,
        slots: right::slots,
        places: right::places,
    };
    let sending = |slots| Functions {
        deal,
        slots,
        places: right::places,
    };
    let finding = |places| Functions {
        deal,
        slots: right::slots,
        places,
    };
    vec![
        of.planted(
            "as-the-chapter-divides",
            dealing(|stacks, world| {
                let of_stack = |&(count, _): &Stack| {
                    let each = count.div_ceil(world);
                    let range =
                        |rank: usize| (rank * each).min(count)..((rank + 1) * each).min(count);
                    (0..world).map(range).collect()
                };
                stacks.iter().map(of_stack).collect()
            }),
        ),
        of.planted(
            "the-rest-always-to-the-first",
            dealing(|stacks, world| {
                let alone = |stack: &Stack| deal(std::slice::from_ref(stack), world).swap_remove(0);
                stacks.iter().map(alone).collect()
            }),
        ),
        of.planted(
            "matrices-counted-and-not-their-cost",
            dealing(|stacks, world| {
                let alike: Vec<Stack> = stacks.iter().map(|&(count, _)| (count, 1)).collect();
                deal(&alike, world)
            }),
        ),
        of.planted(
            "of-equals-the-higher-number",
            dealing(|stacks, world| {
                let of_stack = |ranges: Vec<Range<usize>>| {
                    let mut start = 0;
                    let range = |range: Range<usize>| {
                        start += range.len();
                        start - range.len()..start
                    };
                    ranges.into_iter().rev().map(range).collect()
                };
                deal(stacks, world).into_iter().map(of_stack).collect()
            }),
        ),
        of.planted(
            "the-rest-to-the-last-rank",
            dealing(|stacks, world| {
                let of_stack = |&(count, _): &Stack| {
                    let least = count / world;
                    let end = |rank: usize| {
                        if rank + 1 == world {
                            count
                        } else {
                            (rank + 1) * least
                        }
                    };
                    (0..world).map(|rank| rank * least..end(rank)).collect()
                };
                stacks.iter().map(of_stack).collect()
            }),
        ),
        of.planted(
            "padding-at-the-end",
            sending(|ranges| {
                let mut slots: Vec<Option<usize>> =
                    ranges.iter().cloned().flatten().map(Some).collect();
                slots.resize(right::slots(ranges).len(), None);
                slots
            }),
        ),
        of.planted(
            "padding-before-the-matrices",
            sending(|ranges| {
                let mut slots = right::slots(ranges);
                let each = slots.len() / ranges.len().max(1);
                for own in slots.chunks_mut(each.max(1)) {
                    own.sort_by_key(Option::is_some);
                }
                slots
            }),
        ),
        of.planted(
            "a-slot-too-many",
            sending(|ranges| {
                let slots = right::slots(ranges);
                let each = slots.len() / ranges.len().max(1);
                let longer = slots
                    .chunks(each.max(1))
                    .flat_map(|own| own.iter().copied().chain([None]));
                longer.collect()
            }),
        ),
        of.planted(
            "as-if-there-were-no-padding",
            finding(|ranges| ranges.iter().cloned().flatten().collect()),
        ),
        of.planted(
            "slots-of-its-own-rank-only",
            finding(|ranges| {
                let own = |range: &Range<usize>| 0..range.len();
                ranges.iter().flat_map(own).collect()
            }),
        ),
        of.constant(
            "zeros",
            Functions {
                deal: |_, _| Vec::new(),
                slots: |_| Vec::new(),
                places: |_| Vec::new(),
            },
        ),
        of.constant(
            "ones",
            Functions {
                deal: |_, _| vec![std::iter::once(0..1).collect()],
                slots: |_| vec![Some(1)],
                places: |_| vec![1],
            },
        ),
    ]
}

fn deal(stacks: &[Stack], world: usize) -> Vec<Vec<Range<usize>>> {
    let stack = |&(count, cost): &Stack| right::Stack { count, cost };
    let stacks: Vec<right::Stack> = stacks.iter().map(stack).collect();
    right::deal(&stacks, world)
}

//! Wrong answers to exercise 9.

use super::Of;
use crate::properties::ex9_fusion_plan::{self, Chain, Functions};
use judge::program::Wrong;
use solutions_06::ex9_fusion_plan as right;
use std::ops::Range;

pub fn wrong() -> Vec<Wrong> {
    let of = Of {
        number: 9,
        name: "fusion_plan",
        properties: ex9_fusion_plan::properties,
    };
    let billing = |bytes| Functions { bytes, plan };
    let planning = |plan| Functions { bytes, plan };
    vec![
        of.planted(
            "every-read-paid-again",
            billing(|chain, kernel| {
                let reads = chain.passes[kernel.clone()]
                    .iter()
                    .flat_map(|pass| &pass.reads);
                let from_outside = reads.filter(|tensor| !is_made(chain, **tensor, kernel.clone()));
                let paid: u64 = from_outside.map(|tensor| chain.bytes[*tensor]).sum();
                paid + written(chain, kernel)
            }),
        ),
        of.planted(
            "everything-written",
            billing(|chain, kernel| {
                let mut whole = chain.clone();
                whole.keeps = (0..chain.bytes.len()).collect();
                bytes(&whole, kernel)
            }),
        ),
        of.planted(
            "what-is-kept-forgotten",
            billing(|chain, kernel| {
                let mut careless = chain.clone();
                careless.keeps.clear();
                bytes(&careless, kernel)
            }),
        ),
        of.planted(
            "what-is-read-later-forgotten",
            billing(|chain, kernel| {
                let mut cut = chain.clone();
                cut.passes.truncate(kernel.end);
                bytes(&cut, kernel)
            }),
        ),
        of.planted(
            "pass-by-pass",
            planning(|chain, _| (0..chain.passes.len()).map(|at| at..at + 1).collect()),
        ),
        of.planted(
            "all-in-one",
            planning(|chain, _| std::iter::once(0..chain.passes.len()).collect()),
        ),
        of.planted(
            "as-many-as-fit-from-the-left",
            planning(|chain, room| {
                let mut kernels: Vec<Range<usize>> = Vec::new();
                for at in 0..chain.passes.len() {
                    let longer = kernels.last().map(|last| last.start..at + 1);
                    match longer.filter(|longer| fits(chain, longer.clone(), room)) {
                        Some(longer) => *kernels.last_mut().expect("it was longer") = longer,
                        None => kernels.push(at..at + 1),
                    }
                }
                kernels
            }),
        ),
        of.planted(
            "whole-passes-fused",
            planning(|chain, room| {
                let mut soft = chain.clone();
                soft.passes.iter_mut().for_each(|pass| pass.whole = false);
                plan(&soft, room)
            }),
        ),
        of.planted(
            "room-for-one-more",
            planning(|chain, room| plan(chain, room + 1)),
        ),
        of.constant(
            "zeros",
            Functions {
                bytes: |_, _| 0,
                plan: |_, _| Vec::new(),
            },
        ),
        of.constant(
            "ones",
            Functions {
                bytes: |_, _| 1,
                plan: |_, _| std::iter::once(0..1).collect(),
            },
        ),
    ]
}

fn is_made(chain: &Chain, tensor: usize, kernel: Range<usize>) -> bool {
    let passes = &chain.passes[kernel];
    passes.iter().any(|pass| pass.writes.contains(&tensor))
}

/// What a kernel writes: its bill without what it reads.
fn written(chain: &Chain, kernel: Range<usize>) -> u64 {
    let mut silent = chain.clone();
    silent.passes[kernel.clone()]
        .iter_mut()
        .for_each(|pass| pass.reads.clear());
    bytes(&silent, kernel)
}

fn fits(chain: &Chain, kernel: Range<usize>, room: usize) -> bool {
    let passes = &chain.passes[kernel];
    let mut touched: Vec<usize> = passes
        .iter()
        .flat_map(|pass| pass.reads.iter().chain(&pass.writes).copied())
        .collect();
    touched.sort_unstable();
    touched.dedup();
    passes.iter().all(|pass| !pass.whole) && touched.len() <= room
}

fn solved(chain: &Chain) -> right::Chain {
    let passes = chain.passes.iter().map(|pass| right::Pass {
        reads: pass.reads.clone(),
        writes: pass.writes.clone(),
        whole: pass.whole,
    });
    right::Chain {
        bytes: chain.bytes.clone(),
        passes: passes.collect(),
        keeps: chain.keeps.clone(),
    }
}

fn bytes(chain: &Chain, kernel: Range<usize>) -> u64 {
    right::bytes(&solved(chain), kernel)
}

fn plan(chain: &Chain, room: usize) -> Vec<Range<usize>> {
    right::plan(&solved(chain), room)
}

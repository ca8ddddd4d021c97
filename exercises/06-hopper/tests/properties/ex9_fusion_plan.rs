use judge::{Case, Checked, Property, example, property};
use proptest::collection::vec;
use proptest::prelude::*;
use std::ops::Range;

/// What a pass reads, what it writes, whether it is whole.
#[derive(Debug, Clone)]
pub struct Pass {
    pub reads: Vec<usize>,
    pub writes: Vec<usize>,
    pub whole: bool,
}

#[derive(Debug, Clone)]
pub struct Chain {
    pub bytes: Vec<u64>,
    pub passes: Vec<Pass>,
    pub keeps: Vec<usize>,
}

pub struct Functions {
    pub bytes: fn(&Chain, Range<usize>) -> u64,
    pub plan: fn(&Chain, usize) -> Vec<Range<usize>>,
}

/// Tensors that are there before the chain; each pass makes one more.
const GIVEN: usize = 2;

/// Chains of `passes`, of which some are whole: each pass reads one or two of what is there, and writes one tensor. What nobody
/// reads is kept.
fn chains(passes: Range<usize>) -> impl Strategy<Value = Chain> {
    let pass = (
        0usize..100,
        prop::option::of(0usize..100),
        0u32..6,
        any::<bool>(),
    );
    (vec(pass, passes), vec(1u64..10, 12)).prop_map(|(drawn, mut bytes)| {
        bytes.truncate(GIVEN + drawn.len());
        let mut keeps = Vec::new();
        let passes: Vec<Pass> = drawn
            .iter()
            .enumerate()
            .map(|(at, &(one, other, whole, kept))| {
                let there = GIVEN + at;
                // Mostly what has just been made.
                let near = |drawn: usize| there - 1 - (drawn % 3).min(there - 1);
                let mut reads = vec![near(one)];
                reads.extend(other.map(|other| other % there).filter(|x| *x != reads[0]));
                if kept && one % 2 == 0 {
                    keeps.push(there);
                }
                Pass {
                    reads,
                    writes: vec![there],
                    whole: whole == 0,
                }
            })
            .collect();
        let is_read = |tensor: usize| passes.iter().any(|pass| pass.reads.contains(&tensor));
        let unread = (GIVEN..bytes.len()).filter(|&tensor| !is_read(tensor));
        keeps.extend(
            unread
                .filter(|tensor| !keeps.contains(tensor))
                .collect::<Vec<_>>(),
        );
        Chain {
            bytes,
            passes,
            keeps,
        }
    })
}

/// The bill of a kernel, tensor by tensor.
fn bill(chain: &Chain, kernel: &Range<usize>) -> u64 {
    let made = |tensor: usize, within: Range<usize>| {
        chain.passes[within]
            .iter()
            .any(|pass| pass.writes.contains(&tensor))
    };
    let read = |tensor: usize, within: Range<usize>| {
        chain.passes[within]
            .iter()
            .any(|pass| pass.reads.contains(&tensor))
    };
    let of = |tensor: usize| {
        let is_made = made(tensor, kernel.clone());
        let comes_in = read(tensor, kernel.clone()) && !is_made;
        let after = kernel.end..chain.passes.len();
        let goes_out = is_made && (chain.keeps.contains(&tensor) || read(tensor, after));
        match comes_in || goes_out {
            true => chain.bytes[tensor],
            false => 0,
        }
    };
    (0..chain.bytes.len()).map(of).sum()
}

/// Why these passes cannot be one kernel.
fn forbidden(chain: &Chain, kernel: &Range<usize>, room: usize) -> Option<String> {
    let passes = &chain.passes[kernel.clone()];
    if passes.len() < 2 {
        return None;
    }
    if passes.iter().any(|pass| pass.whole) {
        return Some(format!("{kernel:?} has a whole pass that is not alone"));
    }
    let touches = |tensor: &usize| {
        passes
            .iter()
            .any(|pass| pass.reads.contains(tensor) || pass.writes.contains(tensor))
    };
    let touched = (0..chain.bytes.len()).filter(touches).count();
    (touched > room)
        .then(|| format!("{kernel:?} touches {touched} tensors, and there is room for {room}"))
}

/// The least that any plan moves: all of them are tried.
fn least(chain: &Chain, room: usize) -> u64 {
    let count = chain.passes.len();
    let plans = (0..1u32 << (count - 1)).map(|cuts| {
        let ends: Vec<usize> = (1..count)
            .filter(|at| (cuts >> (at - 1)) & 1 == 1)
            .chain([count])
            .collect();
        let starts = std::iter::once(0).chain(ends.iter().copied());
        starts
            .zip(ends.iter().copied())
            .map(|(start, end)| start..end)
            .collect::<Vec<_>>()
    });
    let allowed = plans.filter(|plan| {
        plan.iter()
            .all(|kernel| forbidden(chain, kernel, room).is_none())
    });
    let costs = allowed.map(|plan| plan.iter().map(|kernel| bill(chain, kernel)).sum());
    costs.min().expect("pass by pass is always allowed")
}

fn case(chain: &Chain) -> Case {
    let passes: Vec<String> = chain
        .passes
        .iter()
        .map(|pass| {
            let whole = if pass.whole { ", whole" } else { "" };
            format!("{:?} -> {:?}{whole}", pass.reads, pass.writes)
        })
        .collect();
    Case::of(&[
        ("bytes", &chain.bytes),
        ("passes", &format_args!("{}", passes.join("; "))),
        ("keeps", &chain.keeps),
    ])
}

fn bytes_are_right(f: &Functions, chain: &Chain, kernel: Range<usize>) -> Checked {
    let expected = bill(chain, &kernel);
    // The smallest chains are read on paper, so the stretch is shown with them.
    let text = format!("{} bytes", expected);
    case(chain).obeys(|| match (f.bytes)(chain, kernel.clone()) {
        found if found == expected => Ok(()),
        found => Err(format!(
            "kernel {kernel:?} moves {text}, and you say {found}"
        )),
    })
}

/// Passes that read `reads` and write the tensor behind `GIVEN` and their place.
fn chain(bytes: &[u64], reads: &[&[usize]], keeps: &[usize]) -> Chain {
    let passes = reads.iter().enumerate().map(|(at, reads)| Pass {
        reads: reads.to_vec(),
        writes: vec![GIVEN + at],
        whole: false,
    });
    Chain {
        bytes: bytes.to_vec(),
        passes: passes.collect(),
        keeps: keeps.to_vec(),
    }
}

fn plan_is_best(f: &Functions, chain: &Chain, room: usize) -> Checked {
    let least = least(chain, room);
    case(chain).obeys(|| {
        let plan = (f.plan)(chain, room);
        let mut next = 0;
        for kernel in &plan {
            if kernel.start != next || kernel.end <= kernel.start || kernel.end > chain.passes.len()
            {
                return Err(format!(
                    "{plan:?} does not cover the passes one after the other"
                ));
            }
            if let Some(why) = forbidden(chain, kernel, room) {
                return Err(why);
            }
            next = kernel.end;
        }
        if next != chain.passes.len() {
            return Err(format!("{plan:?} leaves out the passes from {next} on"));
        }
        let moved: u64 = plan.iter().map(|kernel| bill(chain, kernel)).sum();
        match moved == least {
            true => Ok(()),
            false => Err(format!(
                "with room for {room} tensors {plan:?} moves {moved} bytes, and {least} are enough"
            )),
        }
    })
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        example(
            "relu, then square: 4 bytes are read, 4 written, and 8 stay inside",
            |f: &Functions| {
                let chain = chain(&[4, 4, 4, 4], &[&[0], &[2]], &[3]);
                bytes_are_right(f, &chain, 0..2)
            },
        ),
        property(
            "a kernel of one pass moves what the pass reads and writes",
            || (chains(1..6), 0usize..100),
            |f: &Functions, (chain, at)| {
                let at = at % chain.passes.len();
                bytes_are_right(f, &chain, at..at + 1)
            },
        ),
        property(
            "the bill of any stretch",
            || (chains(1..9), 0usize..100, 0usize..100),
            |f: &Functions, (chain, start, more)| {
                let start = start % chain.passes.len();
                let end = start + 1 + more % (chain.passes.len() - start);
                bytes_are_right(f, &chain, start..end)
            },
        ),
        property(
            "with room for everything, the plan that moves the fewest bytes",
            || chains(2..8),
            |f: &Functions, chain| plan_is_best(f, &chain, 100),
        ),
        property(
            "with little room, the plan that moves the fewest bytes",
            || (chains(2..9), 2usize..6),
            |f: &Functions, (chain, room)| plan_is_best(f, &chain, room),
        ),
    ]
}

//! # The plan of a fusion
//!
//! Goal: find why a chain of passes is slow from its bytes, and cut it into the kernels that move the fewest.
//!
//! Minutes: 90. Difficulty: 4 of 5.
//!
//! A chain of passes over memory is given: which tensors each reads and writes, and how many bytes each tensor has. Pass by pass,
//! every tensor in between is written and read again. A *kernel* is a stretch of neighbouring passes that are computed
//! together, row by row. Its bill:
//!
//! - it reads, once, each tensor that one of its passes reads and none of its passes has written;
//! - it writes each tensor that it makes and that somebody wants afterwards: a pass behind its end, or whoever `keeps` it;
//! - what it makes and only it reads stays in registers and costs nothing.
//!
//! Two rules limit it. A pass that is `whole` (a matrix product: each of its rows needs all rows) is a kernel of its own. And a
//! kernel of several passes may touch at most `room` different tensors, in registers or in memory, or its rows no longer fit. A
//! kernel of one pass may touch any number.
//!
//! `bytes` gives the bill of a stretch, `plan` the stretches, in order and without gaps, whose bills add up to the least. No tensor
//! is written by two passes. The order of passes stays.
//!
//! ## Hint 1
//!
//! `bytes` first. Go through the stretch with two sets, what has been read from outside and what has been made; sets count nothing
//! twice. Afterwards, for each tensor that was made: does a pass from `kernel.end` on read it, or is it kept?
//!
//! ## Hint 2
//!
//! To take as many passes as fit, from the left, is not the best plan: a kernel that stops one pass earlier can leave a large
//! tensor inside the next one. But plans have parts: whatever the last kernel is, what stands before it has to be the best plan for
//! those passes.
//!
//! ## Hint 3
//!
//! best[0] = 0; best[end] = the least, over every start < end for which start..end is allowed, of best[start] + bytes(start..end).
//! Remember for each end which start was the best, and walk back from the last end. Allowed: a single pass, or several of which
//! none is whole and which together touch at most `room` tensors.
//!
//! ## Notes
//!
//! With the bytes, a time is a diagnosis. A kernel whose bytes divided by its time come near the machine's bandwidth is as fast as it
//! gets, and only fewer bytes help. One that is far from it has another problem: rows that are not read in order, too few threads, or
//! arithmetic after all.
//!
//! Compilers that fuse (XLA, Inductor) solve this with graphs in place of chains, where the best plan is out of reach and
//! rules of thumb have to do. They have one more move: to compute a cheap tensor twice instead of writing it.

use std::collections::BTreeSet;
use std::ops::Range;

/// One pass. Tensors are named by their place in `Chain::bytes`.
#[derive(Debug, Clone)]
pub struct Pass {
    pub reads: Vec<usize>,
    pub writes: Vec<usize>,
    /// It cannot be computed row by row.
    pub whole: bool,
}

#[derive(Debug, Clone)]
pub struct Chain {
    /// Of each tensor.
    pub bytes: Vec<u64>,
    pub passes: Vec<Pass>,
    /// Tensors that are wanted after the chain.
    pub keeps: Vec<usize>,
}

/// What a kernel of these passes reads and writes.
pub fn bytes(chain: &Chain, kernel: Range<usize>) -> u64 {
    let (mut read, mut made): (BTreeSet<usize>, BTreeSet<usize>) = Default::default();
    for pass in &chain.passes[kernel.clone()] {
        let from_outside = pass.reads.iter().filter(|tensor| !made.contains(tensor));
        read.extend(from_outside);
        made.extend(pass.writes.iter().copied());
    }
    let later = &chain.passes[kernel.end..];
    let is_wanted = |tensor: &&usize| {
        chain.keeps.contains(tensor) || later.iter().any(|pass| pass.reads.contains(tensor))
    };
    let written = made.iter().filter(is_wanted);
    read.iter()
        .chain(written)
        .map(|tensor| chain.bytes[*tensor])
        .sum()
}

/// The kernels that move the fewest bytes, from the first pass to the last.
pub fn plan(chain: &Chain, room: usize) -> Vec<Range<usize>> {
    let count = chain.passes.len();
    // For each end, the least bytes up to there and where the last kernel starts.
    let mut best: Vec<(u64, usize)> = vec![(0, 0)];
    for end in 1..=count {
        let allowed = (0..end).filter(|&start| is_allowed(chain, start..end, room));
        let costs = allowed.map(|start| (best[start].0 + bytes(chain, start..end), start));
        let least = costs.min().expect("a single pass is always allowed");
        best.push(least);
    }
    let mut kernels = Vec::new();
    let mut end = count;
    while end > 0 {
        let start = best[end].1;
        kernels.push(start..end);
        end = start;
    }
    kernels.reverse();
    kernels
}

/// Whether these passes can be one kernel.
fn is_allowed(chain: &Chain, kernel: Range<usize>, room: usize) -> bool {
    let passes = &chain.passes[kernel];
    let tensors = passes
        .iter()
        .flat_map(|pass| pass.reads.iter().chain(&pass.writes));
    let touched: BTreeSet<usize> = tensors.copied().collect();
    passes.len() == 1 || (passes.iter().all(|pass| !pass.whole) && touched.len() <= room)
}

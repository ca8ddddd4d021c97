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
//! Help: `cargo course hint 06.9`. Judge it: `cargo course check 06.9`.

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
    let _ = (chain, kernel); // delete this line
    todo!("exercise 06.9")
}

/// The kernels that move the fewest bytes, from the first pass to the last.
pub fn plan(chain: &Chain, room: usize) -> Vec<Range<usize>> {
    let _ = (chain, room); // delete this line
    todo!("exercise 06.9")
}

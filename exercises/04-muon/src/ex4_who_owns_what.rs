//! # Who owns what
//!
//! Goal: divide matrices among ranks so that nobody is left idle, and keep every rank's piece of the same size.
//!
//! Minutes: 45. Difficulty: 3 of 5.
//!
//! The chapter gives each rank ⌈N / world⌉ matrices of a stack until there are none left. Of 20 matrices eight ranks own 3, 3, 3, 3, 3, 3,
//! 2 and 0; of the next stack of 20 it is the same six that own 3. Here they are dealt like cards:
//!
//! - every rank gets ⌊N / world⌋ of a stack;
//! - what is left over goes one each to the ranks with the least work so far, of equally busy ones to the lower number. The work
//!   of a rank is the sum over the stacks before this one of its matrices times their cost;
//! - which rank has how many is all that is decided. Rank 0 owns the first matrices of the stack, rank 1 the next ones, and so on.
//!
//! A reduce-scatter still cuts what it gets into equal pieces. So every rank's matrices are filled up to ⌈N / world⌉ slots with zeros,
//! and the padding now stands between matrices and no longer at the end. `slots` says what is sent, and `places` where a
//! matrix is found when the new weights have been gathered:
//!
//! ```text
//! 4 matrices, rank 0 owns 1, rank 1 owns 2, rank 2 owns 1
//! slots     0 ·   1 2   3 ·         places  0 → slot 0, 1 → slot 2, 2 → slot 3, 3 → slot 4
//! ```
//!
//! Help: `cargo course hint 04.4`. Judge it: `cargo course check 04.4`.

use std::ops::Range;

/// Matrices of one shape.
#[derive(Debug, Clone, Copy)]
pub struct Stack {
    pub count: usize,
    /// Of one matrix.
    pub cost: u64,
}

/// Of every stack, what each rank owns.
pub fn deal(stacks: &[Stack], world: usize) -> Vec<Vec<Range<usize>>> {
    let _ = (stacks, world); // delete this line
    todo!("exercise 04.4")
}

/// The matrices in the order in which they are sent, the same number of slots for each rank; `None` is a matrix of zeros.
pub fn slots(ranges: &[Range<usize>]) -> Vec<Option<usize>> {
    let _ = ranges; // delete this line
    todo!("exercise 04.4")
}

/// In which slot each matrix is.
pub fn places(ranges: &[Range<usize>]) -> Vec<usize> {
    let _ = ranges; // delete this line
    todo!("exercise 04.4")
}

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
//! ## Hint 1
//!
//! For `deal`, keep a list of the work of every rank, from stack to stack. For one stack, put the ranks in the order of
//! (work, number); the first N mod world of them get one more.
//!
//! ## Hint 2
//!
//! When the counts of a stack are known, its ranges follow: each begins where the one before ends. Then add count times cost to
//! the work.
//!
//! A piece has as many slots as the longest range has matrices.
//!
//! ## Hint 3
//!
//! `let mut order: Vec<usize> = (0..world).collect(); order.sort_by_key(|&rank| (work[rank], rank));`
//!
//! `slots`: with `each` the longest length, for every range and every `i in 0..each`: `Some(range.start + i)` if that is below
//! `range.end`, else `None`. `places`: matrix m of rank r is in slot `r * each + m - range.start`.
//!
//! ## Notes
//!
//! At d20 with eight ranks the 20 tall matrices give ranks 0 to 3 a third one, and the 20 wide ones ranks 4 to 7. The busiest
//! rank then does exactly an eighth of all work, 12.5 %, where the chapter's division makes it 14.0 %. The bytes on the wire are
//! the same: three slots to a rank either way.
//!
//! Every rank computes this by itself and must come to the same result. It does: counts, costs and the order of the stacks (by their
//! names) are the same everywhere, and equal work is decided by the number. Measured times would not do.
//!
//! To divide work so that the busiest does the least, whatever the costs, is a problem for which no fast way is known. Giving the
//! next piece to whoever has least to do is what schedulers do instead: Graham showed in 1966 that it is never worse than twice the
//! best.

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
    let mut work = vec![0; world];
    let mut owned = Vec::new();
    for stack in stacks {
        let mut counts = vec![stack.count / world; world];
        let mut order: Vec<usize> = (0..world).collect();
        order.sort_by_key(|&rank| (work[rank], rank));
        for &rank in order.iter().take(stack.count % world) {
            counts[rank] += 1;
        }
        let mut start = 0;
        let mut ranges = Vec::new();
        for (rank, count) in counts.into_iter().enumerate() {
            ranges.push(start..start + count);
            start += count;
            work[rank] += count as u64 * stack.cost;
        }
        owned.push(ranges);
    }
    owned
}

/// The matrices in the order in which they are sent, the same number of slots for each rank; `None` is a matrix of zeros.
pub fn slots(ranges: &[Range<usize>]) -> Vec<Option<usize>> {
    let each = each(ranges);
    let of_rank = |range: &Range<usize>| {
        let range = range.clone();
        (0..each).map(move |i| Some(range.start + i).filter(|matrix| *matrix < range.end))
    };
    ranges.iter().flat_map(of_rank).collect()
}

/// In which slot each matrix is.
pub fn places(ranges: &[Range<usize>]) -> Vec<usize> {
    let each = each(ranges);
    let of_rank = |(rank, range): (usize, &Range<usize>)| {
        let range = range.clone();
        range
            .clone()
            .map(move |matrix| rank * each + matrix - range.start)
    };
    ranges.iter().enumerate().flat_map(of_rank).collect()
}

/// Slots of a rank.
fn each(ranges: &[Range<usize>]) -> usize {
    ranges.iter().map(|range| range.len()).max().unwrap_or(0)
}

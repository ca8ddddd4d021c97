//! # The same order on every rank
//!
//! Goal: find, from one number per rank, that ranks do not do the same, where they part, and who is to blame.
//!
//! Minutes: 45. Difficulty: 3 of 5.
//!
//! The third operation of one rank meets the third of the others, whatever they are. So each rank keeps a checksum of what it has
//! started, and now and then the ranks compare theirs. The chapter's `Sequence` keeps all notes besides, and sends them round when the
//! checksums differ. Here nothing is kept but one number per operation, and the ranks look for the place by asking each other for
//! checksums of earlier operations.
//!
//! - `noted` takes the checksum so far (0 at the beginning) and one more operation, and gives the new one. Ranks that have noted the
//!   same in the same order agree, in every program and on every machine. Another order, another operation, another name,
//!   another shape, one operation more or less: the sums differ, and stay different whatever is noted afterwards.
//! - `first_apart` finds the first of `count` operations, counted from 0, that is not the same on all ranks; `None` if there is none.
//!   `sums(n)` gives the checksums of all ranks after n operations. It is a gather over all ranks: ask at most 1 + ⌈log₂ count⌉ times.
//! - `outvoted` says whose fault it is. If more than half of the ranks have one sum, it is those that have another. If no sum has
//!   that many, nobody can tell, and it names all ranks. If all agree, none.
//!
//! Help: `cargo course hint 04.5`. Judge it: `cargo course check 04.5`.

/// The checksum after one more operation, such as `reduce_scatter` of `head` (65536, 1280).
pub fn noted(sum: u64, operation: &str, name: &str, shape: &[i64]) -> u64 {
    let _ = (sum, operation, name, shape); // delete this line
    todo!("exercise 04.5")
}

/// The first of `count` operations in which the ranks part. `sums(n)`: their checksums after n operations.
pub fn first_apart(count: usize, sums: &mut dyn FnMut(usize) -> Vec<u64>) -> Option<usize> {
    let _ = (count, sums); // delete this line
    todo!("exercise 04.5")
}

/// The ranks that have done something else than most.
pub fn outvoted(sums: &[u64]) -> Vec<usize> {
    let _ = sums; // delete this line
    todo!("exercise 04.5")
}

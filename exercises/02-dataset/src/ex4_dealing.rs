//! # Who reads what
//!
//! Goal: deal the groups of all files to the ranks, and keep the validation shard away from training, whatever is on the
//! disk.
//!
//! Minutes: 20. Difficulty: 2 of 5.
//!
//! Two divisions stand at the beginning of every run, and both can be wrong for months before anybody notices.
//!
//! `dealt`: files have row groups, and the groups are dealt to the ranks like cards, rank r taking the groups r, r +
//! world, r + 2 · world, … The counting goes on from file to file: who begins anew in each file gives rank 0 the odd
//! group of every one.
//!
//! `two_sides`: of the shards in a folder one is for validation. It is known by its *name*. "The last one" is another one
//! next week, when more shards have come, and what was the last one is then trained on. Where the named shard is missing,
//! or nothing is left to train on, there is no corpus: return an error that says which shard was wanted.
//!
//! Help: `cargo course hint 02.4`. Judge it: `cargo course check 02.4`.

use dataset::deal::GroupAt;

/// The groups that rank `rank` of `world` reads in one epoch, in order. `files` says how many groups each file has.
pub fn dealt(files: &[u32], rank: usize, world: usize) -> Vec<GroupAt> {
    let _ = (files, rank, world); // delete this line
    todo!("exercise 02.4")
}

/// The shards for training, in the order of their names, and the one for validation.
///
/// # Errors
/// The validation shard is not there, or no other is. The error names it.
pub fn two_sides(names: &[String], validation: &str) -> Result<(Vec<String>, String), String> {
    let _ = (names, validation); // delete this line
    todo!("exercise 02.4")
}

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
//! ## Hint 1
//!
//! First make the list of all groups of all files, in order; `flat_map` over the files, with `enumerate` for their
//! numbers.
//!
//! ## Hint 2
//!
//! `skip(rank)` and then `step_by(world)`: that is all the dealing there is.
//!
//! ## Hint 3
//!
//! `partition` divides the names into those equal to `validation` and the others. Sort the others: a folder lists its
//! files in any order, and every rank has to count through the same one. Two errors, each with the name in it.
//!
//! ## Notes
//!
//! With files of 17 groups and eight ranks, counting anew gives rank 0 three groups of each, 17.6 % of the corpus instead
//! of 12.5 % (arithmetic). With files of one group it gives rank 0 everything.
//!
//! If a validation shard is ever trained on, its loss goes on falling nicely. That is what makes this bug expensive: the
//! curve that should show it is the one that it spoils.

use dataset::deal::GroupAt;

/// The groups that rank `rank` of `world` reads in one epoch, in order. `files` says how many groups each file has.
pub fn dealt(files: &[u32], rank: usize, world: usize) -> Vec<GroupAt> {
    let groups_of = |(file, &count): (usize, &u32)| {
        (0..count).map(move |group| GroupAt {
            file: file as u32,
            group,
        })
    };
    let all = files.iter().enumerate().flat_map(groups_of);
    all.skip(rank).step_by(world).collect()
}

/// The shards for training, in the order of their names, and the one for validation.
///
/// # Errors
/// The validation shard is not there, or no other is. The error names it.
pub fn two_sides(names: &[String], validation: &str) -> Result<(Vec<String>, String), String> {
    let (held_out, mut training): (Vec<String>, Vec<String>) =
        names.iter().cloned().partition(|name| name == validation);
    let Some(held_out) = held_out.into_iter().next() else {
        return Err(format!(
            "the validation shard {validation} is not there; fetch it before training"
        ));
    };
    if training.is_empty() {
        return Err(format!(
            "there is no shard but {validation}, which is for validation; fetch some for training"
        ));
    }
    training.sort();
    Ok((training, held_out))
}

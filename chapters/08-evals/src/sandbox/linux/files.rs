// ANCHOR: files
//! Landlock: a process gives up, for itself and its children and for ever, the files that it does not need. It asks
//! nobody's permission for that, so it works in containers where namespaces do not.

use landlock::{
    ABI, Access, AccessFs, AccessNet, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetStatus, Scope,
};
use std::path::{Path, PathBuf};

/// The newest rules that this file was written for. An older kernel enforces those that it knows: files since 5.13,
/// TCP ports since 6.7, signals and abstract sockets since 6.12.
const NEWEST: ABI = ABI::V6;

/// From now on: `reads` may be read and executed, `work` may be filled and emptied but not executed from, and nothing
/// else may be opened, made, moved or removed; no TCP port bound or connected to; no process outside signalled.
pub(super) fn restrict(reads: &[PathBuf], work: Option<&Path>) -> Result<(), String> {
    rules(reads, work)
        .map_err(|error| error.to_string())
        .and_then(|status| match status {
            RulesetStatus::NotEnforced => {
                Err("the kernel has no Landlock, or it is not in its `lsm=` list".to_owned())
            }
            RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced => Ok(()),
        })
}

fn rules(reads: &[PathBuf], work: Option<&Path>) -> Result<RulesetStatus, landlock::RulesetError> {
    // What is *handled* is forbidden unless a rule allows it.
    let mut rules = Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()?;
    for path in reads {
        // A path that cannot be opened needs no rule.
        if let Ok(opened) = PathFd::new(path) {
            let mut access = AccessFs::from_read(NEWEST);
            if !path.is_dir() {
                access &= AccessFs::from_file(NEWEST);
            }
            rules = rules.add_rule(PathBeneath::new(opened, access))?;
        }
    }
    if let Some(opened) = work.and_then(|work| PathFd::new(work).ok()) {
        let access = AccessFs::ReadFile
            | AccessFs::ReadDir
            | AccessFs::WriteFile
            | AccessFs::Truncate
            | AccessFs::MakeReg
            | AccessFs::MakeDir
            | AccessFs::MakeSym
            | AccessFs::RemoveFile
            | AccessFs::RemoveDir
            | AccessFs::Refer;
        rules = rules.add_rule(PathBeneath::new(opened, access))?;
    }
    Ok(rules.restrict_self()?.ruleset)
}
// ANCHOR_END: files

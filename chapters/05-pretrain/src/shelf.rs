// ANCHOR: head
//! Which checkpoints there are, which are kept, and which of them a run goes on from.
//!
//! `base` is the newest one and a model folder like any other. Older ones stand beside it with their step in the name,
//! `base.step-000120`; `base.new` is being written, `base.old` being removed. The rule for going on is one sentence:
//! *the newest whole one wins*, and what is whole, the manifest says.

use crate::Error;
use crate::disk::Disk;
use crate::manifest::Manifest;
use std::path::{Path, PathBuf};
// ANCHOR_END: head

// ANCHOR: keep
/// How many checkpoints stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keep {
    /// The newest ones, 1 at least. With 2 there is one to fall back to when a disk has damaged the other.
    pub last: usize,
    /// And the one with the fewest bits per byte, if it is another one.
    pub best: bool,
}

impl Default for Keep {
    fn default() -> Self {
        Keep {
            last: 2,
            best: true,
        }
    }
}

// ANCHOR_END: keep

// ANCHOR: beside
/// `base` → `base.new`: on the same disk, so that the rename is one step.
pub fn sibling(folder: &Path, suffix: &str) -> PathBuf {
    let mut name = folder.as_os_str().to_os_string();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

/// The older checkpoints beside `folder`, by their suffixes, the newest first.
fn older(disk: &dyn Disk, folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let beside = parent(folder);
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let prefix = format!("{name}.step-");
    let names = disk.names(&beside).map_err(|e| Error::file(&beside, e))?;
    let mut found: Vec<(u64, PathBuf)> = names
        .iter()
        .filter_map(|name| Some((name.strip_prefix(&prefix)?.parse().ok()?, beside.join(name))))
        .collect();
    found.sort_by_key(|(step, _)| std::cmp::Reverse(*step));
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

fn is_there(disk: &dyn Disk, folder: &Path) -> Result<bool, Error> {
    let beside = parent(folder);
    let names = disk.names(&beside).map_err(|e| Error::file(&beside, e))?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    Ok(names.iter().any(|known| *known == name))
}

fn parent(folder: &Path) -> PathBuf {
    match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

/// Removes a folder, if it is there.
pub(crate) fn remove(disk: &dyn Disk, folder: &Path) -> Result<(), Error> {
    if is_there(disk, folder)? {
        disk.remove_folder(folder)
            .map_err(|e| Error::file(folder, e))?;
    }
    Ok(())
}

/// Removes a checkpoint, if it is there: by way of `base.old`, so that no folder with a checkpoint's name is ever half of
/// one.
fn discard(disk: &dyn Disk, folder: &Path, checkpoint: &Path) -> Result<(), Error> {
    let old = sibling(folder, "old");
    if is_there(disk, checkpoint)? {
        remove(disk, &old)?;
        rename(disk, checkpoint, &old)?;
    }
    remove(disk, &old)
}

fn rename(disk: &dyn Disk, from: &Path, to: &Path) -> Result<(), Error> {
    disk.rename(from, to).map_err(|e| Error::file(from, e))
}
// ANCHOR_END: beside

// ANCHOR: publish
/// Puts the finished `base.new` in the place of `base`, which steps aside, and removes what need not be kept.
pub(crate) fn publish(disk: &dyn Disk, folder: &Path, keep: &Keep) -> Result<(), Error> {
    let read = |path: &Path| Manifest::read(disk, path).ok().flatten();
    if is_there(disk, folder)? {
        match read(folder) {
            Some(Manifest { step, .. }) => {
                let aside = sibling(folder, &format!("step-{step:06}"));
                discard(disk, folder, &aside)?;
                rename(disk, folder, &aside)?;
            }
            // One that cannot say its step is of no use to anybody.
            None => discard(disk, folder, folder)?,
        }
    }
    rename(disk, &sibling(folder, "new"), folder)?;
    let beside = parent(folder);
    disk.sync(&beside).map_err(|e| Error::file(&beside, e))?;

    let Some(newest) = Manifest::read(disk, folder)? else {
        return Ok(());
    };
    let found: Vec<(PathBuf, Manifest)> = older(disk, folder)?
        .into_iter()
        .filter_map(|path| read(&path).map(|manifest| (path, manifest)))
        .collect();
    let scores = found.iter().map(|(_, it)| it).chain([&newest]);
    let best = scores
        .filter_map(|it| it.bits_per_byte)
        .min_by(f64::total_cmp);
    // What is not older than the newest was made before a run went back, or is the same step without its evaluation.
    let earlier: Vec<&(PathBuf, Manifest)> = found
        .iter()
        .filter(|(_, it)| it.step < newest.step)
        .collect();
    let is_best = |it: &Manifest| it.bits_per_byte.is_some() && it.bits_per_byte == best;
    let last = earlier.iter().take(keep.last.max(1) - 1);
    let mut kept: Vec<&PathBuf> = last.map(|(path, _)| path).collect();
    if keep.best && !is_best(&newest) {
        let best = earlier.iter().find(|(_, it)| is_best(it));
        kept.extend(best.map(|(path, _)| path));
    }
    for path in older(disk, folder)? {
        if !kept.contains(&&path) {
            discard(disk, folder, &path)?;
        }
    }
    Ok(())
}
// ANCHOR_END: publish

// ANCHOR: recover
/// Puts the newest whole checkpoint in its place and clears what a program that died has left. Returns what the user
/// should hear about. Call before asking whether a checkpoint exists.
///
/// # Errors
/// Checkpoints are there and none is whole. To begin anew then would throw away what may still be saved.
pub fn recover(disk: &dyn Disk, folder: &Path) -> Result<Vec<String>, Error> {
    let new = sibling(folder, "new");
    remove(disk, &sibling(folder, "old"))?;
    let mut found = Vec::new(); // (step, order among equals, path)
    let mut damage: Vec<Error> = Vec::new();
    let mut candidates = vec![(2, new.clone()), (1, folder.to_path_buf())];
    candidates.extend(older(disk, folder)?.into_iter().map(|path| (0, path)));
    for (order, path) in candidates {
        match Manifest::read(disk, &path) {
            Ok(Some(manifest)) => found.push((manifest.step, order, path, manifest)),
            // A new one without a manifest was not finished. Any other folder had one.
            Ok(None) if order < 2 && is_there(disk, &path)? => damage.push(Error::Damaged {
                path: path.join(crate::manifest::MANIFEST),
                what: "the file is missing".to_string(),
            }),
            Ok(None) => {}
            Err(error) if order < 2 => damage.push(error),
            Err(_) => {}
        }
    }
    found.sort_by_key(|(step, order, ..)| std::cmp::Reverse((*step, *order)));
    let mut chosen = None;
    for (step, order, path, manifest) in found {
        match manifest.verify(disk, &path) {
            Ok(()) => {
                chosen = Some((step, path));
                break;
            }
            Err(error) if order < 2 => damage.push(error),
            Err(_) => {}
        }
    }
    let Some((step, path)) = chosen else {
        remove(disk, &new)?;
        return match damage.is_empty() {
            true => Ok(Vec::new()),
            false => Err(Error::NothingWhole {
                path: folder.to_path_buf(),
                damage: damage.iter().map(ToString::to_string).collect(),
            }),
        };
    };
    let mut said: Vec<String> = damage.iter().map(ToString::to_string).collect();
    if path != folder {
        if is_there(disk, folder)? {
            let aside = match Manifest::read(disk, folder) {
                // Whole, and older than the one that was being put in its place.
                Ok(Some(older)) if path == new => {
                    sibling(folder, &format!("step-{:06}", older.step))
                }
                _ => sibling(folder, "damaged"),
            };
            discard(disk, folder, &aside)?;
            rename(disk, folder, &aside)?;
        }
        rename(disk, &path, folder)?;
        if path != new {
            said.push(format!(
                "going on from the checkpoint of step {step}, {}",
                path.display()
            ));
        }
    }
    remove(disk, &new)?;
    let beside = parent(folder);
    disk.sync(&beside).map_err(|e| Error::file(&beside, e))?;
    Ok(said)
}
// ANCHOR_END: recover

//! One wheel, from the package index into the cache.
//!
//! pip is the client that knows the user's index and mirrors, so it is asked. As soon as it names the address of the
//! wheel it is stopped, and [`transfer`] fetches from there: pip begins every download at the first byte, and half a
//! gigabyte is worth going on with. Where that does not work (the address wants a password, or the index is a folder)
//! pip does the transfer too. Only a file with the pinned SHA-256 gets its final name in the cache: a file there is
//! whole, and the next run takes it without asking the network.

use crate::Error;
use crate::cleanup::Cleanup;
use crate::pip::{self, Until};
use crate::platform::Wheel;
use crate::progress::Progress;
use crate::surroundings::{Surroundings, size};
use crate::transfer::{self, Ended};
use crate::wheel::sha256;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

// ANCHOR: cached
/// Where a wheel lies, or will lie, in the cache.
pub fn cached_path(surroundings: &Surroundings, wheel: &Wheel) -> PathBuf {
    surroundings.cache.join("wheels").join(&wheel.file)
}

/// Whether the cache has the wheel, whole: its size is looked at first because hashing half a gigabyte takes a
/// second or two. A file of the wrong size or contents counts as absent and is overwritten.
pub fn is_cached(surroundings: &Surroundings, wheel: &Wheel) -> bool {
    let path = cached_path(surroundings, wheel);
    fs::metadata(&path).is_ok_and(|data| data.len() == wheel.bytes)
        && sha256(&path).is_ok_and(|hash| hash == wheel.sha256)
}

/// Where the beginning of a wheel waits for its rest.
pub fn part_path(surroundings: &Surroundings, wheel: &Wheel) -> PathBuf {
    let name = format!("{}.part", wheel.file);
    surroundings.cache.join("wheels").join(name)
}

/// Bytes of a wheel that an interrupted download has left.
pub fn part_bytes(surroundings: &Surroundings, wheel: &Wheel) -> u64 {
    fs::metadata(part_path(surroundings, wheel)).map_or(0, |data| data.len())
}
// ANCHOR_END: cached

// ANCHOR: fetch
/// Downloads a wheel into the cache and checks it against its pin.
///
/// # Errors
/// [`Error::Network`], [`Error::NotOnIndex`], [`Error::DiskFull`] or [`Error::Pip`] by what pip said, and
/// [`Error::Checksum`] when the index has another file under this name. Of a cut transfer the part stays, and nothing
/// else does.
pub fn fetch(
    surroundings: &Surroundings,
    wheel: &Wheel,
    cleanup: &Cleanup,
) -> Result<PathBuf, Error> {
    let target = cached_path(surroundings, wheel);
    let folder = surroundings
        .cache
        .join("wheels")
        .join(format!(".part-{}", std::process::id()));
    let _part = cleanup.folder(&folder);
    fs::create_dir_all(&folder).map_err(|e| Error::file(&folder, e))?;

    let there = part_bytes(surroundings, wheel);
    if there > 0 {
        let (there, all) = (size(there), size(wheel.bytes));
        eprintln!(
            "{there} of {all} of {} are there; going on",
            wheel.requirement
        );
    }
    let mut progress = Progress::bytes(&format!("downloading {}", wheel.requirement), wheel.bytes);
    let fetched = transferred(surroundings, wheel, &folder, &mut progress);
    match &fetched {
        Ok(_) => progress.finish(),
        Err(_) => progress.abandon(),
    }
    // Whoever waits for this lock shall find the wheel under its final name.
    let (fetched, _lock) = fetched?;
    if fetched == target {
        return Ok(target);
    }
    let found = sha256(&fetched)?;
    if found != wheel.sha256 {
        fs::remove_file(&fetched).map_err(|e| Error::file(&fetched, e))?;
        return Err(Error::Checksum {
            path: target,
            found,
            expected: wheel.sha256.clone(),
        });
    }
    fs::rename(&fetched, &target).map_err(|e| Error::file(&target, e))?;
    // What is left of an earlier attempt when pip did the transfer after all.
    let _ = fs::remove_file(part_path(surroundings, wheel));
    Ok(target)
}

/// The path of the transferred file, whose contents nobody has looked at yet: the part, pip's file in `folder`, or
/// the wheel itself when another setup has fetched it meanwhile. With it comes the lock on the part.
fn transferred(
    surroundings: &Surroundings,
    wheel: &Wheel,
    folder: &Path,
    progress: &mut Progress,
) -> Result<(PathBuf, Option<File>), Error> {
    let part = part_path(surroundings, wheel);
    let file = loop {
        match transfer::open(&part)? {
            Some(file) => break file,
            None if is_cached(surroundings, wheel) => {
                return Ok((cached_path(surroundings, wheel), None));
            }
            None => {}
        }
    };
    let fetched = by_address_or_by_pip(surroundings, wheel, folder, (&part, &file), progress);
    if part_bytes(surroundings, wheel) == 0 {
        let _ = fs::remove_file(&part);
    }
    fetched.map(|path| (path, Some(file)))
}

fn by_address_or_by_pip(
    surroundings: &Surroundings,
    wheel: &Wheel,
    folder: &Path,
    (part, file): (&Path, &File),
    progress: &mut Progress,
) -> Result<PathBuf, Error> {
    // An earlier run may have been stopped between the last byte and the new name.
    if part_bytes(surroundings, wheel) >= wheel.bytes {
        return Ok(part.to_path_buf());
    }
    if let Some(address) = pip::run(surroundings, wheel, folder, Until::Address, progress)? {
        let ended = transfer::transfer(surroundings, wheel, &address, (part, file), progress)?;
        match ended {
            Ended::Full => return Ok(part.to_path_buf()),
            Ended::Refused(why) => {
                eprintln!("no direct download ({why}): pip fetches the whole file");
                pip::run(surroundings, wheel, folder, Until::End, progress)?;
            }
        }
    }
    let fetched = folder.join(&wheel.file);
    if !fetched.is_file() {
        return Err(Error::NotOnIndex {
            wanted: wheel.file.clone(),
        });
    }
    Ok(fetched)
}
// ANCHOR_END: fetch

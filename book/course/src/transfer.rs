//! The bytes of a wheel, from an address into a file that outlives the process.
//!
//! A *part* is the beginning of a wheel: `NAME.whl.part` in the cache. It stays when the transfer is cut, by the
//! network or by Ctrl-C, and the next transfer asks the server for the rest alone (a *range* of bytes). Only the hash
//! of the finished part decides whether it is the wheel.

use crate::Error;
use crate::platform::Wheel;
use crate::progress::Progress;
use crate::surroundings::{Surroundings, size};
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

/// The client: Python's own, which needs nothing that pip does not need.
const CLIENT: &str = include_str!("transfer.py");

/// So many attempts in a row may end without a byte more than before.
const PATIENCE: u32 = 3;

// ANCHOR: open
/// Opens a part at its end and locks it against another setup with the same cache. `None`: another setup had it and is
/// ready now; the part may be gone.
pub fn open(part: &Path) -> Result<Option<File>, Error> {
    let file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(part)
        .map_err(|e| Error::file(part, e))?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => {
            eprintln!(
                "another setup is downloading {}: waiting for it",
                part.display()
            );
            file.lock().map_err(|e| Error::file(part, e))?;
            Ok(None)
        }
        // Some network disks know no locks; there, as on most machines, one setup at a time is the rule.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(is_at(&file, part).then_some(file)),
    }
}

/// Whether a file still has this name: the other setup may have given it its final one before we locked it.
fn is_at(file: &File, path: &Path) -> bool {
    let number = |data: Metadata| (data.dev(), data.ino());
    match (file.metadata(), fs::metadata(path)) {
        (Ok(file), Ok(named)) => number(file) == number(named),
        _ => false,
    }
}
// ANCHOR_END: open

// ANCHOR: ended
/// How a transfer that is no error ended.
#[derive(Debug, PartialEq)]
pub enum Ended {
    /// As many bytes as the wheel has are there, or more.
    Full,
    /// The server gave nothing at all, for this reason.
    Refused(String),
}
// ANCHOR_END: ended

// ANCHOR: transfer
/// Fetches what is missing of a part, again and again while that brings it forward.
///
/// # Errors
/// [`Error::Network`] when the connection is cut for good, [`Error::DiskFull`]. The part stays in both cases.
pub fn transfer(
    surroundings: &Surroundings,
    wheel: &Wheel,
    address: &str,
    (part, file): (&Path, &File),
    progress: &mut Progress,
) -> Result<Ended, Error> {
    let length = || {
        file.metadata()
            .map(|data| data.len())
            .map_err(|e| Error::file(part, e))
    };
    let mut furthest = length()?;
    let (mut moved, mut idle) = (false, 0);
    while length()? < wheel.bytes {
        let (status, said) = attempt(surroundings, wheel, address, (part, file), progress)?;
        if status == Some(28) {
            return Err(Error::DiskFull {
                folder: part.parent().unwrap_or(part).to_path_buf(),
                free: "nothing".into(),
                needed: size(wheel.bytes.saturating_sub(length()?)),
            });
        }
        let reached = length()?;
        if reached > furthest {
            (furthest, moved, idle) = (reached, true, 0);
            continue;
        }
        idle += 1;
        if idle == PATIENCE {
            return match moved {
                true => Err(Error::Network {
                    said: format!(
                        "cut after {} of {} of {}: {said}",
                        size(reached),
                        size(wheel.bytes),
                        wheel.requirement
                    ),
                }),
                false => Ok(Ended::Refused(said)),
            };
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    Ok(Ended::Full)
}

/// One request. The client's standard output is the locked file itself, so the lock holds as long as anybody writes.
fn attempt(
    surroundings: &Surroundings,
    wheel: &Wheel,
    address: &str,
    (part, file): (&Path, &File),
    progress: &mut Progress,
) -> Result<(Option<i32>, String), Error> {
    let failed = |e| Error::file(part, e);
    let mut child = surroundings
        .command("python3")
        .args(["-c", CLIENT, address, &wheel.bytes.to_string()])
        .stdout(file.try_clone().map_err(failed)?)
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let status = loop {
        if let Some(status) = child.try_wait().map_err(failed)? {
            break status;
        }
        progress.at(file.metadata().map_or(0, |data| data.len()));
        std::thread::sleep(Duration::from_millis(100));
    };
    // The client says one line at most, which a pipe holds.
    let mut said = String::new();
    let mut stderr = child.stderr.take().expect("stderr is piped");
    let _ = stderr.read_to_string(&mut said);
    let said = match said.trim().lines().last() {
        Some(line) => line.to_string(),
        None => "the connection was closed".to_string(),
    };
    Ok((status.code(), said))
}
// ANCHOR_END: transfer

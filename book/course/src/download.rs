//! One wheel, from the package index into the cache.
//!
//! pip is the client that knows the user's index and mirrors, so it is asked. As soon as it names the address of the
//! wheel it is stopped, and [`transfer`] fetches from there: pip begins every download at the first byte, and half a
//! gigabyte is worth going on with. Where that does not work (the address wants a password, or the index is a folder)
//! pip does the transfer too. Only a file with the pinned SHA-256 gets its final name in the cache: a file there is
//! whole, and the next run takes it without asking the network.

use crate::Error;
use crate::cleanup::Cleanup;
use crate::platform::Wheel;
use crate::progress::Progress;
use crate::surroundings::{Surroundings, size};
use crate::transfer::{self, Ended};
use crate::wheel::sha256;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

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

// ANCHOR: command
/// The question to pip. `--python-version 3.12` and the platform tags make the answer independent of the Python
/// that runs here: libtorch inside a wheel is the same for all of them.
pub fn pip_arguments(wheel: &Wheel, into: &Path) -> Vec<String> {
    let mut arguments: Vec<String> =
        // -vv: every version of pip then says at which address it found the file.
        "-m pip download -vv --no-deps --only-binary=:all: --python-version 3.12"
            .split(' ')
            .map(str::to_string)
            .collect();
    if wheel.is_for_one_python() {
        arguments.extend(["--implementation", "cp"].map(str::to_string));
    }
    for tag in wheel.platform_tags() {
        arguments.extend(["--platform".to_string(), tag.to_string()]);
    }
    // pip's own cache would keep a second copy of each wheel; ours is enough.
    arguments.extend(
        [
            "--no-input",
            "--no-cache-dir",
            "--disable-pip-version-check",
            "--progress-bar",
            "off",
            "-d",
        ]
        .map(str::to_string),
    );
    arguments.extend([into.display().to_string(), wheel.requirement.clone()]);
    arguments
}
// ANCHOR_END: command

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
    let fetched = fetch_by_address(surroundings, wheel, &folder, &mut progress);
    match &fetched {
        Ok(_) => progress.finish(),
        Err(_) => progress.abandon(),
    }
    let fetched = fetched?;
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

/// The path of the transferred file, whose contents nobody has looked at yet.
fn fetch_by_address(
    surroundings: &Surroundings,
    wheel: &Wheel,
    folder: &Path,
    progress: &mut Progress,
) -> Result<PathBuf, Error> {
    let part = part_path(surroundings, wheel);
    loop {
        let Some(file) = transfer::open(&part)? else {
            if is_cached(surroundings, wheel) {
                return Ok(cached_path(surroundings, wheel));
            }
            continue;
        };
        // An earlier run may have been stopped between the last byte and the new name.
        let full = part_bytes(surroundings, wheel) >= wheel.bytes;
        let asked = match full {
            true => None,
            false => watch(surroundings, wheel, folder, true, progress),
        };
        return Ok(part);
    }
}
/// The size of the largest file at or below a folder that another program is writing into.
fn largest_file(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(data) if data.is_dir() => largest_file(&entry.path()),
        Ok(data) => data.len(),
        // It was moved between the listing and this line.
        Err(_) => 0,
    };
    entries.flatten().map(size).max().unwrap_or(0)
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}
// ANCHOR_END: watch

// ANCHOR: diagnose
/// Turns pip's words into the error that has the right remedy. Order matters: without a network pip ends with "no
/// matching distribution" too.
fn diagnose(said: &str, wheel: &Wheel, folder: &Path, command: &str) -> Error {
    const NETWORK: [&str; 9] = [
        "NewConnectionError",
        "Failed to establish a new connection",
        "Temporary failure in name resolution",
        "Max retries exceeded",
        "ConnectTimeout",
        "ReadTimeout",
        "ProxyError",
        "connection broken",
        "SSLError",
    ];
    let line_with = |words: &[&str]| {
        said.lines()
            .rev()
            .find(|line| words.iter().any(|word| line.contains(word)))
            .map(cause)
    };
    if line_with(&["No space left on device", "Errno 28", "Disk quota exceeded"]).is_some() {
        return Error::DiskFull {
            folder: folder.to_path_buf(),
            free: "nothing".into(),
            needed: crate::surroundings::size(2 * wheel.bytes),
        };
    }
    if let Some(said) = line_with(&NETWORK) {
        return Error::Network { said };
    }
    if line_with(&["No matching distribution found"]).is_some() {
        return Error::NotOnIndex {
            wanted: wheel.file.clone(),
        };
    }
    let last = said
        .lines()
        .rev()
        .find(|line| line.starts_with("ERROR:"))
        .or(said.lines().rev().find(|line| !line.trim().is_empty()));
    Error::Pip {
        wanted: wheel.requirement.clone(),
        said: cause(last.unwrap_or("it said nothing")),
        command: command.to_string(),
    }
}

/// What stands at the end of one of pip's long lines, without object addresses and web addresses.
fn cause(line: &str) -> String {
    let line = line
        .trim()
        .trim_start_matches("ERROR:")
        .trim_start_matches("WARNING:")
        .trim();
    let end = line
        .rsplit("object at 0x")
        .next()
        .and_then(|end| end.split_once('>'))
        .map(|(_, end)| end);
    let end = end
        .unwrap_or(line)
        .trim_start_matches([':', ' '])
        .split("')':")
        .next()
        .unwrap_or(line);
    end.trim_end_matches(['\'', ')']).trim().to_string()
}
// ANCHOR_END: diagnose

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Pins;

    fn torch() -> Wheel {
        Pins::shipped().wheels("linux-x86_64").unwrap().wheels[0].clone()
    }

    #[test]
    fn pip_is_asked_for_exactly_the_tags_of_the_pinned_file() {
        let pins = Pins::shipped();
        let wheels = &pins.wheels("linux-x86_64").unwrap().wheels;
        let torch = pip_arguments(&wheels[0], Path::new("/c")).join(" ");
        assert!(
            torch.contains("--implementation cp --platform manylinux_2_28_x86_64 "),
            "{torch}"
        );
        assert!(torch.ends_with("-d /c torch==2.11.0"), "{torch}");
        let runtime = wheels
            .iter()
            .find(|wheel| wheel.requirement.contains("runtime"))
            .unwrap();
        let runtime = pip_arguments(runtime, Path::new("/c")).join(" ");
        assert!(
            runtime.contains("--platform manylinux2014_x86_64 --platform manylinux_2_17_x86_64 "),
            "{runtime}"
        );
        // With it, pip does not find wheels that are for every Python.
        assert!(!runtime.contains("--implementation"), "{runtime}");
    }

    #[test]
    fn what_pip_says_without_a_network_becomes_one_line_about_the_network() {
        let said = "WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by 'NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object at 0x7f00>: \
                    Failed to establish a new connection: [Errno -3] Temporary failure in name resolution')': /simple/torch/\n\
                    ERROR: Could not find a version that satisfies the requirement torch==2.11.0 (from versions: none)\n\
                    ERROR: No matching distribution found for torch==2.11.0\n";
        let error = diagnose(said, &torch(), Path::new("/c"), "pip");
        assert!(matches!(error, Error::Network { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains("(Failed to establish a new connection: [Errno -3] Temporary failure in name resolution)"), "{text}");
        assert!(!text.contains('\n'));
    }

    #[test]
    fn a_full_disk_and_a_poor_index_have_remedies_of_their_own() {
        let full = diagnose(
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n",
            &torch(),
            Path::new("/c"),
            "pip",
        );
        assert!(matches!(full, Error::DiskFull { .. }), "{full}");
        let poor = diagnose(
            "ERROR: No matching distribution found for torch==2.11.0\n",
            &torch(),
            Path::new("/c"),
            "pip",
        );
        assert!(matches!(poor, Error::NotOnIndex { .. }), "{poor}");
        let other = diagnose(
            "Traceback\nERROR: something new\n",
            &torch(),
            Path::new("/c"),
            "python3 -m pip download",
        );
        assert!(other.to_string().contains("(something new)"), "{other}");
    }
}

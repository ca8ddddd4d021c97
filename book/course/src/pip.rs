//! pip, asked for one wheel: for its address, or for the file itself.
//!
//! pip knows the user's index, mirrors, proxies and certificates, and says in words what it found or what went wrong.
//! Here its words become an address or an [`Error`] with a remedy.

use crate::Error;
use crate::platform::Wheel;
use crate::progress::Progress;
use crate::surroundings::{Surroundings, size};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

// ANCHOR: command
/// The question to pip. `--python-version 3.12` and the platform tags make the answer independent of the Python
/// that runs here: libtorch inside a wheel is the same for all of them.
pub fn arguments(wheel: &Wheel, into: &Path) -> Vec<String> {
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

// ANCHOR: watch
/// How long pip may run.
#[derive(Clone, Copy, PartialEq)]
pub enum Until {
    /// Until it names an address on the web; to its end if it never does.
    Address,
    End,
}

/// Downloads a wheel into `folder`, or finds its address.
///
/// # Errors
/// [`Error::Network`], [`Error::NotOnIndex`], [`Error::DiskFull`] or [`Error::Pip`] by what pip said.
pub fn run(
    surroundings: &Surroundings,
    wheel: &Wheel,
    folder: &Path,
    until: Until,
    progress: &mut Progress,
) -> Result<Option<String>, Error> {
    let mut command = surroundings.command("python3");
    // pip writes the growing file below TMPDIR: on the cache's disk rather than in a small /tmp, and where the bar
    // can see it.
    command
        .args(arguments(wheel, folder))
        .env("TMPDIR", folder)
        .env("PIP_REQUIRE_VIRTUALENV", "false");
    watch(&mut command, wheel, folder, until, progress)
}

/// Runs pip and draws the bar from the size of the file that grows below `folder`. All versions of pip write such
/// a file; a bar that can be read by another program exists only in the newer ones. Returns the address where pip
/// was stopped.
fn watch(
    command: &mut Command,
    wheel: &Wheel,
    folder: &Path,
    until: Until,
    progress: &mut Progress,
) -> Result<Option<String>, Error> {
    let shown = shown(command);
    let failed = |said: String| Error::Pip {
        wanted: wheel.requirement.clone(),
        said,
        command: shown.clone(),
    };
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| failed(e.to_string()))?;
    let mut stderr = child.stderr.take().expect("stderr is piped");
    let listener = std::thread::spawn(move || {
        let mut text = Vec::new();
        let _ = stderr.read_to_end(&mut text);
        String::from_utf8_lossy(&text).into_owned()
    });
    let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
    let (found, addresses) = mpsc::channel();
    let name = wheel.file.clone();
    std::thread::spawn(move || {
        for line in stdout.split(b'\n').map_while(Result::ok) {
            if let Some(address) = address(&String::from_utf8_lossy(&line), &name) {
                let _ = found.send(address);
            }
        }
    });
    let status = loop {
        if let Some(status) = child.try_wait().map_err(|e| failed(e.to_string()))? {
            break status;
        }
        if let (Until::Address, Ok(address)) = (until, addresses.try_recv()) {
            let _ = child.kill();
            let _ = child.wait();
            return Ok(Some(address));
        }
        progress.at(largest_file(folder));
        std::thread::sleep(Duration::from_millis(50));
    };
    let said = listener.join().unwrap_or_default();
    if !status.success() {
        return Err(diagnose(&said, wheel, folder, &shown));
    }
    Ok(None)
}

/// The address in `Found link https://…/torch-2.11.0-….whl#sha256=… (from …), version: 2.11.0`. pip writes stars for
/// a password: such an address is of no use without pip.
fn address(line: &str, file: &str) -> Option<String> {
    let link = line
        .split_once("Found link ")?
        .1
        .split_whitespace()
        .next()?;
    let address = link.split('#').next().unwrap_or(link);
    // `+` is the one character of a wheel's name that addresses write in another way.
    let is_this = address.ends_with(&format!("/{file}"))
        || address.ends_with(&format!("/{}", file.replace('+', "%2B")));
    (address.starts_with("http") && is_this && !address.contains("****@"))
        .then(|| address.to_string())
}

/// The size of the largest file at or below a folder that another program is writing into.
fn largest_file(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    let bytes = |entry: fs::DirEntry| match entry.metadata() {
        Ok(data) if data.is_dir() => largest_file(&entry.path()),
        Ok(data) => data.len(),
        // It was moved between the listing and this line.
        Err(_) => 0,
    };
    entries.flatten().map(bytes).max().unwrap_or(0)
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
            needed: size(2 * wheel.bytes),
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
        let torch = arguments(&wheels[0], Path::new("/c")).join(" ");
        assert!(
            torch.contains("--implementation cp --platform manylinux_2_28_x86_64 "),
            "{torch}"
        );
        assert!(torch.ends_with("-d /c torch==2.11.0"), "{torch}");
        let runtime = wheels
            .iter()
            .find(|wheel| wheel.requirement.contains("runtime"))
            .unwrap();
        let runtime = arguments(runtime, Path::new("/c")).join(" ");
        assert!(
            runtime.contains("--platform manylinux2014_x86_64 --platform manylinux_2_17_x86_64 "),
            "{runtime}"
        );
        // With it, pip does not find wheels that are for every Python.
        assert!(!runtime.contains("--implementation"), "{runtime}");
    }

    #[test]
    fn the_address_is_read_from_what_pip_says() {
        let file = "torch-2.11.0-cp312-cp312-manylinux_2_28_x86_64.whl";
        let line = |address: &str| {
            format!("  Found link {address} (from http://index/torch/), version: 2.11.0")
        };
        let plain = format!("http://files/1a/{file}");
        assert_eq!(address(&line(&plain), file), Some(plain.clone()));
        assert_eq!(
            address(&line(&format!("{plain}#sha256=0f68")), file),
            Some(plain)
        );
        for other in [
            format!("file:///wheels/{file}"),
            format!("http://me:****@files/{file}"),
            "http://files/torch-2.10.0.whl".to_string(),
        ] {
            assert_eq!(address(&line(&other), file), None);
        }
        assert_eq!(address("Collecting torch==2.11.0", file), None);
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

//! What the tool takes from the machine around it: read once in `main`, handed to every function that needs it,
//! and made by hand in the tests.

use crate::Project;
use crate::platform::{Packages, this_platform};
use std::ffi::{CString, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

// ANCHOR: surroundings
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// `linux-x86_64` and the like.
    pub platform: String,
    pub packages: Packages,
    /// Where programs (python3, c++, nvidia-smi) are looked for.
    pub path: OsString,
    /// The C++ compiler that the `cc` crate will take too: CXX, or `c++`.
    pub cxx: OsString,
    /// Downloads live here: NANOCRAB_HOME, or the user's cache folder.
    pub cache: PathBuf,
    /// A LIBTORCH that the user set, not the one that `.cargo/config.toml` sets.
    pub own_libtorch: Option<PathBuf>,
    /// What shows that an NVIDIA GPU is here.
    pub gpu: Option<String>,
    /// Bytes that this user may still write below a folder.
    pub free_bytes: fn(&Path) -> io::Result<u64>,
}

impl Surroundings {
    /// Reads the environment of this process.
    pub fn read(project: &Project) -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        Surroundings {
            platform: this_platform(),
            packages: Packages::of_this_machine(),
            cxx: std::env::var_os("CXX")
                .filter(|cxx| !cxx.is_empty())
                .unwrap_or_else(|| "c++".into()),
            cache: cache_folder(),
            own_libtorch: own_libtorch(project, std::env::var_os("LIBTORCH")),
            gpu: find_gpu(&path),
            free_bytes,
            path,
        }
    }

    /// A command that is found on [`Self::path`].
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("PATH", &self.path).stdin(Stdio::null());
        command
    }
}
// ANCHOR_END: surroundings

// ANCHOR: cache
/// NANOCRAB_HOME, or `~/.cache/nanocrab` (Linux; XDG_CACHE_HOME moves it), or `~/Library/Caches/nanocrab` (macOS).
fn cache_folder() -> PathBuf {
    let folder = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    if let Some(home) = folder("NANOCRAB_HOME") {
        return std::path::absolute(&home).unwrap_or(home);
    }
    let home = folder("HOME").unwrap_or_else(|| PathBuf::from("/tmp"));
    if cfg!(target_os = "macos") {
        return home.join("Library/Caches/nanocrab");
    }
    folder("XDG_CACHE_HOME")
        .unwrap_or_else(|| home.join(".cache"))
        .join("nanocrab")
}
// ANCHOR_END: cache

// ANCHOR: own
/// cargo itself sets LIBTORCH for every program that it starts, to the project's `.libtorch`. Only another value is
/// the user's own choice.
fn own_libtorch(project: &Project, value: Option<OsString>) -> Option<PathBuf> {
    let value = PathBuf::from(value.filter(|value| !value.is_empty())?);
    let ours = project.libtorch();
    let same_place = match (value.canonicalize(), ours.canonicalize()) {
        (Ok(value), Ok(ours)) => value == ours,
        _ => value == ours,
    };
    // A link of ours that leads to the user's folder is the same place too, and there is nothing left to do.
    (!same_place).then_some(value)
}
// ANCHOR_END: own

// ANCHOR: gpu
/// The device file of the driver, or a GPU in the list of `nvidia-smi` (inside WSL there is no device file).
fn find_gpu(path: &OsString) -> Option<String> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let listed = Command::new("nvidia-smi")
        .arg("-L")
        .env("PATH", path)
        .stdin(Stdio::null())
        .output();
    if let Some(line) = listed
        .ok()
        .filter(|output| output.status.success())
        .and_then(|output| {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            text.lines()
                .find(|line| line.starts_with("GPU "))
                .map(str::to_string)
        })
    {
        // "GPU 0: NVIDIA H100 (UUID: GPU-…)": the name is enough.
        let name = line.split(" (UUID").next().unwrap_or(&line);
        return Some(name.to_string());
    }
    Path::new("/dev/nvidia0")
        .exists()
        .then(|| "/dev/nvidia0".to_string())
}
// ANCHOR_END: gpu

// ANCHOR: disk
/// Free bytes for this user on the disk that holds `folder`, or its nearest parent that exists.
pub fn free_bytes(folder: &Path) -> io::Result<u64> {
    let there = existing_parent(folder);
    let name = CString::new(there.as_os_str().as_bytes()).map_err(io::Error::other)?;
    let mut answer = std::mem::MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: `name` ends with a zero byte and lives through the call; `answer` has room for the structure.
    if unsafe { libc::statvfs(name.as_ptr(), answer.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: statvfs returned 0, so it filled the structure.
    let answer = unsafe { answer.assume_init() };
    // The fields have different widths on Linux and macOS.
    #[allow(clippy::unnecessary_cast)]
    Ok(answer.f_bavail as u64 * answer.f_frsize as u64)
}

/// The folder itself or the closest one above it that exists.
pub fn existing_parent(folder: &Path) -> &Path {
    folder
        .ancestors()
        .find(|folder| folder.exists())
        .unwrap_or(Path::new("/"))
}

/// Bytes of memory in the machine.
pub fn memory_bytes() -> Option<u64> {
    // SAFETY: sysconf reads a number and touches no memory of ours.
    let (pages, page) = unsafe {
        (
            libc::sysconf(libc::_SC_PHYS_PAGES),
            libc::sysconf(libc::_SC_PAGESIZE),
        )
    };
    (pages > 0 && page > 0).then(|| pages as u64 * page as u64)
}

/// `1.2 GB`, `530 MB`: sizes as disks and downloads state them, in powers of ten.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        1_000_000..1_000_000_000 => format!("{} MB", (bytes as f64 / 1e6).round()),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}
// ANCHOR_END: disk

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_libtorch_that_cargo_sets_is_not_the_users_own() {
        let folder = tempfile::tempdir().unwrap();
        let project = Project {
            root: folder.path().to_path_buf(),
        };
        assert_eq!(own_libtorch(&project, None), None);
        assert_eq!(own_libtorch(&project, Some("".into())), None);
        assert_eq!(
            own_libtorch(&project, Some(project.libtorch().into())),
            None
        );
        assert_eq!(
            own_libtorch(&project, Some("/opt/libtorch".into())),
            Some(PathBuf::from("/opt/libtorch"))
        );
    }

    #[test]
    fn a_link_to_the_users_own_libtorch_is_recognised() {
        let folder = tempfile::tempdir().unwrap();
        let project = Project {
            root: folder.path().join("clone"),
        };
        let own = folder.path().join("own");
        std::fs::create_dir_all(&project.root).unwrap();
        std::fs::create_dir_all(&own).unwrap();
        std::os::unix::fs::symlink(&own, project.libtorch()).unwrap();
        assert_eq!(own_libtorch(&project, Some(own.into())), None);
    }

    #[test]
    fn free_space_is_known_also_for_a_folder_that_does_not_exist_yet() {
        let folder = tempfile::tempdir().unwrap();
        assert!(free_bytes(&folder.path().join("a/b/c")).unwrap() > 0);
        assert!(memory_bytes().unwrap() > 1_000_000);
    }

    #[test]
    fn sizes_read_as_on_a_download_page() {
        assert_eq!(size(530_712_279), "531 MB");
        assert_eq!(size(1_980_000_000), "2.0 GB");
        assert_eq!(size(1_500), "2 kB");
    }
}

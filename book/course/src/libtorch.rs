//! Looking at a libtorch folder: which version, which flavour, is it whole.
//!
//! The *stamp* is the file that setup leaves in a folder that it vouches for. It lists the libraries with their
//! sizes, so that a later run sees damage without hashing half a gigabyte.

use crate::Error;
use crate::platform::Flavour;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// The stamp's name inside the libtorch folder.
pub const STAMP: &str = "nanocrab-stamp.json";

// ANCHOR: inspect
/// What was found in a folder.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Without the suffix that names the build: `2.11.0`, not `2.11.0+cu130`.
    pub version: String,
    pub flavour: Flavour,
}

/// Reads version and flavour of a libtorch folder, whoever made it: an unpacked libtorch, the `torch` folder of a
/// Python installation, or our own.
///
/// # Errors
/// [`Error::Incomplete`] and [`Error::WrongVersion`], both ending with `remedy`.
pub fn inspect(folder: &Path, expected: &str, remedy: &str) -> Result<Found, Error> {
    let incomplete = |missing: String| Error::Incomplete {
        folder: folder.to_path_buf(),
        missing,
        remedy: remedy.to_string(),
    };
    let suffix = if cfg!(target_os = "macos") {
        "dylib"
    } else {
        "so"
    };
    let needed = [
        format!("lib/libtorch_cpu.{suffix}"),
        format!("lib/libc10.{suffix}"),
        "include/ATen/ATen.h".to_string(),
        "include/torch/csrc/api/include/torch/torch.h".to_string(),
    ];
    if let Some(missing) = needed.iter().find(|path| !folder.join(path).exists()) {
        return Err(incomplete(format!("{missing} is missing")));
    }
    let Some(version) = version(folder) else {
        return Err(incomplete(
            "neither build-version nor version.py nor version.h says which version it is".into(),
        ));
    };
    if version != expected {
        let (folder, expected, remedy) = (
            folder.to_path_buf(),
            expected.to_string(),
            remedy.to_string(),
        );
        return Err(Error::WrongVersion {
            folder,
            found: version,
            expected,
            remedy,
        });
    }
    let cuda = folder.join(format!("lib/libtorch_cuda.{suffix}")).exists();
    Ok(Found {
        version,
        flavour: if cuda { Flavour::Cuda } else { Flavour::Cpu },
    })
}

/// The version, from the first of these that says one: `build-version` (an unpacked libtorch), `version.py` (the
/// wheel), the macros of a header (both).
fn version(folder: &Path) -> Option<String> {
    let read = |name: &str| fs::read_to_string(folder.join(name)).ok();
    let build_version = read("build-version").map(|text| text.trim().to_string());
    let python = || {
        let text = read("version.py")?;
        let line = text.lines().find(|line| line.starts_with("__version__"))?;
        line.split(['\'', '"']).nth(1).map(str::to_string)
    };
    let header = || {
        let text = read("include/torch/headeronly/version.h")
            .or_else(|| read("include/torch/csrc/api/include/torch/version.h"))?;
        let part = |name: &str| {
            let start = format!("#define TORCH_VERSION_{name} ");
            text.lines()
                .find_map(|line| line.strip_prefix(&start)?.trim().parse::<u32>().ok())
        };
        Some(format!(
            "{}.{}.{}",
            part("MAJOR")?,
            part("MINOR")?,
            part("PATCH")?
        ))
    };
    let version = build_version.or_else(python).or_else(header)?;
    Some(version.split('+').next().unwrap_or(&version).to_string())
}
// ANCHOR_END: inspect

// ANCHOR: stamp
/// What setup knows about a folder that it made or took over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stamp {
    pub libtorch: String,
    pub flavour: Flavour,
    /// The wheels that it was unpacked from, each with its SHA-256. Empty for a folder that was there already.
    pub wheels: BTreeMap<String, String>,
    /// Seconds since 1970.
    pub made: u64,
    /// Bytes of each file in `lib/`.
    pub libraries: BTreeMap<String, u64>,
}

impl Stamp {
    /// Takes stock of a folder.
    pub fn of(
        folder: &Path,
        found: &Found,
        wheels: BTreeMap<String, String>,
    ) -> Result<Self, Error> {
        let made = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.as_secs());
        let Found { version, flavour } = found.clone();
        Ok(Stamp {
            libtorch: version,
            flavour,
            wheels,
            made,
            libraries: libraries(folder)?,
        })
    }

    /// The stamp of a folder; `None` where there is none, or one that cannot be read.
    pub fn read(folder: &Path) -> Option<Self> {
        serde_json::from_str(&fs::read_to_string(folder.join(STAMP)).ok()?).ok()
    }

    /// Writes the stamp, whole or not at all.
    pub fn write(&self, folder: &Path) -> Result<(), Error> {
        let (path, part) = (folder.join(STAMP), folder.join(format!("{STAMP}.part")));
        let text = serde_json::to_string_pretty(self).expect("a stamp is plain data") + "\n";
        fs::write(&part, text).map_err(|e| Error::file(&part, e))?;
        fs::rename(&part, &path).map_err(|e| Error::file(&path, e))
    }

    /// The first library that is missing or has another size than when the stamp was made.
    pub fn damage(&self, folder: &Path) -> Option<String> {
        let now = libraries(folder).unwrap_or_default();
        self.libraries
            .iter()
            .find_map(|(name, bytes)| match now.get(name) {
                None => Some(format!("lib/{name} is missing")),
                Some(found) if found != bytes => {
                    Some(format!("lib/{name} has {found} bytes instead of {bytes}"))
                }
                Some(_) => None,
            })
    }
}

fn libraries(folder: &Path) -> Result<BTreeMap<String, u64>, Error> {
    let lib = folder.join("lib");
    let mut sizes = BTreeMap::new();
    for entry in fs::read_dir(&lib).map_err(|e| Error::file(&lib, e))? {
        let entry = entry.map_err(|e| Error::file(&lib, e))?;
        let data = entry
            .metadata()
            .map_err(|e| Error::file(&entry.path(), e))?;
        if data.is_file() {
            sizes.insert(entry.file_name().to_string_lossy().into_owned(), data.len());
        }
    }
    Ok(sizes)
}
// ANCHOR_END: stamp

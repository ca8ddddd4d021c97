//! Compiled kernels on the disk.
//!
//! A program compiles what it uses, some tenth of a second for each source, and every rank and every stage would do it
//! again. So machine code is kept in `$NANOCRAB_HOME/kernels` (default: the user's cache folder), under a name that is made of
//! all that it depends on: a changed source has another name, and nothing is ever out of date.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::nvrtc::{Output, Unit};

// ANCHOR: folder
/// The folder of the cache. GPUs of NVIDIA mean Linux here, so only its conventions matter.
pub fn folder() -> Option<PathBuf> {
    let variable = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let home = variable("NANOCRAB_HOME")
        .or_else(|| variable("XDG_CACHE_HOME").map(|folder| folder.join("nanocrab")))
        .or_else(|| variable("HOME").map(|folder| folder.join(".cache/nanocrab")))?;
    Some(home.join("kernels"))
}
// ANCHOR_END: folder

// ANCHOR: name
/// `sm_90-rms_norm-0f3a….cubin`: architecture, then the hash of source, options and compiler.
pub fn file_name(unit: &Unit, compiler: &str) -> String {
    let mut hash = Sha256::new();
    let parts = [unit.source.text(), unit.options(Output::Cubin).join(" ")];
    for part in parts.iter().map(String::as_str).chain([compiler]) {
        // With its length before it, so that no two lists of parts run into the same bytes.
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    format!(
        "{}-{}-{}.cubin",
        unit.architecture,
        unit.source.name,
        hex(&hash.finalize()[..16])
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
// ANCHOR_END: name

// ANCHOR: read
const CHECKSUM: usize = 32;

/// The machine code in a file, if it is there and whole: its first 32 bytes are the SHA-256 of the rest. A file that a
/// full disk or a crash has cut short would otherwise be handed to the driver.
pub fn read(file: &Path) -> Option<Vec<u8>> {
    let mut bytes = fs::read(file).ok()?;
    if bytes.len() <= CHECKSUM {
        return None;
    }
    let code = bytes.split_off(CHECKSUM);
    (Sha256::digest(&code)[..] == bytes[..]).then_some(code)
}

/// Writes machine code under a name of its own and renames it, so that another rank sees all of it or nothing.
///
/// # Errors
/// What the system says. The caller goes on without a cache: it only costs time.
pub fn write(file: &Path, code: &[u8]) -> std::io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let part = file.with_extension(format!("part-{}", std::process::id()));
    let mut bytes = Sha256::digest(code).to_vec();
    bytes.extend_from_slice(code);
    fs::write(&part, &bytes)
        .and_then(|()| fs::rename(&part, file))
        .inspect_err(|_| {
            let _ = fs::remove_file(&part);
        })
}
// ANCHOR_END: read

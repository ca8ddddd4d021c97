// ANCHOR: head
//! `manifest.json`: how long every file of a checkpoint is, and a checksum of its bytes.
//!
//! Syncing and renaming guard against programs that die. Disks, cables and memory also change bits of files that were
//! written well, and somebody copies half a folder; a model with one wrong exponent trains on and answers nonsense.
//!
//! The checksum is CRC-32. It finds every error that touches at most 32 neighbouring bits and misses one in four thousand
//! million of the others; with the instructions of today's processors it reads faster than the disk. Against somebody who
//! changes a file on purpose it is worth nothing. That is SHA-256's business, at a tenth of the speed, and whoever can
//! change the weights can change the manifest beside them.

use crate::Error;
use crate::disk::Disk;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// The manifest's own name. It is written last: a folder without one was never finished.
pub const MANIFEST: &str = "manifest.json";
// ANCHOR_END: head

// ANCHOR: seal
/// What a file has to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    pub bytes: u64,
    /// Eight hexadecimal digits. `None`: only the length is held to, where somebody else checks the content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crc32: Option<String>,
}

impl Seal {
    pub fn of_bytes(content: &[u8]) -> Seal {
        Seal {
            bytes: content.len() as u64,
            crc32: Some(format!("{:08x}", crc32fast::hash(content))),
        }
    }

    /// Reads a whole file, a megabyte at a time.
    pub fn of_file(disk: &dyn Disk, path: &Path) -> Result<Seal, Error> {
        let mut reader = disk.open(path).map_err(|e| Error::file(path, e))?;
        let (mut hash, mut bytes) = (crc32fast::Hasher::new(), 0);
        let mut buffer = vec![0; 1 << 20];
        loop {
            let read = reader.read(&mut buffer).map_err(|e| Error::file(path, e))?;
            if read == 0 {
                break;
            }
            hash.update(&buffer[..read]);
            bytes += read as u64;
        }
        Ok(Seal {
            bytes,
            crc32: Some(format!("{:08x}", hash.finalize())),
        })
    }

    /// Whether the file is what it was when it was sealed.
    ///
    /// # Errors
    /// Names the file and says how it differs.
    pub fn check(&self, disk: &dyn Disk, path: &Path) -> Result<(), Error> {
        let damaged = |what: String| Error::Damaged {
            path: path.to_path_buf(),
            what,
        };
        let found = match Seal::of_file(disk, path) {
            Ok(found) => found,
            Err(Error::File { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                return Err(damaged("the file is missing".to_string()));
            }
            Err(error) => return Err(error),
        };
        if found.bytes != self.bytes {
            let what = format!("{} bytes instead of {}", found.bytes, self.bytes);
            return Err(damaged(what));
        }
        match (&self.crc32, &found.crc32) {
            (Some(expected), Some(found)) if expected != found => Err(damaged(format!(
                "the checksum is {found} instead of {expected}: bits have changed"
            ))),
            _ => Ok(()),
        }
    }
}
// ANCHOR_END: seal

// ANCHOR: manifest
/// All files of a checkpoint, and what is needed to choose between checkpoints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    pub step: u64,
    /// Of this very step; `None`: not evaluated.
    pub bits_per_byte: Option<f64>,
    pub files: BTreeMap<String, Seal>,
}

impl Manifest {
    /// The manifest in a folder; `None` where there is none.
    pub fn read(disk: &dyn Disk, folder: &Path) -> Result<Option<Manifest>, Error> {
        let path = folder.join(MANIFEST);
        let mut text = String::new();
        match disk
            .open(&path)
            .and_then(|mut file| file.read_to_string(&mut text))
        {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            // Not UTF-8: damaged, like what is no JSON.
            Err(error) if error.kind() != std::io::ErrorKind::InvalidData => {
                return Err(Error::file(&path, error));
            }
            _ => {}
        }
        serde_json::from_str(&text)
            .map(Some)
            .map_err(|e| Error::Damaged {
                path,
                what: format!("it cannot be read ({e})"),
            })
    }

    /// Reads every file that the manifest names.
    pub fn verify(&self, disk: &dyn Disk, folder: &Path) -> Result<(), Error> {
        self.files
            .iter()
            .try_for_each(|(name, seal)| seal.check(disk, &folder.join(name)))
    }

    /// Seals the files of a folder as they are: for whoever changes a checkpoint on purpose.
    pub fn reseal(disk: &dyn Disk, folder: &Path) -> Result<(), Error> {
        let path = folder.join(MANIFEST);
        let mut manifest = Manifest::read(disk, folder)?.ok_or_else(|| Error::Damaged {
            path: path.clone(),
            what: "the file is missing".to_string(),
        })?;
        for (name, seal) in &mut manifest.files {
            *seal = Seal::of_file(disk, &folder.join(name))?;
        }
        disk.write(&path, manifest.text().as_bytes())
            .map_err(|e| Error::file(&path, e))
    }

    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).expect("a manifest is plain data")
    }
}
// ANCHOR_END: manifest

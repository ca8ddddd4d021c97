// ANCHOR: head
//! Writing a file so that under its final name there is always a whole one: the old or the new.
//!
//! Write to a temporary file in the same folder, sync it to the disk, rename. Renaming within one folder is atomic on the
//! file systems in use; a program killed at any moment leaves at worst a stray temporary file.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use crate::error::Error;
// ANCHOR_END: head

// ANCHOR: write
pub fn write(path: &Path, content: &[u8]) -> Result<(), Error> {
    let io = |action| {
        move |source| Error::Io {
            action,
            path: path.to_path_buf(),
            source,
        }
    };
    // The process id keeps two programs that save to one place from writing into each other's file.
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    let written = File::create(&temporary)
        .and_then(|mut file| {
            file.write_all(content)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary); // the first error is the one worth reporting
    }
    written.map_err(io("write"))
}
// ANCHOR_END: write

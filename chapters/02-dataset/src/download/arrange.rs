// ANCHOR: head
//! From the cache into a data folder: links, unpacked bundles, rows as JSON lines.
//!
//! A data folder belongs to one run and names exactly what the run uses; the cache holds what any run has ever fetched. If
//! a run read the cache itself, its training text would grow with the next run's download.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::error::Error;
use crate::rows::parquet_rows;
// ANCHOR_END: head

// ANCHOR: link
/// Make `place` lead to `target`. A link that leads elsewhere is turned; anything that is no link is left alone.
pub(crate) fn link(target: &Path, place: &Path) -> Result<(), Error> {
    let folder = place.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|error| Error::disk(folder, error))?;
    let target = std::path::absolute(target).map_err(|error| Error::disk(target, error))?;
    match fs::symlink_metadata(place) {
        Ok(found) if !found.is_symlink() => {
            return Err(Error::InTheWay {
                path: place.to_owned(),
            });
        }
        Ok(_) if fs::read_link(place).is_ok_and(|there| there == target) => return Ok(()),
        Ok(_) => fs::remove_file(place).map_err(|error| Error::disk(place, error))?,
        Err(_) => (),
    }
    std::os::unix::fs::symlink(&target, place).map_err(|error| Error::disk(place, error))
}

/// Links to files in one folder, and to no others: a link that an earlier, larger order left there is taken away.
pub(crate) fn link_all(targets: &[PathBuf], folder: &Path) -> Result<(), Error> {
    let names: Vec<_> = targets.iter().filter_map(|path| path.file_name()).collect();
    if let Ok(entries) = fs::read_dir(folder) {
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            let ours = path.file_name().is_some_and(|name| names.contains(&name));
            if path.is_symlink() && !ours {
                fs::remove_file(&path).map_err(|error| Error::disk(&path, error))?;
            }
        }
    }
    for target in targets {
        let name = target.file_name().expect("a file of the cache has a name");
        link(target, &folder.join(name))?;
    }
    Ok(())
}
// ANCHOR_END: link

// ANCHOR: lines
/// Write the rows of parquet files as JSON lines, one file for all. Returns how many there are.
pub(crate) fn as_lines(files: &[PathBuf], place: &Path) -> Result<usize, Error> {
    let folder = place.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|error| Error::disk(folder, error))?;
    let temporary = place.with_extension(format!("{}.tmp", std::process::id()));
    let disk = |error| Error::disk(&temporary, error);
    let written = (|| {
        let mut out = BufWriter::new(File::create(&temporary).map_err(disk)?);
        let mut rows = 0;
        for file in files {
            parquet_rows(file, &mut |_, row| {
                rows += 1;
                writeln!(out, "{row}").map_err(|error| crate::Error::io(&temporary, error))
            })?;
        }
        let file = out.into_inner().map_err(|error| disk(error.into_error()))?;
        file.sync_all().map_err(disk)?;
        fs::rename(&temporary, place).map_err(|error| Error::disk(place, error))?;
        Ok(rows)
    })();
    if written.is_err() {
        fs::remove_file(&temporary).ok();
    }
    written
}
// ANCHOR_END: lines

// ANCHOR: unpack
/// Unpack a zip archive that holds one folder, and give that folder the name `place`.
///
/// The archive checks a CRC-32 of every file as it is unpacked. A path in it that leads out of the folder is refused.
pub(crate) fn unpack(archive: &Path, place: &Path) -> Result<(), Error> {
    let bad = |problem: String| Error::Bundle {
        path: archive.to_owned(),
        problem,
    };
    let mut name = place.as_os_str().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = PathBuf::from(name);
    let unpacked = (|| {
        let file = File::open(archive).map_err(|error| Error::disk(archive, error))?;
        let mut zip = zip::ZipArchive::new(file).map_err(|error| bad(error.to_string()))?;
        for number in 0..zip.len() {
            let mut entry = zip
                .by_index(number)
                .map_err(|error| bad(error.to_string()))?;
            let Some(inside) = entry.enclosed_name().map(Path::to_owned) else {
                return Err(bad(format!("`{}` leads out of it", entry.name())));
            };
            // Without the folder that everything stands in, and without what a Mac adds beside it.
            let mut parts = inside.components();
            parts.next();
            let path = temporary.join(parts.as_path());
            if entry.is_dir() || inside.starts_with("__MACOSX") {
                continue;
            }
            let folder = path.parent().unwrap_or(&temporary);
            fs::create_dir_all(folder).map_err(|error| Error::disk(folder, error))?;
            let mut out = File::create(&path).map_err(|error| Error::disk(&path, error))?;
            std::io::copy(&mut entry, &mut out)
                .map_err(|error| bad(format!("`{}`: {error}", inside.display())))?;
            out.sync_all().map_err(|error| Error::disk(&path, error))?;
        }
        fs::rename(&temporary, place).map_err(|error| Error::disk(place, error))
    })();
    if unpacked.is_err() {
        fs::remove_dir_all(&temporary).ok();
    }
    unpacked
}
// ANCHOR_END: unpack

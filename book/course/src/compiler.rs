//! The compiler of CUDA kernels: NVRTC, NVIDIA's compiler as a library, and the headers that kernels include.
//!
//! Chapter 06's kernels are compiled where they run, so a machine with a GPU needs it; the CUDA flavour of libtorch
//! brings it along. A machine without a GPU compiles them too, to see that they compile, and gets it as an addition of its own: it
//! is optional, and where it cannot be fetched the rest of the course stands.

use crate::download::{cached_path, fetch, is_cached};
use crate::libtorch::Stamp;
use crate::progress::Progress;
use crate::setup::Setup;
use crate::{Error, prerequisites, wheel};
use std::fs;
use std::path::{Path, PathBuf};

// ANCHOR: parts
/// What has to be there, below `.libtorch`.
const PARTS: [&str; 3] = [
    "lib/libnvrtc.so.13",
    "lib/libnvrtc-builtins.so.13.0",
    "cuda/include/cuda_bf16.h",
];

/// The first part that a libtorch folder lacks.
pub fn missing(folder: &Path) -> Option<&'static str> {
    PARTS.into_iter().find(|part| !folder.join(part).exists())
}

/// Where a file of one of the compiler's wheels goes. (`.alt` is a second build of the same library.)
pub fn place(name: &str) -> Option<PathBuf> {
    match name.split('/').collect::<Vec<_>>().as_slice() {
        ["nvidia", _, "lib", file] if file.starts_with("libnvrtc") && !file.contains(".alt.") => {
            Some(Path::new("lib").join(file))
        }
        ["nvidia", _, "include", below @ ..] => {
            Some(Path::new("cuda/include").join(below.join("/")))
        }
        _ => None,
    }
}
// ANCHOR_END: parts

// ANCHOR: add
impl Setup<'_> {
    /// Adds the compiler to the `.libtorch` that setup has made, if it is not there. Returns whether it did.
    ///
    /// # Errors
    /// Those of a download, and of a disk. `.libtorch` is then as it was.
    pub fn add_compiler(&self) -> Result<bool, Error> {
        let folder = self.project.libtorch();
        let pinned = self.pins.wheels(&self.surroundings.platform)?;
        let wheels = pinned.compiler();
        // A link leads to the user's own libtorch, and a folder without wheels was made by hand: neither is ours to add to.
        let stamp = Stamp::read(&folder).filter(|stamp| !stamp.wheels.is_empty());
        let Some(stamp) = stamp.filter(|_| !folder.is_symlink() && !wheels.is_empty()) else {
            return Ok(false);
        };
        if missing(&folder).is_none() {
            return Ok(false);
        }
        let new: Vec<_> = wheels
            .iter()
            .copied()
            .filter(|wheel| !is_cached(self.surroundings, wheel))
            .collect();
        if !new.is_empty() {
            prerequisites::pip(self.surroundings)?;
        }
        self.check_room(pinned.unpacked_compiler, &new)?;
        for wheel in &new {
            fetch(self.surroundings, wheel, self.cleanup)?;
        }

        let part = self.part("part");
        let _part = self.cleanup.folder(&part);
        let mut progress = Progress::bytes(
            "unpacking the compiler of CUDA kernels",
            pinned.unpacked_compiler,
        );
        let mut done = 0;
        for wheel in &wheels {
            let path = cached_path(self.surroundings, wheel);
            done += wheel::unpack(&path, &place, &part, &mut |bytes| progress.at(done + bytes))?;
        }
        progress.finish();
        move_into(&part, &folder)?;
        let found = crate::libtorch::inspect(&folder, &self.pins.libtorch, "")?;
        let mut sources = stamp.wheels;
        sources.extend(
            wheels
                .iter()
                .map(|wheel| (wheel.file.clone(), wheel.sha256.clone())),
        );
        Stamp::of(&folder, &found, sources)?.write(&folder)?;
        Ok(true)
    }
}

/// Renames every file below `from` to its place below `to`: each is there whole or not at all.
fn move_into(from: &Path, to: &Path) -> Result<(), Error> {
    fs::create_dir_all(to).map_err(|e| Error::file(to, e))?;
    for entry in fs::read_dir(from).map_err(|e| Error::file(from, e))? {
        let entry = entry.map_err(|e| Error::file(from, e))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            move_into(&source, &target)?;
        } else {
            fs::rename(&source, &target).map_err(|e| Error::file(&target, e))?;
        }
    }
    Ok(())
}
// ANCHOR_END: add

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_and_the_headers_are_placed_and_nothing_else() {
        let goes_to = |name: &str| place(name).map(|path| path.to_string_lossy().into_owned());
        for (name, below) in [
            ("nvidia/cu13/lib/libnvrtc.so.13", "lib/libnvrtc.so.13"),
            (
                "nvidia/cu13/lib/libnvrtc-builtins.so.13.0",
                "lib/libnvrtc-builtins.so.13.0",
            ),
            (
                "nvidia/cu13/include/cuda_bf16.h",
                "cuda/include/cuda_bf16.h",
            ),
            (
                "nvidia/cu13/include/cooperative_groups/reduce.h",
                "cuda/include/cooperative_groups/reduce.h",
            ),
        ] {
            assert_eq!(goes_to(name).as_deref(), Some(below));
        }
        for name in [
            "nvidia/cu13/lib/libnvrtc.alt.so.13",
            "nvidia/cu13/lib/libcudart.so.13",
            "nvidia_cuda_nvrtc-13.0.88.dist-info/METADATA",
        ] {
            assert_eq!(goes_to(name), None, "{name}");
        }
    }
}

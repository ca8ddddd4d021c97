//! `cargo course setup`: puts libtorch into `.libtorch`, or finds that it is there.
//!
//! The order is: what could stop us (compiler, pip, room on the disk) first, then the downloads, then one folder
//! built under a temporary name, then a rename. Until the rename nothing that was there has been touched.

use crate::cleanup::{Cleanup, remove_leftovers};
use crate::download::{cached_path, fetch, is_cached, part_bytes};
use crate::libtorch::{Found, STAMP, Stamp, inspect};
use crate::platform::{Flavour, Pins, Wheel};
use crate::progress::Progress;
use crate::surroundings::{Surroundings, existing_parent, size};
use crate::wheel::place;
use crate::{Error, Project, prerequisites, wheel};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

// ANCHOR: outcome
/// What setup did.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It was there and whole.
    Ready(Found),
    /// It was there, made by hand; it has a stamp now.
    Adopted(Found),
    /// `.libtorch` is now a link to the user's own LIBTORCH.
    Linked(Found),
    Installed(Found),
}

impl Outcome {
    pub fn found(&self) -> &Found {
        match self {
            Outcome::Ready(found)
            | Outcome::Adopted(found)
            | Outcome::Linked(found)
            | Outcome::Installed(found) => found,
        }
    }

    /// One line for the terminal.
    pub fn in_words(&self) -> String {
        let Found { version, flavour } = self.found();
        let what = match self {
            Outcome::Ready(_) => "is ready",
            Outcome::Adopted(_) => "was there already and is taken over",
            Outcome::Linked(_) => "is your own LIBTORCH, linked as .libtorch",
            Outcome::Installed(_) => "is installed in .libtorch",
        };
        format!("libtorch {version} ({flavour} flavour) {what}")
    }
}
// ANCHOR_END: outcome

// ANCHOR: setup
/// Everything that setup needs to know.
pub struct Setup<'a> {
    pub project: &'a Project,
    pub surroundings: &'a Surroundings,
    pub pins: &'a Pins,
    /// `None`: CUDA where an NVIDIA GPU is, and whatever is installed already otherwise.
    pub flavour: Option<Flavour>,
    pub cleanup: &'a Cleanup,
}

impl Setup<'_> {
    /// Brings `.libtorch` into order.
    ///
    /// # Errors
    /// One line with its remedy; nothing half-made is left behind but the part of a cut download, which the next run
    /// goes on with.
    pub fn run(&self) -> Result<Outcome, Error> {
        remove_leftovers(&self.project.root, ".libtorch.part-");
        remove_leftovers(&self.project.root, ".libtorch.old-");
        remove_leftovers(&self.surroundings.cache.join("wheels"), ".part-");
        prerequisites::compiler(self.surroundings)?;
        if let Some(own) = &self.surroundings.own_libtorch {
            return self.link(own);
        }
        let outcome = match self.existing()? {
            Some(outcome) => outcome,
            None => self.install()?,
        };
        // Optional: libtorch is there, and nothing but a look at the GPU's kernels needs more on a machine without a GPU.
        if let Err(error) = self.add_compiler() {
            eprintln!("the compiler of CUDA kernels is left out for now: {error}");
        }
        Ok(outcome)
    }

    /// The flavour that an installation would have.
    pub fn wanted(&self) -> Result<Flavour, Error> {
        let wheels = self.pins.wheels(&self.surroundings.platform)?;
        let flavour = self.flavour.unwrap_or(if self.surroundings.gpu.is_some() {
            Flavour::Cuda
        } else {
            Flavour::Cpu
        });
        match flavour {
            Flavour::Cuda if wheels.unpacked_cuda.is_none() => Err(Error::NoCudaHere {
                platform: self.surroundings.platform.clone(),
            }),
            flavour => Ok(flavour),
        }
    }
}
// ANCHOR_END: setup

// ANCHOR: link
impl Setup<'_> {
    /// Makes `.libtorch` a link to the user's own libtorch: cargo's configuration and the search path inside the
    /// programs name `.libtorch`, and so hold for it too.
    fn link(&self, own: &Path) -> Result<Outcome, Error> {
        let remedy = format!(
            "set LIBTORCH to a libtorch {}, or `unset LIBTORCH` and run `cargo course setup`",
            self.pins.libtorch
        );
        let found = inspect(own, &self.pins.libtorch, &remedy)?;
        let (link, part) = (self.project.libtorch(), self.part("part"));
        let own = own.canonicalize().map_err(|e| Error::file(own, e))?;
        if link.is_dir() && !link.is_symlink() && Stamp::read(&link).is_none() {
            // Somebody made this folder by hand, and a link would have to replace it.
            let missing = format!(
                "it has no {STAMP}, so setup did not make it and will not replace it by a link to LIBTORCH"
            );
            let remedy = "move it away, or `unset LIBTORCH`".to_string();
            return Err(Error::Incomplete {
                folder: link,
                missing,
                remedy,
            });
        }
        std::os::unix::fs::symlink(&own, &part).map_err(|e| Error::file(&part, e))?;
        self.replace(&part, &link)?;
        Ok(Outcome::Linked(found))
    }
}
// ANCHOR_END: link

// ANCHOR: existing
impl Setup<'_> {
    /// What lies in `.libtorch` already, if it is good. `None`: install.
    fn existing(&self) -> Result<Option<Outcome>, Error> {
        let folder = self.project.libtorch();
        let is_link = folder.is_symlink();
        if !folder.exists() {
            return Ok(None);
        }
        let stamp = if is_link { None } else { Stamp::read(&folder) };
        let remedy = "`rm -r .libtorch` and run `cargo course setup` again";
        let found = match inspect(&folder, &self.pins.libtorch, remedy) {
            Ok(found) => found,
            // What setup made itself, folder or link, it may replace. What it did not make stays.
            Err(_) if stamp.is_some() || is_link => return Ok(None),
            Err(error) => return Err(error),
        };
        // A flavour is only changed when the user names it: a machine whose GPU comes and goes keeps what it has.
        if self.flavour.is_some_and(|flavour| flavour != found.flavour) {
            return match stamp.is_some() || is_link {
                true => Ok(None),
                false => {
                    let missing = format!(
                        "it is the {} flavour, and setup did not make it",
                        found.flavour
                    );
                    Err(Error::Incomplete {
                        folder,
                        missing,
                        remedy: remedy.to_string(),
                    })
                }
            };
        }
        Ok(match stamp {
            _ if is_link => Some(Outcome::Ready(found)),
            Some(stamp) => stamp
                .damage(&folder)
                .is_none()
                .then_some(Outcome::Ready(found)),
            None => {
                Stamp::of(&folder, &found, BTreeMap::new())?.write(&folder)?;
                Some(Outcome::Adopted(found))
            }
        })
    }
}
// ANCHOR_END: existing

// ANCHOR: install
impl Setup<'_> {
    fn install(&self) -> Result<Outcome, Error> {
        let flavour = self.wanted()?;
        let pinned = self.pins.wheels(&self.surroundings.platform)?;
        let wheels = pinned.of(flavour);
        let missing: Vec<&Wheel> = wheels
            .iter()
            .copied()
            .filter(|wheel| !is_cached(self.surroundings, wheel))
            .collect();
        if !missing.is_empty() {
            prerequisites::pip(self.surroundings)?;
        }
        self.check_room(pinned.unpacked(flavour), &missing)?;
        for wheel in &missing {
            fetch(self.surroundings, wheel, self.cleanup)?;
        }

        let part = self.part("part");
        let _part = self.cleanup.folder(&part);
        let mut progress = Progress::bytes("unpacking libtorch", pinned.unpacked(flavour));
        let mut done = 0;
        for wheel in &wheels {
            let path = cached_path(self.surroundings, wheel);
            done += wheel::unpack(&path, &|name| place(name, flavour), &part, &mut |bytes| {
                progress.at(done + bytes)
            })?;
        }
        progress.finish();
        let found = inspect(
            &part,
            &self.pins.libtorch,
            "delete the `wheels` folder in the cache and run `cargo course setup` again",
        )?;
        let sources = wheels
            .iter()
            .map(|wheel| (wheel.file.clone(), wheel.sha256.clone()))
            .collect();
        Stamp::of(&part, &found, sources)?.write(&part)?;
        self.replace(&part, &self.project.libtorch())?;
        Ok(Outcome::Installed(found))
    }

    /// Refuses before the first byte is downloaded if the end would not fit.
    pub(crate) fn check_room(&self, unpacked: u64, missing: &[&Wheel]) -> Result<(), Error> {
        // Where pip does the transfer it copies the finished file, so the largest wheel is there twice for a while.
        let largest = missing.iter().map(|wheel| wheel.bytes).max().unwrap_or(0);
        let there: u64 = missing
            .iter()
            .map(|wheel| part_bytes(self.surroundings, wheel))
            .sum();
        let all = missing.iter().map(|wheel| wheel.bytes).sum::<u64>() + largest;
        let downloads = all.saturating_sub(there);
        let (cache, root) = (&self.surroundings.cache, &self.project.root);
        if same_disk(cache, root) {
            return self.check_free(root, downloads + unpacked);
        }
        self.check_free(cache, downloads)?;
        self.check_free(root, unpacked)
    }

    fn check_free(&self, folder: &Path, needed: u64) -> Result<(), Error> {
        let free = (self.surroundings.free_bytes)(folder).map_err(|e| Error::file(folder, e))?;
        if free < needed {
            return Err(Error::DiskFull {
                folder: folder.to_path_buf(),
                free: size(free),
                needed: size(needed),
            });
        }
        Ok(())
    }

    /// Beside `.libtorch`, so that the last step is a rename on one disk.
    pub(crate) fn part(&self, word: &str) -> std::path::PathBuf {
        self.project
            .root
            .join(format!(".libtorch.{word}-{}", std::process::id()))
    }

    /// Puts `new` in the place of `old`, which steps aside first and is removed last.
    fn replace(&self, new: &Path, old: &Path) -> Result<(), Error> {
        let aside = self.part("old");
        if old.is_symlink() {
            // A rename over a link replaces the link alone, but not a link by a folder.
            fs::remove_file(old).map_err(|e| Error::file(old, e))?;
        } else if old.exists() {
            fs::rename(old, &aside).map_err(|e| Error::file(old, e))?;
        }
        if let Err(error) = fs::rename(new, old) {
            let _ = fs::rename(&aside, old);
            return Err(Error::file(old, error));
        }
        if aside.exists() {
            fs::remove_dir_all(&aside).map_err(|e| Error::file(&aside, e))?;
        }
        Ok(())
    }
}

fn same_disk(one: &Path, other: &Path) -> bool {
    let device = |path: &Path| existing_parent(path).metadata().map(|data| data.dev()).ok();
    device(one) == device(other)
}
// ANCHOR_END: install

// ANCHOR: dry
impl Setup<'_> {
    /// What an installation would download and lay out, one line each: `cargo course setup --dry-run`.
    pub fn plan(&self) -> Result<Vec<String>, Error> {
        let flavour = self.wanted()?;
        let pinned = self.pins.wheels(&self.surroundings.platform)?;
        let mut lines = vec![format!(
            "libtorch {}, {flavour} flavour, for {}",
            self.pins.libtorch, self.surroundings.platform
        )];
        for wheel in pinned.of(flavour) {
            let state = if is_cached(self.surroundings, wheel) {
                "in the cache".to_string()
            } else {
                match part_bytes(self.surroundings, wheel) {
                    0 => "to download".to_string(),
                    there => format!("to download, {} are there", size(there)),
                }
            };
            lines.push(format!(
                "{:>9}  {:<32} {state}",
                size(wheel.bytes),
                wheel.requirement
            ));
        }
        if flavour == Flavour::Cpu && !pinned.compiler().is_empty() {
            let bytes: u64 = pinned
                .compiler()
                .iter()
                .filter(|wheel| wheel.flavour == Flavour::Cuda)
                .map(|wheel| wheel.bytes)
                .sum();
            lines.push(format!(
                "{:>9}  the compiler of CUDA kernels, optional; {} unpacked",
                size(bytes),
                size(pinned.unpacked_compiler)
            ));
        }
        lines.push(format!(
            "{:>9}  unpacked into {}",
            size(pinned.unpacked(flavour)),
            self.project.libtorch().display()
        ));
        lines.push(format!(
            "           downloads are kept in {}",
            self.surroundings.cache.join("wheels").display()
        ));
        Ok(lines)
    }
}
// ANCHOR_END: dry

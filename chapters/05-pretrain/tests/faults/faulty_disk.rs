//! A disk that fails as planned.

use pretrain::disk::{Disk, RealDisk};
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// Power is lost before the operation of this number, or in the middle of it if it writes. Nothing works afterwards.
    Crash { at: usize },
    /// Writing a file with this name fails; so many times.
    Write {
        name: &'static str,
        kind: io::ErrorKind,
        times: usize,
    },
    /// Files end after this many bytes when they are read.
    ShortRead { bytes: u64 },
    /// So many bytes are free.
    Full { free: u64 },
    /// Syncing fails.
    Sync,
}

/// A change to a folder's list of names that a power cut may undo.
#[derive(Debug)]
enum Change {
    Appeared(PathBuf),
    /// From, to.
    Renamed(PathBuf, PathBuf),
}

impl Change {
    fn path(&self) -> &Path {
        let (Change::Appeared(path) | Change::Renamed(_, path)) = self;
        path
    }

    /// Looks for what has appeared where it is after a rename.
    fn follow(&mut self, renamed: &Change) {
        if let (Change::Appeared(path), Change::Renamed(from, to)) = (self, renamed)
            && let Ok(inside) = path.strip_prefix(from)
        {
            *path = to.join(inside);
        }
    }

    fn undo(&self) -> io::Result<()> {
        match self {
            Change::Appeared(path) if path.is_dir() => fs::remove_dir_all(path),
            Change::Appeared(path) if path.exists() => fs::remove_file(path),
            Change::Renamed(from, to) if to.exists() && !from.exists() => fs::rename(to, from),
            _ => Ok(()),
        }
    }
}

#[derive(Debug)]
pub struct FaultyDisk {
    pub fault: Mutex<Fault>,
    operations: Mutex<usize>,
    /// Written and not synced: a power cut forgets their content.
    unsynced: Mutex<BTreeSet<PathBuf>>,
    /// Names that have changed since their folder was synced, in order. `None`: names reach the disk at once, as they do on
    /// file systems that are kinder than they have promised.
    changes: Option<Mutex<Vec<Change>>>,
}

impl FaultyDisk {
    pub fn new(fault: Fault) -> FaultyDisk {
        FaultyDisk {
            fault: Mutex::new(fault),
            operations: Mutex::new(0),
            unsynced: Mutex::default(),
            changes: None,
        }
    }

    /// One that forgets new names and renames, too, as long as their folder is not synced.
    pub fn forgetting_names(fault: Fault) -> FaultyDisk {
        FaultyDisk {
            changes: Some(Mutex::default()),
            ..FaultyDisk::new(fault)
        }
    }

    fn note(&self, change: Change) {
        if let Some(changes) = &self.changes {
            changes.lock().expect("no panic").push(change);
        }
    }

    /// Notes a name that is about to be made, if it is new.
    fn note_new(&self, path: &Path) {
        if !path.exists() {
            self.note(Change::Appeared(path.to_path_buf()));
        }
    }

    /// Operations so far, those that failed included.
    pub fn operations(&self) -> usize {
        *self.operations.lock().expect("no panic")
    }

    /// Whether this operation is the one in which power is lost.
    fn is_crashing(&self) -> bool {
        let fault = self.fault.lock().expect("no panic");
        matches!(*fault, Fault::Crash { at } if self.operations() == at + 1)
    }

    /// Whether the operation is done. `Err`: the machine is off.
    fn count(&self) -> io::Result<()> {
        let mut operations = self.operations.lock().expect("no panic");
        *operations += 1;
        match *self.fault.lock().expect("no panic") {
            Fault::Crash { at } if *operations > at => {
                for path in std::mem::take(&mut *self.unsynced.lock().expect("no panic")) {
                    // The name is there and the content is zeros, as after a power cut.
                    if let Ok(content) = fs::read(&path) {
                        fs::write(&path, vec![0; content.len()])?;
                    }
                }
                if let Some(changes) = &self.changes {
                    let changes = std::mem::take(&mut *changes.lock().expect("no panic"));
                    changes.iter().rev().try_for_each(Change::undo)?;
                }
                Err(io::Error::other("the machine is off"))
            }
            _ => Ok(()),
        }
    }
}

impl Disk for FaultyDisk {
    fn write(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        let alive = self.count();
        if alive.is_err() {
            if self.is_crashing() && self.changes.is_none() {
                fs::write(path, &content[..content.len() / 2])?;
            }
            return alive;
        }
        self.note_new(path);
        if let Fault::Write { name, kind, times } = &mut *self.fault.lock().expect("no panic")
            && path.ends_with(*name)
            && *times > 0
        {
            *times -= 1;
            fs::write(path, &content[..content.len() / 2])?;
            return Err(io::Error::from(*kind));
        }
        self.unsynced
            .lock()
            .expect("no panic")
            .insert(path.to_path_buf());
        RealDisk.write(path, content)
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        self.count()?;
        if *self.fault.lock().expect("no panic") == Fault::Sync {
            return Err(io::Error::other("the disk does not answer"));
        }
        self.unsynced.lock().expect("no panic").remove(path);
        if let Some(changes) = &self.changes {
            let mut changes = changes.lock().expect("no panic");
            let all = std::mem::take(&mut *changes);
            let (sure, mut left): (Vec<_>, Vec<_>) = all
                .into_iter()
                .partition(|change| change.path().parent() == Some(path));
            // A folder that surely has its new name takes along what is not sure inside.
            sure.iter().for_each(|renamed| {
                left.iter_mut().for_each(|change| change.follow(renamed));
            });
            *changes = left;
        }
        RealDisk.sync(path)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn Read>> {
        self.count()?;
        let file = RealDisk.open(path)?;
        Ok(match *self.fault.lock().expect("no panic") {
            Fault::ShortRead { bytes } if path.ends_with("model.safetensors") => {
                Box::new(file.take(bytes))
            }
            _ => file,
        })
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.count()?;
        self.note(Change::Renamed(from.to_path_buf(), to.to_path_buf()));
        RealDisk.rename(from, to)
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.count()?;
        self.note_new(path);
        RealDisk.create_folder(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        let alive = self.count();
        if alive.is_err() {
            // A folder is removed file by file; one is gone.
            if self.is_crashing() {
                let mut names = RealDisk.names(path)?;
                names.sort();
                if let Some(first) = names.first() {
                    let _ = fs::remove_file(path.join(first));
                }
            }
            return alive;
        }
        RealDisk.remove_folder(path)
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.count()?;
        RealDisk.names(folder)
    }

    fn free(&self, folder: &Path) -> io::Result<u64> {
        self.count()?;
        match *self.fault.lock().expect("no panic") {
            Fault::Full { free } => Ok(free),
            _ => RealDisk.free(folder),
        }
    }
}

//! # Power cut
//!
//! Goal: write files so that a power cut at any moment leaves the old ones or the new ones, whole.
//!
//! Minutes: 60. Difficulty: 4 of 5.
//!
//! You get a disk with one folder and seven operations. What it promises is what Unix promises, and that is less than most
//! programs believe:
//!
//! - What is *read* is always what was written last. As long as the power stays on, everything looks right.
//! - After a power cut, a file that was written and not synced holds its old content, or the new one, or half of it, or zeros.
//! - Changes to the folder's list of names (a new file, a rename, a removal) may have reached the disk or not, each by itself and
//!   in any order, until the folder is synced.
//! - A rename that has reached the disk is whole: the name stands for one file or for the other.
//!
//! `replace` writes one file, for whoever may need its old content until the new one is there. When it returns `Ok`, a power cut
//! may come.
//!
//! `save` writes several files that belong together, weights and buffers of one step. After a cut, `load` gives all files of one
//! save: of the last one that came to its end, or of one that was cut off and is whole. Never some of this one and some of that.
//! When a save has come to its end, nothing is left on the disk of earlier ones, nor of those that were cut off.
//!
//! An operation that gives `Err(Off)` was not done, and none is done after it: the machine is off. Hand the error on. After a
//! cut, the program that is started again calls `load`, and then `save` with a higher step than that of any save before. Names of
//! files have no dot.
//!
//! Help: `cargo course hint 05.5`. Judge it: `cargo course check 05.5`.

/// The machine has no power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Off;

/// A disk with one folder.
pub trait Disk {
    /// Makes a file with this content; a file of this name gets it in place of its own.
    fn write(&mut self, name: &str, content: &[u8]) -> Result<(), Off>;
    /// Waits until the file's content would survive a power cut. Its name is another matter.
    fn sync(&mut self, name: &str) -> Result<(), Off>;
    /// Waits until the list of names would survive a power cut.
    fn sync_folder(&mut self) -> Result<(), Off>;
    /// Gives a file another name. A file that had that name is gone.
    fn rename(&mut self, from: &str, to: &str) -> Result<(), Off>;
    fn remove(&mut self, name: &str) -> Result<(), Off>;
    /// `None`: there is no file of this name.
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Off>;
    /// The names of all files, in order.
    fn names(&self) -> Result<Vec<String>, Off>;
}

/// Files with their names, in the order of the names.
pub type Files = Vec<(String, Vec<u8>)>;

/// Puts a file in the place of the one that has this name, if there is one.
pub fn replace(disk: &mut dyn Disk, name: &str, content: &[u8]) -> Result<(), Off> {
    let _ = (disk, name, content); // delete this line
    todo!("exercise 05.5")
}

/// Saves the files of a step, which is higher than that of any save before.
pub fn save(disk: &mut dyn Disk, step: u64, files: &Files) -> Result<(), Off> {
    let _ = (disk, step, files); // delete this line
    todo!("exercise 05.5")
}

/// The step that was saved last, and its files. `None`: there is none.
pub fn load(disk: &dyn Disk) -> Result<Option<(u64, Files)>, Off> {
    let _ = disk; // delete this line
    todo!("exercise 05.5")
}

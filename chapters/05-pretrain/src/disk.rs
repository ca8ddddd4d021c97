// ANCHOR: head
//! The few things that a checkpoint asks of a file system, in one place.
//!
//! They are a trait because disks fail, and rarely when one looks: the tests put a disk in this place that is full, that
//! forgets what was not synced, that flips a bit, or whose machine loses power at the n-th operation.

use std::fmt::Debug;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
// ANCHOR_END: head

// ANCHOR: disk
/// What is done with files. Every call may fail, and what it did until then may be there or not.
pub trait Disk: Debug + Send + Sync {
    /// A new file with this content. It need not be on the disk yet, see [`Disk::sync`].
    fn write(&self, path: &Path, content: &[u8]) -> io::Result<()>;
    /// Waits until a file's content, or a folder's list of names, would survive a power cut.
    fn sync(&self, path: &Path) -> io::Result<()>;
    fn open(&self, path: &Path) -> io::Result<Box<dyn Read>>;
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    fn create_folder(&self, path: &Path) -> io::Result<()>;
    fn remove_folder(&self, path: &Path) -> io::Result<()>;
    /// The names in a folder; none where there is no such folder.
    fn names(&self, folder: &Path) -> io::Result<Vec<String>>;
    /// Bytes that may still be written on the disk of this folder.
    fn free(&self, folder: &Path) -> io::Result<u64>;
}
// ANCHOR_END: disk

// ANCHOR: real
/// The machine's own.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn write(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        fs::write(path, content)
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        // Also for folders: that is how Unix takes it.
        File::open(path)?.sync_all()
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn Read>> {
        Ok(Box::new(File::open(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir_all(path)
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        entries
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect()
    }

    fn free(&self, folder: &Path) -> io::Result<u64> {
        use std::os::unix::ffi::OsStrExt;
        let name = std::ffi::CString::new(folder.as_os_str().as_bytes())?;
        let mut answer = std::mem::MaybeUninit::<libc::statvfs>::uninit();
        // SAFETY: the name ends in a zero and the answer is as large as the call expects.
        if unsafe { libc::statvfs(name.as_ptr(), answer.as_mut_ptr()) } != 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: statvfs returned 0, so it has filled the structure.
        let answer = unsafe { answer.assume_init() };
        // The widths of these fields differ between systems.
        #[allow(clippy::unnecessary_cast)]
        Ok(answer.f_bavail as u64 * answer.f_frsize as u64)
    }
}
// ANCHOR_END: real

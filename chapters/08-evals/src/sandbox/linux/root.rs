// ANCHOR: root
//! A file system with nothing in it but Python. In its own mount namespace the process builds a small tree in memory,
//! hangs the folders that Python reads into it, read-only, and makes it its root. What is not in the tree has no name:
//! `os.path.exists("/etc/passwd")` is false, where Landlock could only forbid to read it.

use super::{check, last_error, python};
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Where the program works, in the new tree.
pub(super) const WORK: &str = "/work";

/// Makes `folder`, an empty one, the root of this mount namespace. On an error the old root is still there.
pub(super) fn build(
    folder: &Path,
    reads: &[PathBuf],
    owner: (u32, u32),
    disk_bytes: u64,
) -> Result<(), String> {
    // Mounts must not travel back to where we came from.
    mount(
        None,
        Path::new("/"),
        None,
        libc::MS_REC | libc::MS_PRIVATE,
        None,
    )?;
    let locked = libc::MS_NOSUID | libc::MS_NODEV;
    mount(
        Some("tmpfs"),
        folder,
        Some("tmpfs"),
        locked,
        Some("size=1m,mode=755"),
    )?;
    let built = fill(folder, reads, owner, disk_bytes).and_then(|()| pivot(folder));
    if built.is_err() {
        // SAFETY: the path lives until the call is over.
        unsafe { libc::umount2(text(folder)?.as_ptr(), libc::MNT_DETACH) };
    }
    built
}

fn fill(
    folder: &Path,
    reads: &[PathBuf],
    owner: (u32, u32),
    disk_bytes: u64,
) -> Result<(), String> {
    for path in reads {
        let place = folder.join(path.strip_prefix("/").unwrap_or(path));
        let at = |error: std::io::Error| format!("{}: {error}", place.display());
        if path.is_dir() {
            std::fs::create_dir_all(&place).map_err(at)?;
        } else {
            std::fs::create_dir_all(place.parent().unwrap_or(folder)).map_err(at)?;
            std::fs::write(&place, "").map_err(at)?;
        }
        let source = path.to_string_lossy();
        mount(
            Some(&source),
            &place,
            None,
            libc::MS_BIND | libc::MS_REC,
            None,
        )?;
        // A bind mount takes its flags in a second call, and may not lose those it came with.
        let flags =
            libc::MS_BIND | libc::MS_REMOUNT | libc::MS_RDONLY | libc::MS_NOSUID | libc::MS_NODEV;
        mount(None, &place, None, flags | kept(&place)?, None)?;
    }
    for link in python::SYSTEM.iter().map(Path::new) {
        if let Ok(target) = std::fs::read_link(link) {
            let place = folder.join(link.strip_prefix("/").unwrap_or(link));
            if let Some(parent) = place.parent() {
                std::fs::create_dir_all(parent)
                    .map_err(|error| format!("{}: {error}", parent.display()))?;
            }
            std::os::unix::fs::symlink(target, &place)
                .map_err(|error| format!("{}: {error}", place.display()))?;
        }
    }
    let work = folder.join(WORK.trim_start_matches('/'));
    std::fs::create_dir(&work).map_err(|error| format!("{}: {error}", work.display()))?;
    // A limit on the folder, where RLIMIT_FSIZE only limits each file; and a thousand files are enough.
    let options = format!(
        "size={disk_bytes},nr_inodes=1024,mode=700,uid={},gid={}",
        owner.0, owner.1
    );
    let flags = libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC;
    mount(Some("tmpfs"), &work, Some("tmpfs"), flags, Some(&options))?;
    let flags =
        libc::MS_BIND | libc::MS_REMOUNT | libc::MS_RDONLY | libc::MS_NOSUID | libc::MS_NODEV;
    mount(None, folder, None, flags, None)
}

/// The flags of the mount at `path` that a remount by an ordinary user must repeat.
fn kept(path: &Path) -> Result<libc::c_ulong, String> {
    let path = text(path)?;
    // SAFETY: all zeros is a valid value of this plain structure, and the call fills it.
    let mut found: libc::statvfs = unsafe { std::mem::zeroed() };
    check("statvfs", unsafe {
        libc::statvfs(path.as_ptr(), &mut found)
    })?;
    let pairs = [
        (libc::ST_NOEXEC, libc::MS_NOEXEC),
        (libc::ST_NOATIME, libc::MS_NOATIME),
        (libc::ST_NODIRATIME, libc::MS_NODIRATIME),
        (libc::ST_RELATIME, libc::MS_RELATIME),
    ];
    let set = pairs.iter().filter(|(have, _)| found.f_flag & have != 0);
    Ok(set.fold(0, |flags, (_, flag)| flags | flag))
}

/// Swaps the roots, then lets the old one go. With `.` twice the old root lands on top of the new one, from where it
/// is unmounted: no folder is needed to park it in.
fn pivot(folder: &Path) -> Result<(), String> {
    std::env::set_current_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let here = c".";
    // SAFETY: two paths that live for ever.
    unsafe {
        check(
            "pivot_root",
            libc::syscall(libc::SYS_pivot_root, here.as_ptr(), here.as_ptr()),
        )?;
        if libc::umount2(here.as_ptr(), libc::MNT_DETACH) != 0 {
            // Too late to go back, and the old tree would be one `cd ..` away: this process must not go on.
            let _ = last_error("umount2");
            libc::_exit(1);
        }
    }
    std::env::set_current_dir("/").map_err(|error| format!("/: {error}"))
}

fn mount(
    source: Option<&str>,
    place: &Path,
    kind: Option<&str>,
    flags: libc::c_ulong,
    options: Option<&str>,
) -> Result<(), String> {
    let owned = |part: Option<&str>| {
        part.map(CString::new)
            .transpose()
            .map_err(|error| error.to_string())
    };
    let (source, kind, options) = (owned(source)?, owned(kind)?, owned(options)?);
    let path = text(place)?;
    let raw = |part: &Option<CString>| part.as_ref().map_or(std::ptr::null(), |part| part.as_ptr());
    // SAFETY: each pointer is null or belongs to a string that lives until the call is over.
    let result = unsafe {
        libc::mount(
            raw(&source),
            path.as_ptr(),
            raw(&kind),
            flags,
            raw(&options).cast(),
        )
    };
    check(&format!("mount {}", place.display()), result)
}

fn text(path: &Path) -> Result<CString, String> {
    CString::new(path.as_os_str().as_bytes()).map_err(|error| error.to_string())
}
// ANCHOR_END: root

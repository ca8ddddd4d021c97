// ANCHOR: root
//! A file system with nothing in it but Python. In its own mount namespace the process builds a small tree in memory,
//! hangs the folders that Python reads into it, read-only, and makes it its root. What is not in the tree has no name:
//! `os.path.exists("/etc/passwd")` is false, where Landlock could only forbid to read it.

use super::{check, last_error, python};
use std::ffi::{CString, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
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
        // A bind mount takes its flags in a second call.
        read_only(&place)?;
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

// ANCHOR: read-only
/// Makes the mount at `place` and all mounts below it read-only. A bind brings along what is mounted below its source (a
/// folder of another disk, say), and the plain remount reaches the topmost mount alone: the others would stay writable.
fn read_only(place: &Path) -> Result<(), String> {
    // Linux has one call for the whole tree since 5.12; before, and where a container refuses it, each mount takes its own.
    whole_tree(place).or_else(|refused| {
        one_by_one(place).map_err(|error| format!("{refused}; one mount at a time: {error}"))
    })
}

/// The call only adds these three, so it loses no flag that a mount came with. All mounts take them, or none does.
fn whole_tree(place: &Path) -> Result<(), String> {
    #[repr(C)]
    struct Attributes {
        add: u64,
        remove: u64,
        propagation: u64,
        user_namespace: u64,
    }
    const READ_ONLY: u64 = 1;
    const NO_SETUID: u64 = 2;
    const NO_DEVICES: u64 = 4;
    let attributes = Attributes {
        add: READ_ONLY | NO_SETUID | NO_DEVICES,
        remove: 0,
        propagation: 0,
        user_namespace: 0,
    };
    let path = text(place)?;
    // SAFETY: the path and the structure, whose layout is the kernel's, live until the call is over.
    check(&format!("mount_setattr {}", place.display()), unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            libc::AT_RECURSIVE,
            &raw const attributes,
            size_of::<Attributes>(),
        )
    })
}

/// Remounts what the kernel lists at `place` and below it.
fn one_by_one(place: &Path) -> Result<(), String> {
    let list = "/proc/self/mountinfo";
    let table = std::fs::read(list).map_err(|error| format!("{list}: {error}"))?;
    // No path in the table leads over a link; that of a temporary folder may.
    let place =
        std::fs::canonicalize(place).map_err(|error| format!("{}: {error}", place.display()))?;
    let mounts: Vec<PathBuf> = mount_points(&table)
        .filter(|mount| mount.starts_with(&place))
        .collect();
    if mounts.is_empty() {
        return Err(format!("{list} does not list {}", place.display()));
    }
    let locked =
        libc::MS_BIND | libc::MS_REMOUNT | libc::MS_RDONLY | libc::MS_NOSUID | libc::MS_NODEV;
    mounts
        .iter()
        .try_for_each(|point| mount(None, point, None, locked | kept(point)?, None))
}

/// The fifth word of each line. A space in a path, or another byte that would break the line, stands there as a backslash
/// and three octal digits.
fn mount_points(list: &[u8]) -> impl Iterator<Item = PathBuf> + '_ {
    let lines = list.split(|&byte| byte == b'\n');
    lines.filter_map(|line| {
        let mut rest = line.split(|&byte| byte == b' ').nth(4)?;
        let mut path = Vec::new();
        while let Some((&first, more)) = rest.split_first() {
            let digits = more.first_chunk::<3>().filter(|_| first == b'\\');
            let code = digits
                .and_then(|digits| std::str::from_utf8(digits).ok())
                .and_then(|digits| u8::from_str_radix(digits, 8).ok());
            path.push(code.unwrap_or(first));
            rest = if code.is_some() { &more[3..] } else { more };
        }
        Some(PathBuf::from(OsString::from_vec(path)))
    })
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
// ANCHOR_END: read-only

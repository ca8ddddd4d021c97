// ANCHOR: head
//! Namespaces: views of the machine in which it has no network, no other processes, no other users.
//!
//! Each is asked for by itself, so that a machine which grants five of six gives five, and the sixth has a name.

use super::{Layer, check, last_error, named};
// ANCHOR_END: head

// ANCHOR: enter
/// The user to whom programs belong when root starts them: `nobody`, who owns nothing.
pub(super) const NOBODY: u32 = 65534;

pub(super) fn is_root() -> bool {
    // SAFETY: takes nothing, touches nothing.
    unsafe { libc::geteuid() == 0 }
}

/// Enters the namespaces that the calling process can enter by itself. An ordinary user first becomes the master of a
/// new user namespace, which gives the right to make the others; root has that right already and becomes `nobody`
/// later, in [`become_nobody`], when the mounts are done.
pub(super) fn enter() -> Vec<Layer> {
    let mut layers = Vec::new();
    if !is_root() {
        layers.push(named("user namespace", new_user()));
    }
    for (name, flag) in [
        ("mount namespace", libc::CLONE_NEWNS),
        ("network namespace", libc::CLONE_NEWNET),
        // The next children are born into it, the caller is not.
        ("process namespace", libc::CLONE_NEWPID),
        ("ipc namespace", libc::CLONE_NEWIPC),
        ("host name namespace", libc::CLONE_NEWUTS),
    ] {
        layers.push(named(name, unshare(flag)));
    }
    layers
}

fn unshare(flag: i32) -> Result<(), String> {
    // SAFETY: a plain system call; the process has one thread, which is what user namespaces ask for.
    check("unshare", unsafe { libc::unshare(flag) }).map_err(|error| {
        format!("{error}; containers and some distributions forbid it (kernel.unprivileged_userns_clone, AppArmor)")
    })
}

fn new_user() -> Result<(), String> {
    // SAFETY: these take nothing.
    let (user, group) = unsafe { (libc::geteuid(), libc::getegid()) };
    unshare(libc::CLONE_NEWUSER)?;
    // Outside, we stay who we were; inside, the same number. Groups must be given up before they can be mapped.
    for (file, text) in [
        ("/proc/self/setgroups", "deny".to_owned()),
        ("/proc/self/uid_map", format!("{user} {user} 1")),
        ("/proc/self/gid_map", format!("{group} {group} 1")),
    ] {
        std::fs::write(file, text).map_err(|error| format!("{file}: {error}"))?;
    }
    Ok(())
}
// ANCHOR_END: enter

// ANCHOR: drop
/// Root's turn: a user who owns nothing, then a user namespace of his own.
pub(super) fn become_nobody() -> Vec<Layer> {
    // SAFETY: plain system calls; the list of groups is empty, so its address is not read.
    let dropped = unsafe {
        check("setgroups", libc::setgroups(0, std::ptr::null()))
            .and_then(|()| check("setresgid", libc::setresgid(NOBODY, NOBODY, NOBODY)))
            .and_then(|()| check("setresuid", libc::setresuid(NOBODY, NOBODY, NOBODY)))
    };
    vec![
        named("unprivileged user", dropped),
        named("user namespace", unshare(libc::CLONE_NEWUSER)),
    ]
}

/// No capability now, none to be had from any file later.
pub(super) fn drop_capabilities() -> Result<(), String> {
    #[repr(C)]
    struct Header {
        version: u32,
        process: i32,
    }
    const VERSION_3: u32 = 0x2008_0522;
    let header = Header {
        version: VERSION_3,
        process: 0,
    };
    let nothing = [0u32; 6]; // two words each of effective, permitted, inheritable
    // SAFETY: `capset` reads the two structures, whose layout is the kernel's; `prctl` takes numbers.
    unsafe {
        // The bounding set's last capability differs from kernel to kernel: the first refusal ends the list.
        for capability in 0..64 {
            if libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 {
                break;
            }
        }
        libc::prctl(
            libc::PR_CAP_AMBIENT,
            libc::PR_CAP_AMBIENT_CLEAR_ALL,
            0,
            0,
            0,
        );
        check(
            "capset",
            libc::syscall(libc::SYS_capset, &raw const header, nothing.as_ptr()),
        )
    }
}

/// From here on, running a program can only lose rights: setuid bits and file capabilities mean nothing.
pub(super) fn no_new_privileges() -> Result<(), String> {
    // SAFETY: takes numbers.
    check("PR_SET_NO_NEW_PRIVS", unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    })
}

/// Die when the parent dies. Cleared by every change of user, so it is asked for again after each.
pub(super) fn die_with_parent() -> Result<(), String> {
    // SAFETY: takes numbers.
    if unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0) } != 0 {
        return Err(last_error("PR_SET_PDEATHSIG"));
    }
    Ok(())
}
// ANCHOR_END: drop

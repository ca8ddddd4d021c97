// ANCHOR: rlimits
//! Resource limits: the oldest fence, per process, and the one that stops a program from making the machine slow.

use super::{Limits, check};

// The type of a resource's number differs between C libraries.
#[cfg(target_env = "gnu")]
pub(super) type Resource = libc::__rlimit_resource_t;
#[cfg(not(target_env = "gnu"))]
pub(super) type Resource = libc::c_int;

/// Those that can be set early. Memory and threads come last, see [`last`].
pub(super) fn early(limits: &Limits) -> Result<(), String> {
    set_all(&[
        // Twice the clock: a program may use two cores. Only a guard behind the clock itself.
        (libc::RLIMIT_CPU, (limits.seconds * 2.0).ceil() as u64 + 1),
        (libc::RLIMIT_FSIZE, limits.disk_bytes),
        (libc::RLIMIT_NOFILE, 64),
        (libc::RLIMIT_CORE, 0),
        (libc::RLIMIT_MEMLOCK, 0),
        (libc::RLIMIT_MSGQUEUE, 0),
        (libc::RLIMIT_STACK, 8 << 20),
    ])
}

/// Those that would hurt ourselves. The address space of the worker, with libtorch in it, is larger than a program's
/// may be; `exec` starts a new one. Threads are counted per user, so the user must be the final one.
pub(super) fn last(limits: &Limits) -> Result<(), String> {
    set_all(&[
        (libc::RLIMIT_NPROC, limits.threads),
        (libc::RLIMIT_AS, limits.memory_bytes),
    ])
}

/// Sets the soft and the hard limit of each resource, so that none can be raised again.
pub(super) fn set_all(pairs: &[(Resource, u64)]) -> Result<(), String> {
    for &(resource, most) in pairs {
        let mut now = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        // SAFETY: both calls get a valid structure of ours.
        unsafe {
            check("getrlimit", libc::getrlimit(resource, &mut now))?;
            let most = most.min(now.rlim_max); // raising a hard limit is root's, and nobody's here
            let limit = libc::rlimit {
                rlim_cur: most,
                rlim_max: most,
            };
            check("setrlimit", libc::setrlimit(resource, &limit))?;
        }
    }
    Ok(())
}

/// Closes every descriptor from `first` on: what the caller's libraries have left open without close-on-exec.
pub(super) fn close_from(first: u32) {
    // SAFETY: numbers only; nothing of ours above `first` is used afterwards.
    unsafe {
        if libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) != 0 {
            // Before Linux 5.9: one by one.
            let most = libc::sysconf(libc::_SC_OPEN_MAX).clamp(256, 1 << 20);
            for descriptor in i64::from(first)..most {
                libc::close(descriptor as i32);
            }
        }
    }
}
// ANCHOR_END: rlimits

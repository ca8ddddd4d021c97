// ANCHOR: head
//! seccomp: which system calls exist. Everything that a program does to the world is a system call; those that are not
//! on the list fail with "operation not permitted", which Python raises as `PermissionError`.
//!
//! A list of the allowed and not of the forbidden: the kernel gains calls every year, and a new way out
//! (`io_uring` was one) is shut before anybody here has heard of it.

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};
use std::collections::BTreeMap;

/// Compiled filters; the strictest answer counts.
pub(super) struct Filters(Vec<BpfProgram>);

impl Filters {
    /// In force from here on, for this thread and its children. Allocates nothing.
    pub fn apply(&self) -> Result<(), String> {
        self.0.iter().try_for_each(|filter| {
            seccompiler::apply_filter(filter)
                .map_err(|error| format!("{error}; the kernel was built without seccomp"))
        })
    }
}
// ANCHOR_END: head

// ANCHOR: lists
/// What any program of a modern C library needs to live: memory, time, threads, its own end.
const LIFE: &[i64] = &[
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_close,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_mprotect,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_getrandom,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// What CPython needs besides: files (which Landlock and the mount namespace choose), and questions about itself.
/// Absent on purpose: sockets, `fork`, `ptrace`, `mount`, `chmod` and `utime` (Landlock does not see them), memory
/// that outlives or is shared (`memfd_create`, `shmget`), timers that signal others, `io_uring`, `bpf`, keys.
const PYTHON: &[i64] = &[
    libc::SYS_execve, // Python itself, once; afterwards Landlock knows no other program
    libc::SYS_set_tid_address,
    libc::SYS_openat,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_pread64,
    libc::SYS_pwrite64,
    libc::SYS_lseek,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_readlinkat,
    libc::SYS_getdents64,
    libc::SYS_getcwd,
    libc::SYS_chdir,
    libc::SYS_fchdir,
    libc::SYS_mkdirat,
    libc::SYS_unlinkat,
    libc::SYS_renameat2,
    libc::SYS_symlinkat,
    libc::SYS_linkat,
    libc::SYS_ftruncate,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_fadvise64,
    libc::SYS_flock,
    libc::SYS_umask,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_pipe2,
    libc::SYS_ppoll,
    libc::SYS_pselect6,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_eventfd2,
    libc::SYS_getppid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_getresuid,
    libc::SYS_getresgid,
    libc::SYS_getgroups,
    libc::SYS_getpgid,
    libc::SYS_getsid,
    libc::SYS_uname,
    libc::SYS_sysinfo,
    libc::SYS_times,
    libc::SYS_getrusage,
    libc::SYS_getitimer,
    libc::SYS_setitimer,
    libc::SYS_wait4,
    libc::SYS_waitid,
    libc::SYS_membarrier,
];

/// The same under their older names. x86-64, the oldest, has all of them; each later processor has fewer.
#[cfg(target_arch = "x86_64")]
const OLD: &[i64] = &[
    libc::SYS_arch_prctl,
    libc::SYS_open,
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_access,
    libc::SYS_readlink,
    libc::SYS_mkdir,
    libc::SYS_rmdir,
    libc::SYS_unlink,
    libc::SYS_rename,
    libc::SYS_renameat,
    libc::SYS_symlink,
    libc::SYS_link,
    libc::SYS_dup2,
    libc::SYS_pipe,
    libc::SYS_poll,
    libc::SYS_select,
    libc::SYS_epoll_wait,
    libc::SYS_getpgrp,
    libc::SYS_getrlimit,
    libc::SYS_time,
    libc::SYS_alarm,
];
/// `renameat`, by which glibc renames on aarch64. The kernel's number; the crate `libc` does not name it there.
#[cfg(target_arch = "aarch64")]
const OLD: &[i64] = &[38];
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const OLD: &[i64] = &[];
// ANCHOR_END: lists

// ANCHOR: conditional
/// Calls that are harmless with some arguments: `(call, argument, mask, values)`; allowed if the masked argument is
/// one of the values.
#[allow(clippy::unnecessary_cast)] // these constants have other types with other C libraries
fn conditional(own: u64) -> Vec<(i64, u8, u64, Vec<u64>)> {
    const ALL: u64 = u32::MAX as u64;
    let thread = libc::CLONE_THREAD as u64;
    let commands = [
        libc::F_DUPFD,
        libc::F_DUPFD_CLOEXEC,
        libc::F_GETFD,
        libc::F_SETFD,
        libc::F_GETFL,
        libc::F_SETFL,
        libc::F_GETLK,
        libc::F_SETLK,
        libc::F_SETLKW,
    ];
    vec![
        // Threads, but no second process. So one limit on memory is *the* limit, and killing one process kills all.
        (libc::SYS_clone, 0, thread, vec![thread]),
        // Signals to itself: `abort` needs them.
        (libc::SYS_kill, 0, ALL, vec![own]),
        (libc::SYS_tgkill, 0, ALL, vec![own]),
        // Its own limits, which it can only lower.
        (libc::SYS_prlimit64, 0, ALL, vec![0]),
        (libc::SYS_prctl, 0, ALL, vec![libc::PR_SET_NAME as u64]),
        // "Is this a terminal?" and close-on-exec; not TIOCSTI, which types into the terminal of somebody else.
        (
            libc::SYS_ioctl,
            1,
            ALL,
            vec![
                libc::TCGETS as u64,
                libc::FIOCLEX as u64,
                libc::FIONCLEX as u64,
            ],
        ),
        // Not F_SETOWN, which sends signals.
        (
            libc::SYS_fcntl,
            1,
            ALL,
            commands.map(|command| command as u64).to_vec(),
        ),
    ]
}

/// For CPython. `own` is the number of the process that will run it, as it sees itself.
pub(super) fn for_python(own: u32) -> Result<Filters, String> {
    compile(&[LIFE, PYTHON, OLD], conditional(u64::from(own)))
}

/// For the small interpreter's worker: life, and threads.
pub(super) fn for_interpreter() -> Result<Filters, String> {
    let own = u64::from(std::process::id());
    let more = [libc::SYS_fstat, libc::SYS_lseek]; // of standard input and output
    let kept = [libc::SYS_clone, libc::SYS_tgkill, libc::SYS_prctl];
    let few = conditional(own)
        .into_iter()
        .filter(|rule| kept.contains(&rule.0))
        .collect();
    compile(&[LIFE, &more], few)
}
// ANCHOR_END: conditional

// ANCHOR: compile
fn compile(
    lists: &[&[i64]],
    conditional: Vec<(i64, u8, u64, Vec<u64>)>,
) -> Result<Filters, String> {
    let failed = |error: seccompiler::BackendError| error.to_string();
    // The number of a call differs between processors, and a program may be able to enter the kernel as another one (32
    // bits on a machine of 64): the filter kills whatever does not come as `arch`.
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(|_| {
        format!(
            "there is no filter for {} processors, only for x86_64, aarch64 and riscv64",
            std::env::consts::ARCH
        )
    })?;
    // An empty list of rules allows the call whatever its arguments are.
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    for &call in lists.iter().copied().flatten() {
        rules.insert(call, Vec::new());
    }
    for (call, argument, mask, values) in conditional {
        let mut either = Vec::new();
        for value in values {
            let test = SeccompCmpOp::MaskedEq(mask);
            let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, test, value)
                .map_err(failed)?;
            either.push(SeccompRule::new(vec![condition]).map_err(failed)?);
        }
        rules.insert(call, either);
    }
    // `clone3` keeps its flags in memory, where a filter cannot look. "No such call" makes the C library use `clone`;
    // "not permitted" would make it give up. One filter has one answer for what it refuses, so it takes two filters.
    rules.insert(libc::SYS_clone3, Vec::new());
    let only_clone3 = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    let refuse = |error: i32| SeccompAction::Errno(error as u32);
    let listed = SeccompFilter::new(rules, refuse(libc::EPERM), SeccompAction::Allow, arch)
        .map_err(failed)?;
    let absent = SeccompFilter::new(
        only_clone3,
        SeccompAction::Allow,
        refuse(libc::ENOSYS),
        arch,
    )
    .map_err(failed)?;
    Ok(Filters(vec![
        // The second to be installed passes through the first: `seccomp` itself is not on its list. So it comes last.
        absent.try_into().map_err(failed)?,
        listed.try_into().map_err(failed)?,
    ]))
}
// ANCHOR_END: compile

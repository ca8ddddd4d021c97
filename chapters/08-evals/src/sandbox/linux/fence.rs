// ANCHOR: head
//! From a worker to a fenced Python: three forks, each doing what only it can do.
//!
//! - *fence* enters the namespaces and builds the new root. It stays outside the new process namespace (only its
//!   children are born into it) and waits.
//! - *init* is process 1 of that namespace. When process 1 ends, the kernel kills every other process in it, whatever
//!   they do to hide: that is how nothing survives.
//! - *python* gives up its rights, one after the other, and becomes the interpreter.

use super::python::Python;
use super::supervise::{Pipes, Status};
use super::{Layer, Limits, calls, check, files, last_error, named, namespaces, rlimits, root};
use std::convert::Infallible;
use std::ffi::CString;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// What one run needs to know.
pub(super) struct Plan<'a> {
    pub python: &'a Python,
    pub limits: &'a Limits,
    /// An empty folder of the host: the mount point of the new root, or, where there is none, where the program works.
    pub folder: &'a Path,
    pub allow_unprotected: bool,
}

/// How the reason begins when a layer that matters is missing.
pub(super) const MISSING: &str = "this machine refuses ";

const BOOTSTRAP: &str = include_str!("program.py");
// ANCHOR_END: head

// ANCHOR: fence
/// The first child. Ends when init has ended; never returns into the worker's code.
pub(super) fn fence(plan: &Plan, pipes: &Pipes) -> ! {
    let status = pipes.status;
    let mut layers = Vec::new();
    if namespaces::die_with_parent().is_ok() {
        // SAFETY: takes nothing. Its own session: no terminal, and a group of its own.
        unsafe { libc::setsid() };
        layers = namespaces::enter();
        let own_mounts = layers
            .iter()
            .any(|layer| layer.name == "mount namespace" && layer.is_active());
        if own_mounts {
            let owner = if namespaces::is_root() {
                (namespaces::NOBODY, namespaces::NOBODY)
            } else {
                // SAFETY: these take nothing.
                unsafe { (libc::geteuid(), libc::getegid()) }
            };
            let built = root::build(
                plan.folder,
                &plan.python.paths(),
                owner,
                plan.limits.disk_bytes,
            );
            if let Some(layer) = layers
                .iter_mut()
                .find(|layer| layer.name == "mount namespace")
            {
                *layer = named("mount namespace", built);
            }
        }
    }
    // SAFETY: this process has one thread, so the child may do anything.
    match unsafe { libc::fork() } {
        -1 => Status::Stopped(last_error("fork")).send(status),
        0 => init(plan, pipes, layers),
        child => {
            Status::Init(child).send(status);
            rlimits::close_from(0); // not to hold the pipes open, nor the caller's descriptors
            // SAFETY: a null status is allowed; interrupted or not, the loop ends when there is no child.
            unsafe {
                while libc::waitpid(child, std::ptr::null_mut(), 0) == -1
                    && *libc::__errno_location() == libc::EINTR
                {}
            }
        }
    }
    // With a process namespace nobody is left now. Without one, Python should have died with init; but that wish is a
    // thread's, and a program that goes on in a new one (`exec` in a thread) has not made it. Our group has everybody in it,
    // since a call to leave it is not let through, and us too.
    // SAFETY: these take nothing but numbers, and no destructor of the worker must run here.
    unsafe {
        if libc::getpgrp() == libc::getpid() {
            libc::kill(0, libc::SIGKILL);
        }
        libc::_exit(0)
    }
}
// ANCHOR_END: fence

// ANCHOR: init
/// Process 1: starts python, waits for it, tells how it ended. It has a clock too, for the case that everyone outside
/// is dead or stuck.
fn init(plan: &Plan, pipes: &Pipes, layers: Vec<Layer>) -> ! {
    let deadline = Instant::now() + Duration::from_secs_f64(plan.limits.seconds + 0.2);
    // SAFETY: plain system calls on structures of our own; the signal stays blocked so that it can be waited for.
    unsafe {
        let mut child_ended: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut child_ended);
        libc::sigaddset(&mut child_ended, libc::SIGCHLD);
        let mut before: libc::sigset_t = std::mem::zeroed();
        libc::sigprocmask(libc::SIG_BLOCK, &child_ended, &mut before);
        let _ = namespaces::die_with_parent();
        let child = libc::fork();
        if child == -1 {
            Status::Stopped(last_error("fork")).send(pipes.status);
            libc::_exit(0);
        }
        if child == 0 {
            libc::sigprocmask(libc::SIG_SETMASK, &before, std::ptr::null_mut());
            python(plan, pipes, layers);
            libc::_exit(0);
        }
        let status = pipes.keep_status();
        loop {
            let mut how = 0;
            match libc::waitpid(-1, &mut how, libc::WNOHANG) {
                ended if ended == child => {
                    let ending = if libc::WIFSIGNALED(how) {
                        Status::Signal(libc::WTERMSIG(how))
                    } else {
                        Status::Exit(libc::WEXITSTATUS(how))
                    };
                    ending.send(status);
                    libc::_exit(0);
                }
                ended if ended > 0 => continue, // a process that python left behind: only without seccomp
                _ => {}
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                libc::kill(child, libc::SIGKILL);
                libc::_exit(0);
            }
            let timeout = libc::timespec {
                tv_sec: left.as_secs() as libc::time_t,
                tv_nsec: left.subsec_nanos() as _,
            };
            libc::sigtimedwait(&child_ended, std::ptr::null_mut(), &timeout);
        }
    }
}
// ANCHOR_END: init

// ANCHOR: python
/// Becomes Python. Returns only if it cannot, and has said why.
fn python(plan: &Plan, pipes: &Pipes, layers: Vec<Layer>) {
    if let Err(reason) = pipes.become_standard() {
        return Status::Stopped(reason).send(pipes.status);
    }
    let Err(reason) = give_up_and_exec(plan, layers);
    Status::Stopped(reason).send(Pipes::STATUS);
}

/// The order is forced. Paths are opened (Landlock's rules) while the user may still open them; the user changes
/// before threads are counted for him; capabilities go after the last call that needs one; seccomp comes when nothing
/// but `exec` is left, because it forbids the rest; memory comes after it, because our own is larger.
fn give_up_and_exec(plan: &Plan, mut layers: Vec<Layer>) -> Result<Infallible, String> {
    let rooted = layers
        .iter()
        .any(|layer| layer.name == "mount namespace" && layer.is_active());
    let work = if rooted {
        Path::new(root::WORK)
    } else {
        plan.folder
    };
    std::env::set_current_dir(work).map_err(|error| format!("{}: {error}", work.display()))?;
    // SAFETY: takes a number.
    unsafe { libc::umask(0o077) };
    // A folder of the host has no size: a thousand files of the largest size fill the disk. So it can only be looked
    // at, and files can be written in the new root's folder alone, which is a file system with a limit.
    let mut reads = plan.python.paths();
    if !rooted {
        reads.push(work.to_owned());
    }
    layers.push(named(
        "landlock",
        files::restrict(&reads, rooted.then_some(work)),
    ));
    if namespaces::is_root() {
        layers.extend(namespaces::become_nobody());
    } else {
        layers.push(Layer::active("unprivileged user"));
    }
    namespaces::die_with_parent()?;
    layers.push(named("resource limits", rlimits::early(plan.limits)));
    layers.push(named("no capabilities", namespaces::drop_capabilities()));
    layers.push(named("no new privileges", namespaces::no_new_privileges()));

    let text = |bytes: &[u8]| CString::new(bytes).map_err(|error| error.to_string());
    let program = text(plan.python.program.as_os_str().as_bytes())?;
    let words = ["python3", "-I", "-S", "-B", "-X", "utf8", "-c", BOOTSTRAP];
    let words = words
        .iter()
        .map(|word| text(word.as_bytes()))
        .collect::<Result<Vec<CString>, String>>()?;
    let mut arguments: Vec<*const libc::c_char> = words.iter().map(|word| word.as_ptr()).collect();
    arguments.push(std::ptr::null());
    let environment = [std::ptr::null()];

    layers.push(named(
        "seccomp",
        calls::for_python(std::process::id()).and_then(|filters| filters.apply()),
    ));
    let missing = missing(&layers);
    Status::Layers(layers).send(Pipes::STATUS);
    if !missing.is_empty() && !plan.allow_unprotected {
        return Err(format!("{MISSING}{}", missing.join(", ")));
    }
    rlimits::last(plan.limits)?;
    // SAFETY: both lists end with null and their strings live on; nothing of ours is needed after it.
    unsafe { libc::execve(program.as_ptr(), arguments.as_ptr(), environment.as_ptr()) };
    Err(last_error("exec"))
}

/// Layers without which a program is not run. Namespaces are not among them: seccomp shuts the network and second
/// processes by itself, so that a container which forbids namespaces can still score. Files need one of two.
fn missing(layers: &[Layer]) -> Vec<String> {
    let active = |name: &str| {
        layers
            .iter()
            .any(|layer| layer.name == name && layer.is_active())
    };
    let mut missing: Vec<String> = Vec::new();
    for name in [
        "seccomp",
        "resource limits",
        "no new privileges",
        "no capabilities",
        "unprivileged user",
    ] {
        if !active(name) {
            missing.push(name.to_owned());
        }
    }
    if !active("landlock") && !active("mount namespace") {
        missing.push("both landlock and a mount namespace".to_owned());
    }
    missing
}

/// Descriptors of the fenced side, by number: they cross `fork`, and `exec` closes all but four of them.
impl Pipes {
    /// Where the status pipe is moved to, behind the four that Python keeps: 0 to 2, and 3 for the verdict.
    pub const STATUS: RawFd = 4;

    fn become_standard(&self) -> Result<(), String> {
        // Out of the way first: a pipe may have any number, 0 to 4 included.
        let mut high = [0; 5];
        for (place, descriptor) in [
            self.input,
            self.output,
            self.errors,
            self.verdict,
            self.status,
        ]
        .into_iter()
        .enumerate()
        {
            // SAFETY: numbers only.
            high[place] = unsafe { libc::fcntl(descriptor, libc::F_DUPFD_CLOEXEC, 32) };
            check("dup", high[place])?;
        }
        for (place, descriptor) in high.into_iter().enumerate() {
            let flags = if place == Pipes::STATUS as usize {
                libc::O_CLOEXEC
            } else {
                0
            };
            // SAFETY: numbers only.
            check("dup3", unsafe {
                libc::dup3(descriptor, place as RawFd, flags)
            })?;
        }
        rlimits::close_from(Pipes::STATUS as u32 + 1);
        Ok(())
    }

    /// Closes all but the status pipe, which gets a new number. Our copies of the worker's ends are among them: while
    /// one writing end of Python's standard input is open anywhere, Python waits for more text.
    fn keep_status(&self) -> RawFd {
        // SAFETY: numbers only.
        unsafe { libc::dup2(self.status, 0) };
        rlimits::close_from(1);
        0
    }
}
// ANCHOR_END: python

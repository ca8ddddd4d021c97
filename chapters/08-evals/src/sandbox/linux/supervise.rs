// ANCHOR: head
//! The worker's side of a run: feed the program in, read what comes out, watch the clock, and judge.
//!
//! Five pipes at once and a program that may do anything with its ends of them: write without end, write nothing,
//! close them, never read. So nothing here blocks; `poll` says which pipe is ready, and until when to wait.

use super::super::outcome::clip;
use super::super::worker::signal_name;
use super::fence::{self, Plan};
use super::python::Python;
use super::{Layer, last_error, namespaces};
use crate::sandbox::protocol::Request;
use crate::sandbox::{Outcome, Verdict};
use serde::{Deserialize, Serialize};
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::{Duration, Instant};
// ANCHOR_END: head

// ANCHOR: status
/// The fenced side's ends of the pipes, as numbers: they belong to whoever has forked.
pub(super) struct Pipes {
    pub input: RawFd,
    pub output: RawFd,
    pub errors: RawFd,
    pub verdict: RawFd,
    pub status: RawFd,
}

/// What the helpers between the worker and Python report, one JSON object a line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Status {
    /// Process 1 of the namespace, as the worker numbers it: the one to kill.
    Init(i32),
    Layers(Vec<Layer>),
    /// Python was not started, and why.
    Stopped(String),
    Exit(i32),
    Signal(i32),
}

impl Status {
    pub fn send(&self, descriptor: RawFd) {
        let mut line = serde_json::to_vec(self).expect("numbers and texts");
        line.push(b'\n');
        // SAFETY: a buffer of ours and its length. A line is shorter than a pipe holds, so it goes in whole; if nobody
        // listens any more, nobody needs it.
        unsafe { libc::write(descriptor, line.as_ptr().cast(), line.len()) };
    }
}
// ANCHOR_END: status

// ANCHOR: pipe
/// One of our ends, with what has come out of it so far.
struct End {
    file: Option<std::fs::File>,
    bytes: Vec<u8>,
    limit: usize,
}

/// A pipe: the end that stays here, never blocking, and the other.
fn pipe(we_read: bool, limit: usize) -> Result<(End, OwnedFd), String> {
    let mut ends = [0; 2];
    // SAFETY: the call fills the two numbers, which nobody else owns.
    let (read, write) = unsafe {
        super::check("pipe", libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC))?;
        (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1]))
    };
    let (ours, theirs) = if we_read {
        (read, write)
    } else {
        (write, read)
    };
    // SAFETY: numbers only.
    super::check("fcntl", unsafe {
        libc::fcntl(ours.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK)
    })?;
    let end = End {
        file: Some(ours.into()),
        bytes: Vec::new(),
        limit,
    };
    Ok((end, theirs))
}

impl End {
    /// Takes what is there. More than the limit (and one, to know that there was more) is read and dropped: a writer
    /// that waits for a full pipe would never come to its end.
    fn drain(&mut self, space: &mut [u8]) {
        // At most a few rounds, so that one flood does not keep us from the clock and from the other pipes.
        for _ in 0..8 {
            let Some(file) = &mut self.file else { return };
            match file.read(space) {
                Ok(0) => self.file = None,
                Ok(count) => {
                    let room = (self.limit + 1).saturating_sub(self.bytes.len());
                    self.bytes.extend_from_slice(&space[..count.min(room)]);
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return,
                Err(_) => self.file = None,
            }
        }
    }
}
// ANCHOR_END: pipe

// ANCHOR: run
/// Runs one program. `None` when the caller has gone away meanwhile.
pub(super) fn run(
    python: &Python,
    request: &Request,
    allow_unprotected: bool,
) -> Option<(Outcome, Vec<Layer>)> {
    let start = Instant::now();
    match try_run(python, request, allow_unprotected, start) {
        Ok(result) => result,
        Err(reason) => {
            let verdict = Verdict::NotStarted(reason);
            Some((
                Outcome::ended(verdict, start.elapsed().as_secs_f64()),
                Vec::new(),
            ))
        }
    }
}

type Ran = Option<(Outcome, Vec<Layer>)>;

fn try_run(
    python: &Python,
    request: &Request,
    allow_unprotected: bool,
    start: Instant,
) -> Result<Ran, String> {
    let limits = &request.limits;
    let folder = tempfile::Builder::new()
        .prefix("nanocrab-sandbox-")
        .tempdir()
        .map_err(|error| {
            format!("no temporary folder: {error}; set TMPDIR to one that can be written")
        })?;
    if namespaces::is_root() {
        // Without a root of its own the program works here, as `nobody`.
        std::os::unix::fs::chown(
            folder.path(),
            Some(namespaces::NOBODY),
            Some(namespaces::NOBODY),
        )
        .map_err(|error| format!("{}: {error}", folder.path().display()))?;
    }
    let (mut input, their_input) = pipe(false, 0)?;
    let (output, their_output) = pipe(true, limits.output_bytes)?;
    let (errors, their_errors) = pipe(true, limits.output_bytes)?;
    let (verdict, their_verdict) = pipe(true, limits.output_bytes + 64)?;
    let (status, their_status) = pipe(true, 64 << 10)?;
    let pipes = Pipes {
        input: their_input.as_raw_fd(),
        output: their_output.as_raw_fd(),
        errors: their_errors.as_raw_fd(),
        verdict: their_verdict.as_raw_fd(),
        status: their_status.as_raw_fd(),
    };
    let plan = Plan {
        python,
        limits,
        folder: folder.path(),
        allow_unprotected,
    };
    // SAFETY: the worker has one thread, so the child may do anything; it never returns from `fence`.
    let child = match unsafe { libc::fork() } {
        -1 => return Err(last_error("fork")),
        0 => fence::fence(&plan, &pipes),
        child => child,
    };
    drop((
        their_input,
        their_output,
        their_errors,
        their_verdict,
        their_status,
    ));

    let nonce = nonce();
    let mut text = format!(
        "{nonce}\n{} {}\n",
        u8::from(request.evaluate),
        limits.output_bytes
    )
    .into_bytes();
    text.extend_from_slice(request.program.as_bytes());
    let deadline = start + Duration::from_secs_f64(limits.seconds);
    let mut ends = [output, errors, verdict, status];
    let late = watch(child, &mut input, &text, &mut ends, deadline)?;
    let Some(late) = late else { return Ok(None) };
    Ok(Some(judge(&ends, &nonce, late, start, limits.output_bytes)))
}
// ANCHOR_END: run

// ANCHOR: watch
/// Until the fence has ended. Whether the clock ended it; `None` if the caller is gone.
fn watch(
    child: i32,
    input: &mut End,
    text: &[u8],
    ends: &mut [End; 4],
    deadline: Instant,
) -> Result<Option<bool>, String> {
    let mut sent = 0;
    let mut space = vec![0; 64 << 10];
    let mut killed: Option<Instant> = None;
    let mut alone = false;
    loop {
        // SAFETY: a null status is allowed. `WNOHANG`: 0 while it lives.
        let ended = unsafe { libc::waitpid(child, std::ptr::null_mut(), libc::WNOHANG) } != 0;
        for end in ends.iter_mut() {
            end.drain(&mut space);
        }
        if ended {
            return Ok((!alone).then_some(killed.is_some()));
        }
        let now = Instant::now();
        if (now >= deadline || alone) && killed.is_none() {
            killed = Some(now);
            // Process 1: the kernel kills its whole namespace. The fence, which waits for it, then ends by itself.
            kill(init(&ends[3]).unwrap_or(child));
        }
        if killed.is_some_and(|at| now > at + Duration::from_millis(200)) {
            kill(child);
        }
        // Standard input of the worker, for the hang-up that says that the caller is gone; and the pipes.
        let mut polled = vec![libc::pollfd {
            fd: if alone { -1 } else { 0 },
            events: 0,
            revents: 0,
        }];
        let descriptor = |end: &End| end.file.as_ref().map_or(-1, |file| file.as_raw_fd());
        polled.extend(ends.iter().map(|end| libc::pollfd {
            fd: descriptor(end),
            events: libc::POLLIN,
            revents: 0,
        }));
        polled.push(libc::pollfd {
            fd: descriptor(input),
            events: libc::POLLOUT,
            revents: 0,
        });
        // When the pipes are closed the fence is about to end: look again soon. A program that closed them itself
        // and lives on costs us a look every two milliseconds.
        let open = ends[..3].iter().any(|end| end.file.is_some());
        let left = deadline.saturating_duration_since(now).as_millis() as i32 + 1;
        let wait = if !open {
            2
        } else if killed.is_some() {
            10
        } else {
            left.min(50)
        };
        // SAFETY: the structures are ours, as many as said. An interrupted call is a short one.
        unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, wait) };
        alone |= polled[0].revents & (libc::POLLHUP | libc::POLLERR) != 0;
        if let Some(file) = &mut input.file {
            match file.write(&text[sent..]) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => sent = text.len(), // nobody reads it
            }
            if sent >= text.len() {
                input.file = None; // the end of the program's text
            }
        }
    }
}

fn kill(process: i32) {
    // SAFETY: a positive number of a child, or of a child's child that is waited for by it.
    unsafe { libc::kill(process, libc::SIGKILL) };
}

fn statuses(end: &End) -> impl Iterator<Item = Status> + '_ {
    let lines = end.bytes.split(|&byte| byte == b'\n');
    lines.filter_map(|line| serde_json::from_slice(line).ok())
}

fn init(end: &End) -> Option<i32> {
    statuses(end).find_map(|status| {
        if let Status::Init(process) = status {
            Some(process)
        } else {
            None
        }
    })
}
// ANCHOR_END: watch

// ANCHOR: judge
/// Sixteen random bytes that open the verdict. A program could write to descriptor 3 itself; to pass for the bootstrap
/// it would have to find this first. A determined one can (it shares the bootstrap's memory). The fences guard the
/// machine; nothing inside a process can guard the process from itself.
fn nonce() -> String {
    let mut bytes = [0u8; 16];
    // SAFETY: a buffer of ours and its length.
    unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) };
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn judge(
    ends: &[End; 4],
    nonce: &str,
    late: bool,
    start: Instant,
    limit: usize,
) -> (Outcome, Vec<Layer>) {
    let [output, errors, verdict, status] = ends;
    let mut layers = Vec::new();
    let mut ended = Verdict::Killed("its end was not seen".to_owned());
    for status in statuses(status) {
        match status {
            Status::Init(_) => {}
            Status::Layers(found) => layers = found,
            Status::Stopped(reason) => {
                ended = Verdict::NotStarted(reason);
                break; // what follows is the end of the process that said so
            }
            Status::Exit(code) => {
                ended = Verdict::Failed(format!("exit status {code} before the last line"))
            }
            Status::Signal(libc::SIGXCPU) => ended = Verdict::TimedOut,
            Status::Signal(signal) => ended = Verdict::Killed(signal_name(signal)),
        }
    }
    let mut value = None;
    let mut lost_value = false;
    let mut parts = verdict.bytes.splitn(3, |&byte| byte == b'\n');
    if parts.next() == Some(nonce.as_bytes()) {
        let (kind, what) = (
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default(),
        );
        match kind {
            b"finished" => ended = Verdict::Finished,
            b"memory" => ended = Verdict::OutOfMemory,
            b"raised" => ended = Verdict::Failed(clip(what, 500).0),
            b"value" => {
                ended = Verdict::Finished;
                let (text, lost) = clip(what, limit);
                (value, lost_value) = (Some(text), lost);
            }
            _ => {}
        }
    } else if late && !matches!(ended, Verdict::NotStarted(_)) {
        ended = Verdict::TimedOut;
    }
    let (stdout, lost_output) = clip(&output.bytes, limit);
    let (stderr, lost_errors) = clip(&errors.bytes, limit);
    let outcome = Outcome {
        verdict: ended,
        value,
        stdout,
        stderr,
        truncated: lost_value || lost_output || lost_errors,
        seconds: start.elapsed().as_secs_f64(),
        refused: Vec::new(),
    };
    (outcome, layers)
}
// ANCHOR_END: judge

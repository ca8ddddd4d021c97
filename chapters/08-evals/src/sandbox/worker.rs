// ANCHOR: head
//! The caller's end of a worker: start it, ask it, kill it when it is late, and keep it for the next program.
//!
//! A worker serves one caller at a time. The threads of the caller each take one from the [`Pool`], which holds those
//! that are idle and starts another when there is none.

use super::protocol::{Answer, FLAG, Hello, LONGEST_LINE, Request, Setup};
use super::{Error, Layer, Limits, Outcome, Verdict};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
// ANCHOR_END: head

// ANCHOR: worker
pub(super) struct Worker {
    process: Child,
    /// `None` only while the worker is being dropped.
    requests: Option<ChildStdin>,
    /// Lines of the worker's output, read by a thread: `std` has no read with a deadline, a channel has.
    lines: Receiver<String>,
    layers: Vec<Layer>,
}

/// A worker that loads libtorch from a cold disk needs seconds before its first word.
const START: Duration = Duration::from_secs(30);

/// What a worker may be late by. Its own clock stops the program at the limit; this one is for when that fails.
const GRACE: Duration = Duration::from_millis(500);
// ANCHOR_END: worker

// ANCHOR: start
impl Worker {
    fn start(program: &PathBuf, setup: &Setup) -> Result<Worker, Error> {
        if std::env::args_os()
            .nth(1)
            .is_some_and(|first| first == FLAG)
        {
            return Err(Error::WorkerInWorker);
        }
        let no_worker = |source| Error::NoWorker {
            program: program.clone(),
            source,
        };
        let mut command = Command::new(program);
        command.arg(FLAG).env_clear();
        // Only what the dynamic linker needs to find libtorch where the user put it. Keys and tokens stay here.
        for name in [
            "LD_LIBRARY_PATH",
            "DYLD_LIBRARY_PATH",
            "SYSTEMROOT",
            "TMPDIR",
        ] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        // A group of its own: Ctrl-C stops what the terminal's program does, and does not kill its workers.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(no_worker)?;
        let requests = process
            .stdin
            .take()
            .expect("standard input was asked to be a pipe");
        let output = process
            .stdout
            .take()
            .expect("standard output was asked to be a pipe");
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            loop {
                let mut line = String::new();
                match output.by_ref().take(LONGEST_LINE).read_line(&mut line) {
                    Ok(count) if count > 0 && line.ends_with('\n') => {
                        if sender.send(line).is_err() {
                            return;
                        }
                    }
                    _ => return, // the end, half a line, or no UTF-8: this worker has nothing more to say
                }
            }
        });
        let mut worker = Worker {
            process,
            requests: Some(requests),
            lines,
            layers: Vec::new(),
        };
        let sent = worker.send(setup);
        let first = worker.lines.recv_timeout(START);
        match first
            .ok()
            .and_then(|line| serde_json::from_str::<Hello>(&line).ok())
        {
            Some(Hello::Ready(layers)) => {
                worker.layers = layers;
                Ok(worker)
            }
            Some(Hello::NoPython(tried)) => Err(Error::NoPython { tried }),
            Some(Hello::Unprotected(missing)) => Err(Error::Unprotected { missing }),
            None => Err(Error::NotAWorker {
                program: program.clone(),
                found: match (sent, worker.process.try_wait()) {
                    (_, Ok(Some(status))) => format!("it ended with {status}"),
                    (Err(error), _) => format!("it does not listen: {error}"),
                    _ => "it did not say what it is".to_owned(),
                },
            }),
        }
    }

    fn send(&mut self, message: &impl serde::Serialize) -> std::io::Result<()> {
        let mut line =
            serde_json::to_vec(message).expect("the protocol's types have no maps with odd keys");
        line.push(b'\n');
        let requests = self
            .requests
            .as_mut()
            .expect("a worker that is in use has its pipe");
        requests.write_all(&line)?;
        requests.flush()
    }
}
// ANCHOR_END: start

// ANCHOR: ask
impl Worker {
    /// The answer, and whether the worker may be used again.
    fn ask(&mut self, request: &Request) -> (Outcome, bool) {
        let start = Instant::now();
        if let Err(error) = self.send(request) {
            let reason = format!("the worker is gone: {error}");
            return (Outcome::ended(Verdict::NotStarted(reason), 0.0), false);
        }
        let patience = Duration::from_secs_f64(request.limits.seconds) + GRACE;
        let answer = self.lines.recv_timeout(patience);
        let seconds = start.elapsed().as_secs_f64();
        let verdict = match answer {
            Ok(line) => match serde_json::from_str::<Answer>(&line) {
                Ok(outcome) => return (outcome, true),
                Err(_) => Verdict::Killed("the worker answered with something else".to_owned()),
            },
            Err(RecvTimeoutError::Timeout) => Verdict::TimedOut,
            Err(RecvTimeoutError::Disconnected) => {
                // Its output is closed. A worker that has ended keeps its status; one that has not is ended now.
                let _ = self.process.kill();
                ending(self.process.wait().ok())
            }
        };
        (Outcome::ended(verdict, seconds), false)
    }
}

/// What the end of a worker says about the program that it was running.
fn ending(status: Option<std::process::ExitStatus>) -> Verdict {
    let Some(status) = status else {
        return Verdict::Killed("the worker vanished".to_owned());
    };
    if status.code() == Some(monty_types::OOM_EXIT_CODE) {
        return Verdict::OutOfMemory;
    }
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return Verdict::Killed(signal_name(signal));
    }
    Verdict::Killed(status.to_string())
}

#[cfg(unix)]
pub(super) fn signal_name(signal: i32) -> String {
    // The five that differ in no Unix, and that a crash or a limit produces.
    match signal {
        4 => "SIGILL".to_owned(),
        6 => "SIGABRT".to_owned(),
        8 => "SIGFPE".to_owned(),
        9 => "SIGKILL".to_owned(),
        11 => "SIGSEGV".to_owned(),
        other => format!("signal {other}"),
    }
}

impl Drop for Worker {
    /// Nothing of a worker outlives it. It sees its pipe closed, ends what it runs, removes its temporary folder and
    /// leaves, in a few milliseconds; if it does not, it is killed, and on Linux what it started dies with it.
    fn drop(&mut self) {
        drop(self.requests.take());
        for _ in 0..20 {
            if !matches!(self.process.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        // Both fail only for a process that has already ended and been waited for.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
// ANCHOR_END: ask

// ANCHOR: pool
/// The idle workers of one executor.
pub(super) struct Pool {
    program: PathBuf,
    setup: Setup,
    idle: Mutex<Vec<Worker>>,
    pub layers: Vec<Layer>,
}

impl Pool {
    /// Starts the first worker, which tells what protects it; so a missing Python or layer is an error here and not
    /// in the middle of an evaluation.
    pub fn new(program: PathBuf, setup: Setup) -> Result<Pool, Error> {
        let first = Worker::start(&program, &setup)?;
        Ok(Pool {
            program,
            setup,
            layers: first.layers.clone(),
            idle: Mutex::new(vec![first]),
        })
    }

    pub fn run(&self, program: &str, limits: &Limits, evaluate: bool) -> Outcome {
        let request = Request {
            program: program.to_owned(),
            limits: limits.sane(),
            evaluate,
        };
        // A lock whose holder panicked still holds a good list: nothing is half done between pop and push.
        let idle = || {
            self.idle
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner())
        };
        let kept = idle().pop();
        let alive = kept
            .and_then(|mut worker| matches!(worker.process.try_wait(), Ok(None)).then_some(worker));
        let mut worker = match alive {
            Some(worker) => worker,
            None => match Worker::start(&self.program, &self.setup) {
                Ok(worker) => worker,
                Err(error) => return Outcome::ended(Verdict::NotStarted(error.to_string()), 0.0),
            },
        };
        let (outcome, reusable) = worker.ask(&request);
        if reusable {
            idle().push(worker);
        }
        outcome
    }
}
// ANCHOR_END: pool

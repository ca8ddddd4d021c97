//! Starting the ranks of one machine: a program that starts itself several times and looks after what it has started.
//!
//! `torchrun` and `srun` do the same on many machines. What a user sees: the output of rank 0 as if it were alone; of the others
//! only what they say on the standard error, with their number before it; a signal reaches every rank once; when one rank fails, the
//! others get a while to say what they waited for, then all have ended, and the exit code is that of the rank that failed first.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use cudarc::driver::{result, sys};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::Error;

// ANCHOR: how-many
/// The ranks that `--nproc` asks for: a number, or `auto` for one per GPU, and one where there is none.
///
/// # Errors
/// A word that is neither, and 0.
pub fn how_many(asked: &str) -> Result<usize, Error> {
    if asked == "auto" {
        return Ok(gpus().max(1));
    }
    match asked.parse() {
        Ok(ranks) if (1..=1024).contains(&ranks) => Ok(ranks),
        _ => Err(Error::Variable {
            name: "--nproc",
            value: asked.to_string(),
            problem: "no number of ranks",
            remedy: "give a number from 1 on, or `auto` for one per GPU",
        }),
    }
}

/// Those that CUDA_VISIBLE_DEVICES leaves, by the driver's count. libtorch is not loaded for that: the ranks do it.
pub fn gpus() -> usize {
    // SAFETY: opens and closes a library. cudarc ends the program where the driver is missing, so it is asked first.
    if !unsafe { sys::is_culib_present() } || result::init().is_err() {
        return 0;
    }
    result::device::get_count().map_or(0, |count| count.max(0) as usize)
}
// ANCHOR_END: how-many

// ANCHOR: start
/// How long the other ranks may take to end by themselves when one has failed.
pub const LAST_WORDS: Duration = Duration::from_secs(25);

/// Starts `program` with `arguments` as `ranks` ranks on this machine and waits for all of them. The exit code: 0, or that of the first
/// one that failed (128 and the number of the signal, if one ended it). The others are ended `last_words` after it.
///
/// # Errors
/// A rank that cannot be started. Those that were are ended.
pub fn run(
    program: &Path,
    arguments: &[OsString],
    ranks: usize,
    last_words: Duration,
) -> Result<u8, Error> {
    let system = |doing| move |source| Error::System { doing, source };
    let mut signals =
        Signals::new([SIGINT, SIGTERM, SIGHUP]).map_err(system("listen to signals"))?;
    // A port that is free now. Between this and rank 0's own call somebody else could take it; rank 0 says so then.
    let port = TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map_err(system("find a free port"))?
        .port();
    let mut herd = Herd::default();
    for rank in 0..ranks {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env("RANK", rank.to_string())
            .env("WORLD_SIZE", ranks.to_string())
            .env("LOCAL_RANK", rank.to_string())
            .env("LOCAL_WORLD_SIZE", ranks.to_string())
            .env("MASTER_ADDR", "127.0.0.1")
            .env("MASTER_PORT", port.to_string())
            .env_remove("TORCHELASTIC_USE_AGENT_STORE")
            .stdin(Stdio::null());
        if rank > 0 {
            command.stdout(Stdio::null()).stderr(Stdio::piped());
        }
        follow(&mut command);
        let mut child = command.spawn().map_err(|source| Error::Start {
            rank,
            program: program.to_path_buf(),
            source,
        })?;
        let errors = child.stderr.take();
        let forwarding = errors.map(|errors| {
            thread::spawn(move || {
                for line in BufReader::new(errors).lines().map_while(Result::ok) {
                    eprintln!("rank {rank}: {line}");
                }
            })
        });
        herd.0.push(Ranked {
            child,
            ended: None,
            forwarding,
        });
    }
    let code = herd.watch(&mut signals, last_words);
    for forwarding in herd.0.iter_mut().filter_map(|it| it.forwarding.take()) {
        let _ = forwarding.join(); // the last lines
    }
    Ok(code)
}

/// Ctrl-C in a terminal reaches a whole group of processes. The ranks are in groups of their own, so that each hears of it once: from us. And they
/// end when we are killed and can tell them nothing.
fn follow(command: &mut Command) {
    command.process_group(0);
    #[cfg(target_os = "linux")]
    {
        let parent = std::process::id() as libc::pid_t;
        // SAFETY: between fork and exec only two system calls are made, which allocate nothing.
        unsafe {
            command.pre_exec(move || {
                if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) != 0 {
                    return Err(std::io::Error::last_os_error());
                }
                match libc::getppid() == parent {
                    true => Ok(()),
                    false => Err(std::io::ErrorKind::BrokenPipe.into()),
                }
            });
        }
    }
}
// ANCHOR_END: start

// ANCHOR: watch
/// The ranks that were started. None outlives it.
#[derive(Default)]
struct Herd(Vec<Ranked>);

struct Ranked {
    child: Child,
    ended: Option<ExitStatus>,
    /// Prints what it says on the standard error.
    forwarding: Option<JoinHandle<()>>,
}

impl Herd {
    fn watch(&mut self, signals: &mut Signals, last_words: Duration) -> u8 {
        let mut failed: Option<(u8, Instant)> = None;
        loop {
            for signal in signals.pending() {
                self.signal(signal);
            }
            let mut living = 0;
            for (rank, ranked) in self.0.iter_mut().enumerate() {
                if ranked.ended.is_some() {
                    continue;
                }
                let Ok(Some(status)) = ranked.child.try_wait() else {
                    living += 1;
                    continue;
                };
                ranked.ended = Some(status);
                if !status.success() && failed.is_none() {
                    let code = exit_code(status);
                    // Rank 0 said why it ended; a signal says nothing.
                    if rank > 0 || status.code().is_none() {
                        eprintln!(
                            "rank {rank} has ended first, with {status}; the other ranks end too"
                        );
                    }
                    failed = Some((code, Instant::now()));
                }
            }
            if living == 0 {
                return failed.map_or(0, |(code, _)| code);
            }
            if failed.is_some_and(|(_, when)| when.elapsed() > last_words) {
                self.signal(libc::SIGKILL);
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn signal(&self, signal: i32) {
        for ranked in self.0.iter().filter(|ranked| ranked.ended.is_none()) {
            // SAFETY: a child that was not waited for keeps its number.
            unsafe { libc::kill(ranked.child.id() as libc::pid_t, signal) };
        }
    }
}

impl Drop for Herd {
    fn drop(&mut self) {
        self.signal(libc::SIGKILL);
        for ranked in &mut self.0 {
            let _ = ranked.child.wait();
        }
    }
}

/// As a shell would say it.
fn exit_code(status: ExitStatus) -> u8 {
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal));
    code.map_or(1, |code| code.clamp(1, 255) as u8)
}
// ANCHOR_END: watch

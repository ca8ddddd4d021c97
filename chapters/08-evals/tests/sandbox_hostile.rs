//! Programs that try to get out, to stay, or to take too much. A canary file, sockets, a variable and a descriptor of
//! this test prove that they got nothing; the same programs without a sandbox prove that they would have.
#![cfg(target_os = "linux")]

mod skipped;

use evals::sandbox::{CPython, Error, Executor, Limits, Monty, Outcome, Verdict};
use skipped::skip;
use std::collections::BTreeMap;
use std::net::{TcpListener, UdpSocket};
use std::os::fd::AsRawFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const WORKER: &str = env!("CARGO_BIN_EXE_sandbox-worker");
const SECRET: &str = "four-hundred-blue-limpets";

struct Hostile {
    name: String,
    control: bool,
    verdict: Option<String>,
    text: String,
}

/// What the programs would like to reach.
struct Canary {
    folder: tempfile::TempDir,
    tcp: TcpListener,
    udp: UdpSocket,
    unix: UnixListener,
    hidden: UnixListener,
    _inherited: std::fs::File,
}

impl Canary {
    fn new() -> Canary {
        let folder = tempfile::Builder::new().prefix("canary").tempdir().unwrap();
        // Nothing but the sandbox stands in the way: everyone on this machine may read and write here.
        let open = |path: &std::path::Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        let secret = folder.path().join("secret.txt");
        std::fs::write(&secret, SECRET).unwrap();
        open(folder.path(), 0o777);
        open(&secret, 0o666);
        let unix = UnixListener::bind(folder.path().join("socket")).unwrap();
        open(&folder.path().join("socket"), 0o777);
        let name = SocketAddr::from_abstract_name(abstract_name()).unwrap();
        let hidden = UnixListener::bind_addr(&name).unwrap();
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        tcp.set_nonblocking(true).unwrap();
        udp.set_nonblocking(true).unwrap();
        unix.set_nonblocking(true).unwrap();
        hidden.set_nonblocking(true).unwrap();
        // A descriptor that children inherit, as a careless library would leave it.
        let inherited = std::fs::File::open(&secret).unwrap();
        assert_eq!(0, unsafe {
            libc::fcntl(inherited.as_raw_fd(), libc::F_SETFD, 0)
        });
        Canary {
            folder,
            tcp,
            udp,
            unix,
            hidden,
            _inherited: inherited,
        }
    }

    fn fill(&self, text: &str) -> String {
        text.replace("@FOLDER@", &self.folder.path().to_string_lossy())
            .replace("@TCP@", &self.tcp.local_addr().unwrap().port().to_string())
            .replace("@UDP@", &self.udp.local_addr().unwrap().port().to_string())
            .replace("@ABSTRACT@", &abstract_name())
            .replace("@PARENT@", &std::process::id().to_string())
            .replace("@SECRET@", SECRET)
    }

    fn assert_untouched(&self) {
        let secret = self.folder.path().join("secret.txt");
        assert_eq!(
            SECRET,
            std::fs::read_to_string(&secret).unwrap(),
            "the canary was changed"
        );
        assert_eq!(
            0o666,
            std::fs::metadata(&secret).unwrap().permissions().mode() & 0o7777
        );
        let mut names: Vec<_> = std::fs::read_dir(self.folder.path())
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .collect();
        names.sort();
        assert_eq!(names, ["secret.txt", "socket"], "something was planted");
        assert!(self.tcp.accept().is_err(), "somebody connected by TCP");
        assert!(
            self.udp.recv(&mut [0; 16]).is_err(),
            "somebody sent a datagram"
        );
        assert!(
            self.unix.accept().is_err(),
            "somebody connected to the socket file"
        );
        assert!(
            self.hidden.accept().is_err(),
            "somebody connected to the abstract socket"
        );
        assert!(!std::path::Path::new("/tmp/nanocrab-planted").exists());
        assert!(!std::path::Path::new("/dev/shm/nanocrab-planted").exists());
    }
}

fn abstract_name() -> String {
    format!("nanocrab-canary-{}", std::process::id())
}

fn programs(canary: &Canary) -> Vec<Hostile> {
    let all = include_str!("hostile/programs.py");
    let (_, all) = all.split_once("\n#: ").unwrap();
    all.split("\n#: ")
        .map(|one| {
            let (head, text) = one.split_once('\n').unwrap();
            let mut words = head.split(' ');
            let name = words.next().unwrap().to_owned();
            let words: Vec<&str> = words.collect();
            Hostile {
                name,
                control: words.contains(&"control"),
                verdict: words
                    .iter()
                    .find_map(|word| word.strip_prefix('='))
                    .map(str::to_owned),
                text: canary.fill(text),
            }
        })
        .collect()
}

/// Limits with a size that no other process on this machine has, to find survivors by.
fn marked(seconds: f64, memory_bytes: u64) -> Limits {
    Limits {
        seconds,
        memory_bytes,
        output_bytes: 10_000,
        disk_bytes: (16 << 20) + u64::from(std::process::id()),
        ..Limits::default()
    }
}

fn survivors(limits: &Limits) -> Vec<String> {
    let mark = format!(" {} ", limits.disk_bytes);
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter(|entry| {
            let read =
                |name: &str| std::fs::read_to_string(entry.path().join(name)).unwrap_or_default();
            // A zombie runs no more; when it is buried is up to the machine's process 1.
            let status = read("status");
            let dead = status.contains("State:\tZ") && status.contains("Threads:\t1\n");
            read("limits").contains(&mark) && !dead
        })
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// Of all that ran with these limits, nobody is left a moment later.
fn assert_nobody_survives(limits: &Limits) {
    let start = Instant::now();
    while !survivors(limits).is_empty() && start.elapsed() < Duration::from_secs(1) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let left = survivors(limits);
    assert!(left.is_empty(), "processes are left: {left:?}");
}

fn timed(executor: &dyn Executor, text: &str, limits: &Limits) -> (Outcome, f64) {
    let start = Instant::now();
    let outcome = executor.run(text, limits);
    (outcome, start.elapsed().as_secs_f64())
}

/// Runs every program, two at a time; returns the verdicts by name.
fn run_all(
    executor: &dyn Executor,
    programs: &[Hostile],
    limits: &Limits,
) -> BTreeMap<String, Verdict> {
    // Two workers first: starting one, with libtorch in it, is not the program's time.
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| executor.run("while True:\n    pass", &limits.with_seconds(0.3)));
        }
    });
    let next = AtomicUsize::new(0);
    let verdicts = Mutex::new(BTreeMap::new());
    let complaints = Mutex::new(Vec::new());
    let slowest = Mutex::new((0.0, String::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(program) = programs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (mut outcome, mut seconds) = timed(executor, &program.text, limits);
                    if seconds > limits.seconds + 1.0 {
                        // A machine with too much to do is late once; a program that outlives its limit, every time.
                        (outcome, seconds) = timed(executor, &program.text, limits);
                    }
                    let complain = |what: String| {
                        complaints
                            .lock()
                            .unwrap()
                            .push(format!("{}: {what}", program.name))
                    };
                    if outcome.stdout.contains("ESCAPED") {
                        complain(format!("escaped: {:.100}", outcome.stdout));
                    }
                    if seconds > limits.seconds + 1.0 {
                        complain(format!("took {seconds:.2} s of {} s", limits.seconds));
                    }
                    if let Verdict::NotStarted(reason) = &outcome.verdict {
                        complain(format!("not started: {reason}"));
                    }
                    for text in [&outcome.stdout, &outcome.stderr] {
                        if text.len() > 4 * limits.output_bytes {
                            complain(format!("{} bytes of output", text.len()));
                        }
                    }
                    let mut slowest = slowest.lock().unwrap();
                    if seconds > slowest.0 {
                        *slowest = (seconds, program.name.clone());
                    }
                    verdicts
                        .lock()
                        .unwrap()
                        .insert(program.name.clone(), outcome.verdict);
                }
            });
        }
    });
    let complaints = complaints.into_inner().unwrap();
    assert!(
        complaints.is_empty(),
        "{}:\n{}",
        executor.name(),
        complaints.join("\n")
    );
    let (seconds, name) = slowest.into_inner().unwrap();
    println!(
        "{}: {} programs, the slowest {name} with {seconds:.2} s",
        executor.name(),
        programs.len()
    );
    verdicts.into_inner().unwrap()
}

fn kind(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Finished => "Finished",
        Verdict::Failed(_) => "Failed",
        Verdict::TimedOut => "TimedOut",
        Verdict::OutOfMemory => "OutOfMemory",
        Verdict::Killed(_) => "Killed",
        Verdict::NotStarted(_) => "NotStarted",
    }
}

/// Those harmless ones that succeed without a sandbox.
fn escapes_without_sandbox(programs: &[Hostile]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let run = |program: &Hostile| -> bool {
        let output = Command::new("python3")
            .args(["-I", "-S", "-c", &program.text])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).contains("ESCAPED")
    };
    programs
        .iter()
        .filter(|program| run(program))
        .map(|program| program.name.clone())
        .collect()
}

/// One suite at a time: the limits are on the clock, and two suites would take each other's.
static ONE: Mutex<()> = Mutex::new(());

#[test]
fn none_escapes_none_outlives_its_limit_and_every_call_is_answered() {
    let _one = ONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let canary = Canary::new();
    // SAFETY: the other test of this program writes nothing to the environment and waits for this one.
    unsafe { std::env::set_var("NANOCRAB_SANDBOX_CANARY", SECRET) };
    let programs = programs(&canary);
    assert!(programs.len() >= 60, "{} programs", programs.len());

    let monty = Monty::with_worker(WORKER).unwrap();
    run_all(&monty, &programs, &marked(0.3, 64 << 20));
    drop(monty);
    canary.assert_untouched();

    let limits = marked(1.0, 192 << 20);
    let cpython = CPython::with_worker(WORKER).unwrap();
    let verdicts = run_all(&cpython, &programs, &limits);
    let unexpected: Vec<String> = programs
        .iter()
        .filter_map(|program| {
            let verdict = &verdicts[&program.name];
            let expected = program.verdict.as_deref()?;
            (!expected.split('|').any(|one| one == kind(verdict)))
                .then(|| format!("{}: {verdict:?} instead of {expected}", program.name))
        })
        .collect();
    assert!(unexpected.is_empty(), "{}", unexpected.join("\n"));
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for verdict in verdicts.values() {
        *counts.entry(kind(verdict)).or_default() += 1;
    }
    println!("cpython says: {counts:?}");
    // The executor is as good as before, whatever was run in it.
    assert_eq!(Some("2".to_owned()), cpython.answer("1 + 1"));
    drop(cpython);
    canary.assert_untouched();
    assert_nobody_survives(&limits);

    let control: Vec<Hostile> = programs
        .into_iter()
        .filter(|program| program.control)
        .collect();
    let escaped = escapes_without_sandbox(&control);
    println!(
        "without a sandbox {} of {} harmless ones escape",
        escaped.len(),
        control.len()
    );
    let held: Vec<&str> = control
        .iter()
        .map(|p| p.name.as_str())
        .filter(|name| !escaped.iter().any(|e| e == name))
        .collect();
    // One may fail for the machine's own reasons (a network without loopback); the suite must be able to fail.
    assert!(held.len() <= 3, "these do not show anything: {held:?}");
}

/// As in a container: the kernel refuses every namespace, and Landlock, seccomp and the resource limits are left.
#[test]
fn none_escapes_where_namespaces_are_refused() {
    let _one = ONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let canary = Canary::new();
    let mut programs = programs(&canary);
    let limits = marked(1.0, 192 << 20);
    // Pipes and memory limits are the same as above, and cost a second each. Clocks are not: the worker kills init, and
    // with no namespace that ends with it, Python dies only because it asked to die with its parent.
    programs.retain(|program| {
        !(program.name.starts_with("output_") || program.name.starts_with("memory_"))
    });
    let rules = BTreeMap::from([(libc::SYS_unshare, vec![])]);
    let refuse = seccompiler::SeccompAction::Errno(libc::EPERM as u32);
    let allow = seccompiler::SeccompAction::Allow;
    let arch = std::env::consts::ARCH.try_into().unwrap();
    let filter = seccompiler::SeccompFilter::new(rules, allow, refuse, arch).unwrap();
    let filter: seccompiler::BpfProgram = filter.try_into().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // For this thread and what it starts, threads and workers.
            seccompiler::apply_filter(&filter).unwrap();
            match CPython::with_worker(WORKER) {
                Ok(cpython) => {
                    let names: Vec<String> = cpython
                        .protections()
                        .into_iter()
                        .filter(|l| !l.is_active())
                        .map(|l| l.name)
                        .collect();
                    assert!(names.contains(&"mount namespace".to_owned()), "{names:?}");
                    run_all(&cpython, &programs, &limits);
                }
                // Root's programs run as `nobody`, who may be unable to enter the folder of the only Python.
                Err(error @ Error::NoPython { .. }) => skip(error),
                Err(error) => panic!("{error}"),
            }
        });
    });
    canary.assert_untouched();
    assert_nobody_survives(&limits);
}

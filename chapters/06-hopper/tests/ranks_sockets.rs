//! Ranks in several programs: the same results as ranks in one, to the last bit, and whoever is lost is named.
//!
//! A program that is a rank is this test's own, started again to run `rank_of_a_program` alone.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use hopper::ranks::rendezvous::{Hears, VERSION};
use hopper::ranks::wire::{self, Message};
use hopper::ranks::{Error, Limits, Place, Rendezvous, Sockets};
use muon::{Collective, Threads, gather_bytes, sum_over_ranks};
use tch::{Device, Kind, Tensor};

const SHORT: Limits = Limits {
    join: Duration::from_secs(20),
    silence: Duration::from_secs(3),
    operation: Duration::from_secs(20),
};

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}

fn place(rank: usize, world: usize, port: u16) -> Place {
    Place {
        rank,
        world,
        local_rank: rank,
        local_world: Some(world),
        host: "127.0.0.1".to_string(),
        port,
    }
}

/// Runs `work` on threads that meet over sockets.
fn over_sockets<T: Send>(
    world: usize,
    limits: Limits,
    work: impl Fn(Result<Sockets, Error>) -> T + Sync,
) -> Vec<T> {
    let (port, work) = (free_port(), &work);
    thread::scope(|scope| {
        let ranks: Vec<_> = (0..world)
            .map(|rank| {
                let place = place(rank, world, port);
                scope.spawn(move || work(Sockets::join(&place, &limits)))
            })
            .collect();
        let ended = ranks.into_iter().map(|rank| rank.join());
        ended.map(|it| it.expect("no panic")).collect()
    })
}

fn bytes_of(tensor: &Tensor) -> Vec<u8> {
    let numel = tensor.numel();
    let mut bytes = vec![0; numel * tensor.kind().elt_size_in_bytes()];
    tensor.contiguous().copy_data_u8(&mut bytes, numel);
    let mut all = format!("{:?} {:?} ", tensor.size(), tensor.kind()).into_bytes();
    all.extend(bytes);
    all
}

/// Every operation, in several kinds of numbers, waited for out of order; all results as bytes.
fn every_operation(ranks: &dyn Collective) -> Vec<u8> {
    let (rank, world) = (ranks.rank() as i64, ranks.world() as i64);
    let numbers = |rows: i64, kind: Kind| {
        // Irregular, so that another order of summation gives other bits.
        let base = Tensor::arange(rows * 5, (Kind::Double, Device::Cpu));
        let mixed = (base * 0.7311 + rank as f64 * 1.913).sin() * 10f64.powi(rank as i32 * 3 - 2);
        mixed.view([rows, 5]).to_kind(kind)
    };
    let mut results = Vec::new();
    for kind in [Kind::Float, Kind::BFloat16, Kind::Double] {
        let mut own = numbers(4, kind);
        let handles = vec![
            ranks.reduce_scatter(numbers(2 * world, kind)),
            ranks.all_reduce(own.shallow_clone()),
            ranks.all_gather(numbers(3, kind).narrow(1, 1, 3)),
            ranks.broadcast(numbers(1, kind), world as usize - 1),
        ];
        let _ = own.fill_(7.0); // it was sent before
        for handle in handles.into_iter().rev() {
            results.push(handle.wait().expect("all ranks live"));
        }
        ranks.barrier().expect("all ranks live");
    }
    let words = format!("rank {rank} says {}", "so ".repeat(rank as usize * 40));
    let mut bytes: Vec<u8> = results.iter().flat_map(bytes_of).collect();
    for said in gather_bytes(ranks, words.as_bytes()).expect("all ranks live") {
        bytes.extend(said);
    }
    let [sum] = sum_over_ranks(ranks, [0.1 + rank as f64 / 3.0]).expect("all ranks live");
    bytes.extend(sum.to_le_bytes());
    let empty = Tensor::zeros([0, 3], (Kind::Float, Device::Cpu));
    bytes.extend(bytes_of(&ranks.all_gather(empty).wait().expect("all live")));
    bytes
}

#[test]
fn sockets_give_the_bits_that_threads_give() {
    for world in [2, 3] {
        let expected = Threads::run(world, |rank| every_operation(&rank));
        let found = over_sockets(world, SHORT, |rank| {
            let rank = rank.expect("all come");
            let first = every_operation(&rank);
            assert_eq!(first, every_operation(&rank), "the second time");
            first
        });
        assert!(
            expected[0] != expected[1],
            "a scattered piece is a rank's own"
        );
        assert!(found == expected, "{world} ranks");
    }
}

#[test]
fn one_rank_alone_needs_nobody() {
    let found = over_sockets(1, SHORT, |rank| every_operation(&rank.expect("alone")));
    let expected = Threads::run(1, |rank| every_operation(&rank));
    assert!(found == expected);
}

/// What [`rank_of_a_program`] is to do: `every` operation, or to be lost in some way.
const TASK: &str = "NANOCRAB_TEST_TASK";

/// This program again, as one rank.
fn program(rank: usize, world: usize, port: u16, task: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command
        .args([
            "--exact",
            "rank_of_a_program",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(TASK, task)
        .env("RANK", rank.to_string())
        .env("WORLD_SIZE", world.to_string())
        .env("LOCAL_RANK", rank.to_string())
        .env("MASTER_ADDR", "127.0.0.1")
        .env("MASTER_PORT", port.to_string())
        .env_remove("TORCHELASTIC_USE_AGENT_STORE")
        .stdout(Stdio::piped());
    command.spawn().expect("starts")
}

/// No test of its own: does nothing unless it was started by [`program`].
#[test]
fn rank_of_a_program() {
    let Ok(task) = std::env::var(TASK) else {
        return;
    };
    tch::set_num_threads(1);
    let place = Place::of_this_program().expect("a place").expect("several");
    let ranks = Sockets::join(&place, &SHORT).expect("all come");
    let mut out = std::io::stdout();
    if task == "every" {
        let bytes = every_operation(&ranks);
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(out, "\nfound {hex}").expect("a pipe");
        return;
    }
    ranks.barrier().expect("all came");
    if place.rank == 1 {
        writeln!(out, "\nready").expect("a pipe");
        match task.as_str() {
            "die" => std::process::exit(9), // nothing is dropped: as a kill
            _ => thread::sleep(Duration::from_secs(600)),
        }
    }
    let tensor = Tensor::ones([3], (Kind::Float, Device::Cpu));
    let error = ranks.all_reduce(tensor).wait().expect_err("rank 1 is lost");
    writeln!(out, "\nerror {error}").expect("a pipe");
}

/// What a program printed behind a word.
fn said(child: Child, word: &str) -> String {
    let output = child.wait_with_output().expect("ends");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix(word));
    line.unwrap_or_else(|| panic!("no `{word}` in:\n{text}"))
        .trim()
        .to_string()
}

#[test]
fn programs_give_the_bits_that_threads_give() {
    for world in [2, 3] {
        let port = free_port();
        let children: Vec<Child> = (0..world)
            .map(|rank| program(rank, world, port, "every"))
            .collect();
        let expected = Threads::run(world, |rank| every_operation(&rank));
        for (child, expected) in children.into_iter().zip(expected) {
            let hex: String = expected.iter().map(|byte| format!("{byte:02x}")).collect();
            assert!(said(child, "found") == hex, "{world} programs");
        }
    }
}

/// Three programs, of which rank 1 is lost; what the others say, and after how long.
fn without_rank_1(task: &str, lose: impl Fn(&Child)) -> (Vec<String>, Duration) {
    let port = free_port();
    let mut children: Vec<Child> = (0..3).map(|rank| program(rank, 3, port, task)).collect();
    let mut lost = children.remove(1);
    // It says when all have met.
    let mut out = lost.stdout.take().expect("a pipe");
    let mut text = String::new();
    let mut byte = [0];
    while !text.contains("ready") {
        assert_eq!(out.read(&mut byte).expect("readable"), 1, "{text}");
        text.push(byte[0] as char);
    }
    lose(&lost);
    let since = Instant::now();
    let errors = children.into_iter().map(|child| said(child, "error"));
    let errors: Vec<String> = errors.collect();
    let took = since.elapsed();
    let _ = lost.kill();
    let _ = lost.wait();
    (errors, took)
}

fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    let sent = Command::new("kill").args([name, &id]).status();
    assert!(sent.expect("kill").success());
}

#[test]
fn a_program_that_dies_is_named_at_once() {
    for (task, kill) in [("die", false), ("wait", true)] {
        let (errors, took) = without_rank_1(task, |child| {
            if kill {
                signal(child, "-KILL");
            }
        });
        for error in errors {
            assert!(
                error.starts_with("rank 1 did not join operation 1, all_reduce"),
                "{error}"
            );
            assert!(error.contains("its connection was closed"), "{error}");
        }
        // No limit had to pass.
        assert!(took < SHORT.silence, "{took:?}");
    }
}

#[test]
fn a_program_that_is_stopped_is_named_after_the_silence() {
    let (errors, took) = without_rank_1("wait", |child| signal(child, "-STOP"));
    for error in errors {
        assert!(
            error.starts_with("rank 1 did not join operation 1, all_reduce"),
            "{error}"
        );
        assert!(
            error.contains("nothing was heard of it for 3 seconds"),
            "{error}"
        );
    }
    assert!(took > SHORT.silence / 2, "{took:?}");
    assert!(took < SHORT.operation, "{took:?}");
}

#[test]
fn a_rank_that_lives_and_does_not_come_is_named_after_the_operation() {
    let limits = Limits {
        operation: Duration::from_millis(700),
        ..SHORT
    };
    let found = over_sockets(3, limits, |rank| {
        let rank = rank.expect("all come");
        if rank.rank() == 1 {
            thread::sleep(Duration::from_millis(1500));
            return None;
        }
        let since = Instant::now();
        let error = rank.barrier().expect_err("rank 1 sleeps");
        assert!(since.elapsed() < Duration::from_millis(1400));
        thread::sleep(Duration::from_millis(300)); // until the other has looked too
        Some(error.to_string())
    });
    for (rank, error) in found.into_iter().enumerate() {
        let Some(error) = error else { continue };
        let start =
            format!("rank {rank} waited 0.7 seconds in operation 0, barrier, for the ranks [1]");
        assert!(error.starts_with(&start), "{error}");
    }
}

#[test]
fn ranks_that_leave_say_why_and_those_that_do_something_else_are_told() {
    let found = over_sockets(3, SHORT, |rank| {
        let rank = rank.expect("all come");
        match rank.rank() {
            2 => {
                rank.leave("the disk is full");
                None
            }
            _ => Some(rank.barrier().expect_err("rank 2 left").to_string()),
        }
    });
    for error in found.iter().flatten() {
        // Rank 0 hears it first, and may be gone when rank 1 looks.
        assert!(error.contains("the disk is full"), "{error}");
    }
    let found = over_sockets(2, SHORT, |rank| {
        let rank = rank.expect("all come");
        let own = Tensor::zeros([2 + rank.rank() as i64], (Kind::Float, Device::Cpu));
        let error = rank.all_reduce(own).wait().expect_err("another shape");
        // Whoever is told first must not be gone before the other has looked.
        thread::sleep(Duration::from_millis(200));
        error.to_string()
    });
    for error in found {
        assert!(
            error.contains("all ranks must start the same operations"),
            "{error}"
        );
        assert!(error.contains("[2]") && error.contains("[3]"), "{error}");
    }
}

struct Deaf;

impl Hears for Deaf {
    fn brought(&self, _rank: usize, _message: &Message, _payload: &[u8]) {}
    fn gone(&self, _rank: usize, _why: &str) {}
}

fn join(place: &Place, limits: &Limits) -> Result<Rendezvous, Error> {
    Rendezvous::join(place, limits, Arc::new(Deaf))
}

/// Both sides' complaints.
fn complaints(first: Place, second: Place) -> (String, String) {
    thread::scope(|scope| {
        let other = scope.spawn(move || join(&second, &SHORT).err().expect("is turned away"));
        let own = join(&first, &SHORT).err().expect("cannot begin");
        let other = other.join().expect("no panic");
        (own.to_string(), other.to_string())
    })
}

#[test]
fn ranks_that_contradict_each_other_do_not_begin() {
    let port = free_port();
    let (own, other) = complaints(place(0, 2, port), place(1, 3, port));
    let said = format!("rank 1 came to 127.0.0.1:{port} with WORLD_SIZE 3 where rank 0 has 2");
    assert!(own.starts_with(&said), "{own}");
    assert!(
        other.starts_with("rank 1 was turned away by rank 0 at 127.0.0.1"),
        "{other}"
    );
    assert!(other.contains(&said), "{other}");

    // Two with one number, of three.
    let port = free_port();
    thread::scope(|scope| {
        let doubles = [(); 2].map(|()| scope.spawn(|| join(&place(2, 3, port), &SHORT).err()));
        let own = join(&place(0, 3, port), &SHORT)
            .err()
            .expect("cannot begin");
        let said = format!("two programs came to 127.0.0.1:{port} as rank 2");
        assert!(own.to_string().starts_with(&said), "{own}");
        for double in doubles {
            let error = double.join().expect("no panic").expect("cannot begin");
            assert!(error.to_string().contains(&said), "{error}");
        }
    });
}

#[test]
fn another_version_is_turned_away_and_a_stranger_is_ignored() {
    let port = free_port();
    let knock = || loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(stream) => return stream,
            Err(_) => thread::sleep(Duration::from_millis(10)),
        }
    };
    let said = thread::scope(|scope| {
        let old = scope.spawn(|| {
            let mut stranger = knock();
            let _ = stranger.write_all(b"GET / HTTP/1.1\r\nHost: somebody\r\n\r\n");
            let mut old = knock();
            let hello = Message::Hello {
                version: VERSION + 1,
                world: 2,
                rank: 1,
            };
            wire::send(&mut old, &hello, &[]).expect("listens");
            wire::receive(&mut old).expect("answers").0
        });
        let error = join(&place(0, 2, port), &SHORT)
            .err()
            .expect("cannot begin");
        let Message::TurnedAway { why } = old.join().expect("no panic") else {
            panic!("not turned away");
        };
        assert_eq!(error.to_string(), why);
        why
    });
    let theirs = format!("speaking version {} of the rendezvous", VERSION + 1);
    assert!(said.contains(&theirs), "{said}");
}

#[test]
fn a_port_in_use_and_ranks_that_do_not_come_are_named() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let error = join(&place(0, 2, port), &SHORT).err().expect("in use");
    let error = error.to_string();
    assert!(
        error.starts_with(&format!("rank 0 cannot listen at 127.0.0.1:{port}")),
        "{error}"
    );
    assert!(error.contains("choose another MASTER_PORT"), "{error}");

    let hurry = Limits {
        join: Duration::from_millis(400),
        ..SHORT
    };
    let port = free_port();
    let found = thread::scope(|scope| {
        let one = scope.spawn(|| join(&place(1, 3, port), &hurry).err());
        let error = join(&place(0, 3, port), &hurry)
            .err()
            .expect("2 does not come");
        (
            error.to_string(),
            one.join().expect("no panic").expect("the same"),
        )
    });
    let said = format!("the ranks [2] of 3 did not join at 127.0.0.1:{port} within 0.4 seconds");
    assert!(found.0.starts_with(&said), "{}", found.0);
    assert!(found.1.to_string().contains(&said), "{}", found.1);

    let port = free_port();
    let error = join(&place(1, 2, port), &hurry)
        .err()
        .expect("nobody listens");
    let said = format!("rank 1 could not reach rank 0 at 127.0.0.1:{port} for 0.4 seconds");
    assert!(error.to_string().starts_with(&said), "{error}");
}

#[test]
fn a_word_of_rank_0_reaches_all() {
    let port = free_port();
    let heard = thread::scope(|scope| {
        let ranks: Vec<_> = (0..3)
            .map(|rank| {
                scope.spawn(move || {
                    let rendezvous = join(&place(rank, 3, port), &SHORT).expect("all come");
                    let own: Option<&[u8]> = (rank == 0).then_some(&[1, 2, 3]);
                    let word = rendezvous.word(own, "a word").expect("rank 0 lives");
                    // Who has started less is behind, as far as signs of life say.
                    rendezvous.doing(rank as u64 + 1, format!("operation of {rank}"));
                    thread::sleep(SHORT.silence / 2);
                    (word, rendezvous.behind(3))
                })
            })
            .collect();
        let ranks = ranks.into_iter().map(|rank| rank.join().expect("no panic"));
        ranks.collect::<Vec<_>>()
    });
    for (word, behind) in heard {
        assert_eq!(word, [1, 2, 3]);
        let expected = [
            (0, "operation of 0".to_string()),
            (1, "operation of 1".to_string()),
        ];
        assert_eq!(behind, expected);
    }
}

/// A name that others reach this machine by: rank 0 listens at all addresses then.
#[cfg(target_os = "linux")]
#[test]
fn ranks_meet_at_an_address_that_is_not_local_by_name() {
    let port = free_port();
    let at = |rank| Place {
        host: "127.0.0.2".to_string(),
        ..place(rank, 2, port)
    };
    thread::scope(|scope| {
        let other = scope.spawn(|| Sockets::join(&at(1), &SHORT).expect("all come").barrier());
        let own = Sockets::join(&at(0), &SHORT).expect("all come").barrier();
        own.expect("all live");
        other.join().expect("no panic").expect("all live");
    });
}

//! How ranks find each other, and how they learn that one of them is gone.
//!
//! Rank 0 listens at MASTER_ADDR:MASTER_PORT, the others connect and say who they are. When all are there, rank 0 says so, and the
//! connections stay open: a star with rank 0 in the middle, which passes on what the others say.
//!
//! ```text
//! rank 1 ──Hello──▶ rank 0 ◀──Hello── rank 2       then Begin to all, then signs of life both ways
//! ```
//!
//! A collective operation cannot tell a rank that died from one that is late; NCCL waits for ever. These connections can:
//!
//! - the system closes the connections of a program that ends, however it ends: the others know within milliseconds;
//! - a machine that loses its power closes nothing, and a program that is stopped says nothing: so every rank gives a sign of life
//!   from a thread of its own, and one that gives none for [`Limits::silence`] counts as gone;
//! - a rank whose threads live and that does not come (it reads from a dead disk, say) gives signs of life. With each it says which operation
//!   it started last, so that whoever has waited for [`Limits::operation`] can name it.

mod liveness;
mod meeting;

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::Error;
use super::place::Place;
use super::wire::{self, Message};

use meeting::*;

// ANCHOR: limits
/// Of the conversation, not of this program. Ranks of two versions turn each other away.
pub const VERSION: u32 = 1;

/// How long ranks wait.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// For all to come. Machines of a cluster do not start at once.
    pub join: Duration,
    /// For a sign of life.
    pub silence: Duration,
    /// For the others in an operation. Longer than any rank does something alone, such as writing a checkpoint to a slow disk.
    pub operation: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            join: Duration::from_secs(120),
            silence: Duration::from_secs(20),
            operation: Duration::from_secs(300),
        }
    }
}

/// Who wants to hear what the others say.
pub trait Hears: Send + Sync {
    /// Another rank brings a tensor.
    fn brought(&self, rank: usize, message: &Message, payload: &[u8]);
    /// A rank will join no more.
    fn gone(&self, rank: usize, why: &str);
}
// ANCHOR_END: limits

// ANCHOR: rendezvous
/// This rank's connections. Dropping it tells the others that this rank has ended.
pub struct Rendezvous {
    shared: Arc<Shared>,
}

struct Shared {
    place: Place,
    limits: Limits,
    hears: Arc<dyn Hears>,
    /// By rank: rank 0 has all others, the others have rank 0.
    lines: Vec<Option<Mutex<TcpStream>>>,
    state: Mutex<State>,
    news: Condvar,
}

#[derive(Default)]
struct State {
    /// Of every rank that will join no more: why.
    gone: Vec<Option<String>>,
    /// Of every rank: how many operations it has started, and the last of them.
    doing: Vec<(u64, String)>,
    /// Words of rank 0 that nobody has asked for yet.
    words: VecDeque<Vec<u8>>,
    /// Threads that read.
    reading: usize,
    closing: bool,
}

impl Rendezvous {
    /// Returns when all ranks have come.
    ///
    /// # Errors
    /// A port that is in use, ranks that do not come, that contradict each other, or that speak another version.
    pub fn join(
        place: &Place,
        limits: &Limits,
        hears: Arc<dyn Hears>,
    ) -> Result<Rendezvous, Error> {
        let streams = match place.rank {
            0 => wait_for_all(place, limits)?,
            _ => reach_rank_0(place, limits)?,
        };
        let mut readers = Vec::new();
        let mut lines = Vec::new();
        for (other, stream) in streams.into_iter().enumerate() {
            let Some(stream) = stream else {
                lines.push(None);
                continue;
            };
            let ready = || -> io::Result<TcpStream> {
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(limits.silence))?;
                stream.set_write_timeout(Some(limits.silence))?;
                stream.try_clone()
            };
            readers.push((
                other,
                ready().map_err(|source| line_error(place, other, source))?,
            ));
            lines.push(Some(Mutex::new(stream)));
        }
        let shared = Arc::new(Shared {
            place: place.clone(),
            limits: *limits,
            hears,
            lines,
            state: Mutex::new(State {
                gone: vec![None; place.world],
                doing: vec![(0, "nothing yet".to_string()); place.world],
                reading: readers.len(),
                ..State::default()
            }),
            news: Condvar::new(),
        });
        for (other, stream) in readers {
            let shared = shared.clone();
            start(move || shared.read(other, stream))?;
        }
        let beating = shared.clone();
        start(move || beating.beat())?;
        Ok(Rendezvous { shared })
    }

    /// Which rank this is.
    pub fn place(&self) -> &Place {
        &self.shared.place
    }

    /// How long others are waited for.
    pub fn limits(&self) -> &Limits {
        &self.shared.limits
    }
}

fn start(work: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    let started = thread::Builder::new().name("rendezvous".to_string());
    let started = started.spawn(work).map_err(|source| Error::System {
        doing: "start a thread",
        source,
    });
    started.map(drop)
}

fn line_error(place: &Place, other: usize, source: io::Error) -> Error {
    Error::Line {
        rank: place.rank,
        other,
        source,
    }
}
// ANCHOR_END: rendezvous

// ANCHOR: said
impl Rendezvous {
    /// A word of rank 0, the same on every rank: its own on rank 0, what it said on the others.
    ///
    /// # Errors
    /// Rank 0 is gone, or says nothing for as long as an operation may take.
    pub fn word(&self, own: Option<&[u8]>, what: &'static str) -> Result<Vec<u8>, Error> {
        if let Some(word) = own.filter(|_| self.place().rank == 0) {
            self.tell(&Message::Word, word);
            return Ok(word.to_vec());
        }
        let shared = &self.shared;
        let waited =
            shared
                .news
                .wait_timeout_while(shared.state(), shared.limits.operation, |it| {
                    it.words.is_empty() && it.gone[0].is_none()
                });
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        state.words.pop_front().ok_or_else(|| Error::Lost {
            waiting: shared.place.rank,
            rank: 0,
            why: state.gone[0].clone().unwrap_or_else(|| {
                let seconds = shared.limits.operation.as_secs_f64();
                format!("it lives, but sent nothing for {seconds} seconds")
            }),
            what,
        })
    }

    /// Says something to all ranks; over rank 0, if this is another one.
    pub fn tell(&self, message: &Message, payload: &[u8]) {
        self.shared
            .tell_all_but(self.place().rank, message, payload);
    }

    /// Notes what this rank starts; the others hear of it with the next sign of life.
    pub fn doing(&self, started: u64, operation: String) {
        self.shared.state().doing[self.place().rank] = (started, operation);
    }

    /// The ranks that have not started as many operations, and what each started last.
    pub fn behind(&self, started: u64) -> Vec<(usize, String)> {
        let state = self.shared.state();
        let ranks = state.doing.iter().enumerate();
        let late = ranks.filter(|(_, doing)| doing.0 < started);
        late.map(|(rank, doing)| (rank, doing.1.clone())).collect()
    }

    /// Another rank that will join no more, and why.
    pub fn lost(&self) -> Option<(usize, String)> {
        let state = self.shared.state();
        let mut others = state.gone.iter().enumerate();
        others.find_map(|(rank, why)| {
            let why = why.clone().filter(|_| rank != self.shared.place.rank)?;
            Some((rank, why))
        })
    }

    /// Says why this rank will join no more.
    pub fn leave(&self, why: &str) {
        let rank = self.place().rank;
        if self.shared.state().gone[rank].is_some() {
            return;
        }
        // Rank 0 passes it on by itself.
        self.shared.gone(rank, why);
        if rank != 0 {
            let why = why.to_string();
            self.tell(&Message::Gone { rank, why }, &[]);
        }
    }
}

impl Drop for Rendezvous {
    fn drop(&mut self) {
        self.leave(match thread::panicking() {
            true => "it panicked",
            false => "it has ended",
        });
        let shared = &self.shared;
        shared.state().closing = true;
        shared.news.notify_all();
        let shut = |how| {
            for line in shared.lines.iter().flatten() {
                let line = line.lock().unwrap_or_else(PoisonError::into_inner);
                let _ = line.shutdown(how); // it may be closed from the other side
            }
        };
        // What was said last must arrive, and rank 0 has to pass on what others say: so it listens for a moment more.
        shut(Shutdown::Write);
        let moment = Duration::from_secs(1).min(shared.limits.silence);
        let waited = shared
            .news
            .wait_timeout_while(shared.state(), moment, |it| it.reading > 0);
        drop(waited);
        shut(Shutdown::Both);
    }
}
// ANCHOR_END: said

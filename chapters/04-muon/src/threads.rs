// ANCHOR: head
//! N ranks as N threads of one program: what several GPUs do, without a GPU and always in the same way.
//!
//! Each rank counts the operations it starts. Those with one number belong together and meet in a *meeting*: every rank
//! brings its tensor, and `wait` returns when all have. Sums are taken in the order of the ranks, whoever came first, so
//! two runs have the same bits. Where they meet, the [`Hall`], does not know who the ranks are: chapter 06 brings the tensors of
//! other processes into it.
//!
//! A rank that does not come must not hang the others. One that is dropped (its thread has ended, or panicked) is noted as
//! gone, and one that is merely late is waited for only so long.

use crate::{Collective, Error, Handle};
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tch::{Device, Kind, Tensor};
// ANCHOR_END: head

// ANCHOR: threads
/// One of the ranks. Made together by [`Threads::new`]; each is moved to a thread of its own.
pub struct Threads {
    hall: Arc<Hall>,
    rank: usize,
    /// How many operations this rank has started.
    started: Cell<u64>,
}

/// Where ranks meet.
pub struct Hall {
    world: usize,
    /// How many ranks fetch their results here.
    here: usize,
    patience: Duration,
    state: Mutex<State>,
    news: Condvar,
}

struct State {
    /// By number; a meeting is forgotten when every rank has its result.
    meetings: BTreeMap<u64, Meeting>,
    /// Of every rank that will join no more: why.
    gone: Vec<Option<String>>,
}

struct Meeting {
    call: Call,
    /// What each rank brought.
    brought: Vec<Option<Tensor>>,
    /// A rank that started something else, and what.
    stranger: Option<(usize, Call)>,
    /// Ranks that have their result.
    served: usize,
}

/// An operation as all ranks have to start it.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    pub operation: Operation,
    pub shape: Vec<i64>,
    pub kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Operation {
    ReduceScatter,
    AllGather,
    AllReduce,
    Broadcast { root: usize },
    Barrier,
}

impl fmt::Display for Call {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let name = match self.operation {
            Operation::ReduceScatter => "reduce_scatter",
            Operation::AllGather => "all_gather",
            Operation::AllReduce => "all_reduce",
            Operation::Broadcast { .. } => "broadcast",
            Operation::Barrier => return write!(out, "barrier"),
        };
        write!(out, "{name} of {:?} {:?}", self.shape, self.kind)
    }
}

impl Threads {
    /// The ranks of a world, in order. They wait half a minute for each other.
    #[allow(clippy::new_ret_no_self)] // one rank alone is nothing
    pub fn new(world: usize) -> Vec<Threads> {
        Threads::with_patience(world, Duration::from_secs(30))
    }

    /// As `new`; a rank that is `patience` late counts as lost.
    pub fn with_patience(world: usize, patience: Duration) -> Vec<Threads> {
        let hall = Arc::new(Hall::new(world, world, patience));
        let rank = |rank| Threads {
            hall: hall.clone(),
            rank,
            started: Cell::new(0),
        };
        (0..world).map(rank).collect()
    }

    /// Runs `work` on `world` threads, one for each rank; what they return, in the order of the ranks. A panic goes on
    /// in the caller when all have ended.
    pub fn run<T: Send>(world: usize, work: impl Fn(Threads) -> T + Sync) -> Vec<T> {
        let work = &work;
        std::thread::scope(|scope| {
            let ranks: Vec<_> = Threads::new(world)
                .into_iter()
                .map(|rank| scope.spawn(move || work(rank)))
                .collect();
            let ended: Vec<_> = ranks.into_iter().map(|rank| rank.join()).collect();
            let result = |ended: std::thread::Result<T>| {
                ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            ended.into_iter().map(result).collect()
        })
    }
}
// ANCHOR_END: threads

// ANCHOR: start
impl Threads {
    /// Brings this rank's tensor to the next meeting.
    fn start(&self, operation: Operation, tensor: Tensor) -> Handle {
        let number = self.started.get();
        self.started.set(number + 1);
        let call = Call {
            operation,
            shape: tensor.size(),
            kind: tensor.kind(),
        };
        // A copy, as if it had been sent: its owner may go on writing.
        let tensor = tensor.detach().to_device(Device::Cpu).copy();
        self.hall.bring(self.rank, number, call, tensor);
        self.hall.handle(self.rank, number)
    }
}

impl Hall {
    /// For `world` ranks, of which `here` fetch their results in this hall. One that is `patience` late counts as lost.
    pub fn new(world: usize, here: usize, patience: Duration) -> Hall {
        let state = State {
            meetings: BTreeMap::new(),
            gone: vec![None; world],
        };
        Hall {
            world,
            here,
            patience,
            state: Mutex::new(state),
            news: Condvar::new(),
        }
    }

    /// A rank joins the meeting `number` with its tensor.
    pub fn bring(&self, rank: usize, number: u64, call: Call, tensor: Tensor) {
        let mut state = self.state();
        let meeting = state.meetings.entry(number).or_insert_with(|| Meeting {
            call: call.clone(),
            brought: (0..self.world).map(|_| None).collect(),
            stranger: None,
            served: 0,
        });
        if meeting.call != call && meeting.stranger.is_none() {
            meeting.stranger = Some((rank, call));
        }
        meeting.brought[rank] = Some(tensor);
        drop(state);
        self.news.notify_all();
    }

    /// A rank will join no more.
    pub fn leave(&self, rank: usize, why: &str) {
        self.state().gone[rank].get_or_insert_with(|| why.to_string());
        self.news.notify_all();
    }

    /// What a rank gets from the meeting `number`, when all have come.
    pub fn handle(self: &Arc<Self>, rank: usize, number: u64) -> Handle {
        let hall = self.clone();
        Handle::new(move || {
            let (call, brought) = hall.meet(rank, number)?;
            call.result(rank, &brought)
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A rank that panics holds no half-finished change: each is one assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What all ranks brought to a meeting, once they have.
    fn meet(&self, rank: usize, number: u64) -> Result<(Call, Vec<Tensor>), Error> {
        let deadline = Instant::now() + self.patience;
        let mut state = self.state();
        loop {
            let State { meetings, gone } = &mut *state;
            let meeting = meetings.get_mut(&number).expect("this rank was not served");
            if let Some((stranger, call)) = &meeting.stranger {
                return Err(Error::Apart {
                    number,
                    rank: *stranger,
                    found: call.to_string(),
                    expected: meeting.call.to_string(),
                });
            }
            let missing = |other: &usize| meeting.brought[*other].is_none();
            let missing: Vec<usize> = (0..self.world).filter(missing).collect();
            if missing.is_empty() {
                let brought = meeting.brought.iter().flatten();
                let brought = brought.map(Tensor::shallow_clone).collect();
                let call = meeting.call.clone();
                meeting.served += 1;
                if meeting.served == self.here {
                    meetings.remove(&number);
                }
                return Ok((call, brought));
            }
            let lost = missing
                .iter()
                .find_map(|&other| gone[other].clone().map(|why| (other, why)));
            if let Some((lost, why)) = lost {
                return Err(Error::Gone {
                    rank: lost,
                    why,
                    number,
                    operation: meeting.call.to_string(),
                });
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Error::Late {
                    ranks: missing,
                    waiting: rank,
                    seconds: self.patience.as_secs_f64(),
                    number,
                    operation: meeting.call.to_string(),
                });
            }
            let woken = self.news.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
// ANCHOR_END: start

// ANCHOR: result
impl Call {
    /// What `rank` gets. Every rank computes its own result, from the same tensors in the same order.
    fn result(&self, rank: usize, brought: &[Tensor]) -> Result<Tensor, Error> {
        let world = brought.len();
        let mean = |pieces: Vec<Tensor>| {
            let mut sum = pieces[0].copy();
            for piece in &pieces[1..] {
                sum += piece;
            }
            sum / world as f64
        };
        let whole = || brought.iter().map(Tensor::shallow_clone).collect();
        Ok(match self.operation {
            Operation::ReduceScatter => {
                let rows = self.shape.first().copied().unwrap_or(0);
                if rows % world as i64 != 0 {
                    return Err(Error::Pieces { rows, world });
                }
                let rows = rows / world as i64;
                let piece = |tensor: &Tensor| tensor.narrow(0, rank as i64 * rows, rows);
                mean(brought.iter().map(piece).collect()) // (world·n, …) -> (n, …)
            }
            Operation::AllGather => Tensor::cat(brought, 0), // (n, …) -> (world·n, …)
            Operation::AllReduce => mean(whole()),
            Operation::Broadcast { root } => brought[root].copy(),
            Operation::Barrier => brought[rank].shallow_clone(),
        })
    }
}

impl Collective for Threads {
    fn rank(&self) -> usize {
        self.rank
    }

    fn world(&self) -> usize {
        self.hall.world
    }

    fn reduce_scatter(&self, tensor: Tensor) -> Handle {
        self.start(Operation::ReduceScatter, tensor)
    }

    fn all_gather(&self, tensor: Tensor) -> Handle {
        self.start(Operation::AllGather, tensor)
    }

    fn all_reduce(&self, tensor: Tensor) -> Handle {
        self.start(Operation::AllReduce, tensor)
    }

    fn broadcast(&self, tensor: Tensor, root: usize) -> Handle {
        self.start(Operation::Broadcast { root }, tensor)
    }

    fn barrier(&self) -> Result<(), Error> {
        let nothing = Tensor::zeros([0], (Kind::Float, Device::Cpu));
        self.start(Operation::Barrier, nothing).wait().map(drop)
    }

    fn leave(&self, why: &str) {
        self.hall.leave(self.rank, why);
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.leave(match std::thread::panicking() {
            true => "it panicked",
            false => "it has ended",
        });
    }
}
// ANCHOR_END: result

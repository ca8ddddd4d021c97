// ANCHOR: head
//! The queue in front of the model: bounded, first come, first served.
//!
//! **Why bounded.** A server that is asked faster than it can answer has two choices. It can let the queue grow, until
//! every client waits for minutes and memory runs out; or it can say "not now" at once, while that is still cheap. This
//! is *backpressure*: the client learns that it must wait, and how long, and can go elsewhere.

use crate::job::Job;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
// ANCHOR_END: head

// ANCHOR: queue
pub struct Queue {
    capacity: usize,
    state: Mutex<State>,
    arrival: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    closed: bool,
}

/// Why a job was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejected {
    /// So many are waiting.
    Full(usize),
    Closed,
}

impl Queue {
    pub fn new(capacity: usize) -> Self {
        Queue {
            capacity,
            state: Mutex::default(),
            arrival: Condvar::new(),
        }
    }

    /// A thread that panicked while it held the lock cannot have left a deque half changed.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a job, or says at once that there is no room. Jobs whose clients have left make room.
    pub fn push(&self, job: Job) -> Result<(), Rejected> {
        let mut state = self.lock();
        if state.closed {
            return Err(Rejected::Closed);
        }
        if state.jobs.len() >= self.capacity {
            state.jobs.retain(|job| !job.is_abandoned());
        }
        if state.jobs.len() >= self.capacity {
            return Err(Rejected::Full(state.jobs.len()));
        }
        state.jobs.push_back(job);
        self.arrival.notify_one();
        Ok(())
    }

    /// The next job, if there is one.
    pub fn pop(&self) -> Option<Job> {
        self.lock().jobs.pop_front()
    }

    /// The next job; waits for it. `None` when the queue is closed and empty.
    pub fn wait(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            if state.closed {
                return None;
            }
            state = self
                .arrival
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes no more jobs; those that wait are still handed out.
    pub fn close(&self) {
        self.lock().closed = true;
        self.arrival.notify_all();
    }

    pub fn is_closed(&self) -> bool {
        self.lock().closed
    }

    pub fn len(&self) -> usize {
        self.lock().jobs.len()
    }
}
// ANCHOR_END: queue

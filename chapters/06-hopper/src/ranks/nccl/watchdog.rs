//! What ends an operation that will never end by itself: another rank's death, and NCCL's own errors.

use super::*;

// ANCHOR: watchdog
/// Why no operation will end any more.
pub(super) struct Trouble {
    /// The operation that did not.
    pub(super) number: u64,
    pub(super) operation: String,
    pub(super) cause: Cause,
}

pub(super) enum Cause {
    Gone { rank: usize, why: String },
    Late { ranks: Vec<usize>, seconds: f64 },
    Nccl(String),
}

impl Trouble {
    pub(super) fn error(&self, core: &Core) -> muon::Error {
        let (number, operation) = (self.number, self.operation.clone());
        match &self.cause {
            Cause::Gone { rank, why } => muon::Error::Gone {
                rank: *rank,
                why: why.clone(),
                number,
                operation,
            },
            Cause::Late { ranks, seconds } => muon::Error::Late {
                ranks: ranks.clone(),
                waiting: core.rendezvous.place().rank,
                seconds: *seconds,
                number,
                operation,
            },
            Cause::Nccl(said) => core.broken(number, &operation, format!("NCCL says {said}")),
        }
    }
}

/// An operation that ends within so much time of a rank's end needed nothing more from it.
pub(super) const JUST_ENDED: Duration = Duration::from_secs(2);

/// After an abort the rest of the program has so long to come to an end by itself.
pub(super) const LAST_WORDS: Duration = Duration::from_secs(20);

impl Core {
    pub(super) fn watch(&self) {
        while !self.closing.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(100));
            let Some(trouble) = self.looked() else {
                continue;
            };
            let said = trouble.error(self).to_string();
            eprintln!("{said}");
            *lock(&self.trouble) = Some(trouble);
            self.rendezvous.leave(&said);
            self.abort();
            let since = Instant::now();
            while !self.closing.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_millis(100));
                if since.elapsed() > LAST_WORDS {
                    eprintln!("the program does not end by itself, so it is ended");
                    std::process::exit(1);
                }
            }
        }
    }

    /// Looks at what is running.
    pub(super) fn looked(&self) -> Option<Trouble> {
        let own = self.rendezvous.place().rank;
        let mut running = lock(&self.running);
        let inside = Inside::of(self.context);
        while let Some(event) = running.front().and_then(|it| it.event.clone()) {
            match event.is_reached() {
                Ok(false) => break,
                Ok(true) => drop(running.pop_front()),
                Err(error) => {
                    let cause = Cause::Nccl(format!("nothing, but the NVIDIA driver {error}"));
                    return running.front().map(|it| it.trouble(cause));
                }
            }
        }
        drop(inside);
        let first = running.front_mut()?;
        let waited = first.first_since.get_or_insert_with(Instant::now).elapsed();
        let limit = self.rendezvous.limits().operation;
        if let Some((rank, why)) = self.rendezvous.lost().filter(|_| waited > JUST_ENDED) {
            return Some(first.trouble(Cause::Gone { rank, why }));
        }
        if waited > limit {
            let behind = self.rendezvous.behind(first.number + 1);
            let mut ranks: Vec<usize> = behind.into_iter().map(|(rank, _)| rank).collect();
            if ranks.is_empty() {
                // All have started it: who of them hangs, NCCL alone knows.
                let world = self.rendezvous.place().world;
                ranks = (0..world).filter(|rank| *rank != own).collect();
            }
            let seconds = limit.as_secs_f64();
            return Some(first.trouble(Cause::Late { ranks, seconds }));
        }
        let said = self.asked()?;
        Some(first.trouble(Cause::Nccl(said)))
    }

    /// Asks NCCL whether something went wrong in the background.
    pub(super) fn asked(&self) -> Option<String> {
        let communicator = match self.communicator.try_lock() {
            Ok(communicator) if !communicator.is_null() => communicator,
            _ => return None, // being used: then it will answer by itself
        };
        let mut found = SUCCESS;
        // SAFETY: the communicator lives while it is locked and not null.
        let status = unsafe { (self.nvidia.async_error)(*communicator, &mut found) };
        let wrong = [status, found]
            .into_iter()
            .find(|status| ![SUCCESS, IN_PROGRESS].contains(status));
        wrong.map(|status| self.nvidia.in_words(status))
    }

    /// Ends all operations, on this GPU. What they have written is worth nothing.
    pub(super) fn abort(&self) {
        let until = Instant::now() + Duration::from_secs(5);
        while Instant::now() < until {
            let mut communicator = match self.communicator.try_lock() {
                Ok(communicator) => communicator,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => {
                    thread::sleep(Duration::from_millis(50));
                    continue;
                }
            };
            if communicator.is_null() {
                return;
            }
            let aborted = std::mem::replace(&mut *communicator, std::ptr::null_mut());
            // SAFETY: it is nobody else's any more.
            let status = unsafe { (self.nvidia.abort)(aborted) };
            if status != SUCCESS {
                eprintln!("NCCL does not abort: {}", self.nvidia.in_words(status));
            }
            return;
        }
    }
}

impl Running {
    pub(super) fn trouble(&self, cause: Cause) -> Trouble {
        Trouble {
            number: self.number,
            operation: self.operation.clone(),
            cause,
        }
    }
}

impl Drop for Nccl {
    fn drop(&mut self) {
        let core = &self.core;
        core.closing.store(true, Ordering::Relaxed);
        core.rendezvous.leave(match thread::panicking() {
            true => "it panicked",
            false => "it has ended",
        });
        let mut communicator = lock(&core.communicator);
        let ended = std::mem::replace(&mut *communicator, std::ptr::null_mut());
        if ended.is_null() {
            return;
        }
        // After a failure operations may hang, and `destroy` would wait for them.
        let failed = thread::panicking() || lock(&core.trouble).is_some();
        let end = match failed {
            true => core.nvidia.abort,
            false => core.nvidia.destroy,
        };
        // SAFETY: it is nobody else's any more.
        let status = unsafe { end(ended) };
        if status != SUCCESS {
            eprintln!("NCCL does not end well: {}", core.nvidia.in_words(status));
        }
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        if let Ok(_inside) = Inside::of(self.context) {
            // SAFETY: made by `join`; nobody uses it any more.
            let _ = unsafe { result::stream::destroy(self.stream) };
        }
    }
}
// ANCHOR_END: watchdog

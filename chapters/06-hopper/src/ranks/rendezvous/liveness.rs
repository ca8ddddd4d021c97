//! Who is still there: what is heard on the lines, and what is concluded from silence.

use super::*;

// ANCHOR: liveness
impl Shared {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // Every change is one assignment: a thread that panicked left nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what comes from another rank, until its line is closed or silent.
    pub(super) fn read(&self, other: usize, mut stream: TcpStream) {
        loop {
            match wire::receive(&mut stream) {
                Ok((message, payload)) => self.heard(other, message, &payload),
                Err(error) => {
                    self.lost(other, &error);
                    break;
                }
            }
        }
        self.state().reading -= 1;
        self.news.notify_all();
    }

    pub(super) fn heard(&self, from: usize, message: Message, payload: &[u8]) {
        // Passed on before it is taken note of: afterwards this rank may have all it waits for, and end.
        match message {
            Message::Doing {
                rank,
                started,
                operation,
            } if rank < self.place.world => {
                self.pass_on(from, || Message::Doing {
                    rank,
                    started,
                    operation: operation.clone(),
                });
                self.state().doing[rank] = (started, operation);
            }
            Message::Gone { rank, why } if rank < self.place.world => self.gone(rank, &why),
            Message::Word => self.state().words.push_back(payload.to_vec()),
            Message::Tensor { rank, .. } if rank < self.place.world => {
                if self.place.rank == 0 {
                    self.tell_all_but(from, &message, payload);
                }
                self.hears.brought(rank, &message, payload);
            }
            _ => {}
        }
        self.news.notify_all();
    }

    pub(super) fn pass_on(&self, from: usize, message: impl FnOnce() -> Message) {
        if self.place.rank == 0 {
            self.tell_all_but(from, &message(), &[]);
        }
    }

    /// A line was closed, or nothing came over it.
    pub(super) fn lost(&self, other: usize, error: &io::Error) {
        if !self.state().closing {
            self.gone(other, &in_words(error, self.limits.silence));
        }
    }

    /// Notes that a rank will join no more. The first reason is the one that counts.
    pub(super) fn gone(&self, rank: usize, why: &str) {
        {
            let gone = &mut self.state().gone[rank];
            if gone.is_some() {
                return;
            }
            *gone = Some(why.to_string());
        }
        self.news.notify_all();
        self.pass_on(rank, || Message::Gone {
            rank,
            why: why.to_string(),
        });
        self.hears.gone(rank, why);
    }

    /// Says something to everybody there is a line to.
    pub(super) fn tell_all_but(&self, from: usize, message: &Message, payload: &[u8]) {
        for (other, line) in self.lines.iter().enumerate() {
            let Some(line) = line else { continue };
            if other == from || self.state().gone[other].is_some() {
                continue;
            }
            let sent = {
                let mut line = line.lock().unwrap_or_else(PoisonError::into_inner);
                wire::send(&mut *line, message, payload)
            };
            if let Err(error) = sent {
                self.lost(other, &error);
            }
        }
    }

    /// Gives signs of life until this rank ends.
    pub(super) fn beat(&self) {
        let every = self.limits.silence / 5;
        loop {
            let message = {
                let state = self.state();
                let waited = self.news.wait_timeout_while(state, every, |it| !it.closing);
                let state = waited.unwrap_or_else(PoisonError::into_inner).0;
                if state.closing {
                    return;
                }
                let (started, operation) = state.doing[self.place.rank].clone();
                Message::Doing {
                    rank: self.place.rank,
                    started,
                    operation,
                }
            };
            self.tell_all_but(self.place.rank, &message, &[]);
        }
    }
}
// ANCHOR_END: liveness

// ANCHOR: head
//! When to try again: twice as late each time, and never at the same moment as everybody else.
//!
//! After an interruption of a popular server all its clients come back. If each waits exactly one second, they come back
//! together, and together again after two. So each wait is drawn at random from the upper half of its length (*jitter*).

use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::error::Failure;
use super::settings::Settings;
// ANCHOR_END: head

// ANCHOR: patience
/// How often one file may still fail.
pub(crate) struct Patience {
    attempts: u32,
    failed: u32,
    first_wait: Duration,
    longest_wait: Duration,
    random: ChaCha8Rng,
}

impl Patience {
    pub fn new(settings: &Settings, seed: u64) -> Self {
        Patience {
            attempts: settings.attempts,
            failed: 0,
            first_wait: settings.first_wait,
            longest_wait: settings.longest_wait,
            random: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    /// Something came: the next failure is the first again. A file of gigabytes over a poor line breaks off many times.
    pub fn renew(&mut self) {
        self.failed = 0;
    }

    /// How long to wait after a failure, or the failure if there is no point in waiting.
    pub fn after(&mut self, failure: Failure) -> Result<(String, Duration), Failure> {
        let Failure::Passing { problem, wait } = failure else {
            return Err(failure);
        };
        self.failed += 1;
        if self.failed >= self.attempts {
            return Err(Failure::Lasting(format!(
                "{problem}; given up after {} attempts in a row; what has come so far is kept, the same command goes on from there",
                self.failed
            )));
        }
        if let Some(wait) = wait.filter(|wait| *wait > self.longest_wait) {
            return Err(Failure::Lasting(format!(
                "{problem}, and asks to be left alone for {} s; try again then, with fewer files at a time, or with HF_TOKEN set: \
                 those who say who they are may ask more often",
                wait.as_secs()
            )));
        }
        let doubled = self.first_wait * 2u32.saturating_pow(self.failed - 1).min(1 << 16);
        let most = doubled.min(self.longest_wait);
        // Between half and all of it.
        let share = 0.5 + 0.5 * (f64::from(self.random.next_u32()) / f64::from(u32::MAX));
        Ok((problem, wait.unwrap_or_default().max(most.mul_f64(share))))
    }
}
// ANCHOR_END: patience

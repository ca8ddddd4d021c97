//! # A patient download
//!
//! Goal: write the part of a download that decides: when to ask again, for which bytes, and when to give up.
//!
//! Minutes: 40. Difficulty: 4 of 5.
//!
//! Sockets make such code hard to test, so there are none here. `Download` is a state machine: it hears an `Answer` and
//! says the next `Step`. The judge plays a server that breaks off, is busy, says nothing, sends other bytes than those
//! asked for, and has its file replaced in the middle of it all.
//!
//! The rules:
//!
//! - What has come is kept. The next request asks for the bytes behind it, with the tag of the version that it belongs to
//!   (`If-Range`): of another version the server then sends the whole. Where nothing is kept, it asks for everything
//!   (`from` 0, no tag).
//! - Bytes of the kept version that begin where the kept ones end are appended. Otherwise bytes from 0 on replace what is
//!   kept, and others cannot be used: everything is forgotten, and that is a failure.
//! - When all of `size` bytes are there, it is done. Fewer are a line that broke off: a failure, but if the answer
//!   brought any bytes, the failures before it are forgotten first. More than `size` are nonsense: everything is
//!   forgotten, and that is a failure.
//! - `Busy` and `Silence` are failures, `Missing` means to give up at once.
//! - After `ATTEMPTS` failures in a row it gives up, and otherwise waits as `wait_before` says, before it asks again.
//!
//! `wait_before` doubles: a second after the first failure, two after the second, four, … and never more than a minute.
//! Of that length the upper half is left to chance, so that a thousand clients do not come back together: `share`,
//! between 0 and 1, says how much of that half is added. A server that says `Retry-After` is asked no sooner; if it says
//! more than a minute, the answer is `None`, and the download gives up.
//!
//! Help: `cargo course hint 02.11`. Judge it: `cargo course check 02.11`.

/// Milliseconds after the first failure, before chance shortens it.
pub const FIRST_WAIT: u64 = 1_000;
/// No wait is longer.
pub const LONGEST_WAIT: u64 = 60_000;
/// So many failures in a row are enough.
pub const ATTEMPTS: u32 = 5;

/// What comes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Bytes of the version called `tag`, from byte `from` on; the whole has `size`. Fewer than that may have come.
    Bytes {
        from: usize,
        tag: u32,
        size: usize,
        bytes: Vec<u8>,
    },
    /// Status 429 or 503, perhaps with a wish: not before so many milliseconds.
    Busy { retry_after: Option<u64> },
    /// No answer.
    Silence,
    /// Status 404.
    Missing,
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Wait so many milliseconds; then ask for the bytes from `from` on, if the file is still the version called `tag`.
    Ask {
        wait: u64,
        from: usize,
        tag: Option<u32>,
    },
    /// These are the bytes of the file.
    Done(Vec<u8>),
    GiveUp,
}

/// A file on its way. A new one has been asked for from its beginning.
#[derive(Clone, Debug, Default)]
pub struct Download {
    pub kept: Vec<u8>,
    /// The version that the kept bytes belong to.
    pub tag: Option<u32>,
    /// Failures in a row.
    pub failures: u32,
}

/// Milliseconds to wait after so many failures in a row (at least one); `None` if the server wants to be left alone for
/// longer than [`LONGEST_WAIT`].
pub fn wait_before(failures: u32, retry_after: Option<u64>, share: f64) -> Option<u64> {
    let _ = (failures, retry_after, share); // delete this line
    todo!("exercise 02.11")
}

impl Download {
    /// What to do after this answer. `share`, between 0 and 1, is chance.
    pub fn hear(&mut self, answer: Answer, share: f64) -> Step {
        let _ = (answer, share); // delete this line
        todo!("exercise 02.11")
    }

    /// Nothing of the file is kept any more.
    pub fn forget(&mut self) {
        self.kept.clear();
        self.tag = None;
    }

    /// Counts a failure, and asks again for what is missing, or gives up.
    pub fn failed(&mut self, retry_after: Option<u64>, share: f64) -> Step {
        self.failures += 1;
        if self.failures >= ATTEMPTS {
            return Step::GiveUp;
        }
        let Some(wait) = wait_before(self.failures, retry_after, share) else {
            return Step::GiveUp;
        };
        Step::Ask {
            wait,
            from: self.kept.len(),
            // Without bytes there is nothing that a tag could protect.
            tag: self.tag.filter(|_| !self.kept.is_empty()),
        }
    }
}

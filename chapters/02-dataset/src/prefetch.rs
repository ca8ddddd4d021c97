// ANCHOR: head
//! Prefetch: make the next batches on a background thread while the model works on this one.
//!
//! The thread runs ahead by up to `depth` batches and then waits: the channel between the two is *bounded*. Running ahead
//! does no harm to a resume, because every batch carries the position that was true right behind it; a checkpoint stores
//! the position of the last batch that was *used*, and what the thread had prepared beyond it is simply made again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;

use crate::{Batch, BatchSource, Error};
// ANCHOR_END: head

// ANCHOR: prefetch
/// A batch source that works ahead on a thread of its own. Dropping it stops the thread.
pub struct Prefetch {
    /// `None` only while dropping.
    batches: Option<Receiver<Result<Batch, Error>>>,
    thread: Option<JoinHandle<()>>,
}

impl Prefetch {
    /// Work ahead by `depth` batches (at least 1; 2 to 4 smooth out a refill of the buffer).
    pub fn new(mut source: impl BatchSource + 'static, depth: usize) -> Self {
        // The batch in the thread's hand counts too: it is made before the channel has room for it.
        let (sender, receiver) = sync_channel(depth.saturating_sub(1));
        let work = move || {
            loop {
                // A panic must not look like the end of the data. The source is not used again after one.
                let made = catch_unwind(AssertUnwindSafe(|| source.next_batch()));
                let result = made.unwrap_or_else(|panic| {
                    Err(Error::Panicked {
                        message: message_of(&*panic),
                    })
                });
                let failed = result.is_err();
                // Sending fails when the receiver is gone: nobody wants batches any more.
                if sender.send(result).is_err() || failed {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("prefetch".to_owned())
            .spawn(work)
            .expect("the system can start one more thread");
        Prefetch {
            batches: Some(receiver),
            thread: Some(thread),
        }
    }
}

impl BatchSource for Prefetch {
    /// The next batch, waiting for it if need be. After an error only [`Error::Stopped`] follows.
    fn next_batch(&mut self) -> Result<Batch, Error> {
        let batches = self
            .batches
            .as_ref()
            .expect("the receiver is there until drop");
        batches.recv().unwrap_or(Err(Error::Stopped))
    }
}

impl Drop for Prefetch {
    fn drop(&mut self) {
        // First the receiver: the thread may be waiting for room in the channel, and would wait for ever.
        drop(self.batches.take());
        if let Some(thread) = self.thread.take() {
            // Its panics were caught and reported; there is nothing left to learn from it.
            thread.join().ok();
        }
    }
}
// ANCHOR_END: prefetch

// ANCHOR: message
/// What a panic said. `panic!` carries a `&str` or a `String`; anything else has no words.
pub(crate) fn message_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}
// ANCHOR_END: message

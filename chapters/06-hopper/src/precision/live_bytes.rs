// ANCHOR: head
//! Counting how many bytes of tensors are alive on the CPU: what the memory model is held to.
//!
//! Words: *live* bytes belong to tensors that were made since the count began and are not freed yet; the *peak* is the most that there
//! were at once. Every block counts with the size that was asked for. What kernels take as scratch from elsewhere (MKL's buffers)
//! is not seen.

use std::marker::PhantomData;
// ANCHOR_END: head

// ANCHOR: live
unsafe extern "C" {
    fn nanocrab_live_bytes_begin();
    fn nanocrab_live_bytes_read(live: *mut i64, peak: *mut i64, restart: bool);
    fn nanocrab_live_bytes_end();
}

/// Counts on this thread until it is dropped. Freed tensors that are older than the count are not subtracted.
#[derive(Debug)]
pub struct LiveBytes {
    /// The count belongs to the thread that began it, so this must not be sent to another.
    thread: PhantomData<*const ()>,
}

/// Bytes of tensors, since the count began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Alive now.
    pub live: i64,
    /// The most that were alive at once.
    pub peak: i64,
}

impl LiveBytes {
    /// From zero.
    pub fn begin() -> LiveBytes {
        // SAFETY: pushes a counter on this thread's stack of observers; dropping takes it off again.
        unsafe { nanocrab_live_bytes_begin() }
        LiveBytes {
            thread: PhantomData,
        }
    }

    /// What has been counted so far.
    pub fn now(&self) -> Count {
        self.read(false)
    }

    /// As [`now`](Self::now); the peak begins anew from what is alive.
    pub fn restart_peak(&self) -> Count {
        self.read(true)
    }

    fn read(&self, restart: bool) -> Count {
        let (mut live, mut peak) = (0, 0);
        // SAFETY: two numbers to write to.
        unsafe { nanocrab_live_bytes_read(&mut live, &mut peak, restart) }
        Count { live, peak }
    }
}

impl Drop for LiveBytes {
    fn drop(&mut self) {
        // SAFETY: takes off what `begin` has pushed, on the same thread.
        unsafe { nanocrab_live_bytes_end() }
    }
}
// ANCHOR_END: live

// ANCHOR: allocator
//! An allocator that can count, so that the small interpreter has a memory limit.
//!
//! `monty` asks before it makes something large ("would this fit?") and looks at two counters now and then. Somebody
//! has to keep these counters: the allocator of the whole program. Ours does nothing but ask the system's until a
//! worker *arms* it; a training run pays one read of a flag that never changes for each allocation.

use monty_types::{BASELINE_MEMORY, LIVE_MEMORY, OOM_EXIT_CODE};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

struct Meter;

#[global_allocator]
static METER: Meter = Meter;

static ARMED: AtomicBool = AtomicBool::new(false);
static CEILING: AtomicUsize = AtomicUsize::new(usize::MAX);

/// Where counting starts. What was allocated before the arming and is freed after it must not make the count wrap.
const BASE: usize = usize::MAX / 4;

/// Between the limit at which the interpreter raises `MemoryError` and the ceiling at which the process ends: room to
/// make the exception in. It looks at the counters only every few operations.
const HEADROOM: usize = 4 << 20;

/// Counts from now on. `limit` bytes more than now live are what the next program may use.
pub(super) fn arm(limit: usize) {
    CEILING.store(usize::MAX, Relaxed);
    if !ARMED.swap(true, Relaxed) {
        LIVE_MEMORY.store(BASE, Relaxed);
    }
    let live = LIVE_MEMORY.load(Relaxed);
    BASELINE_MEMORY.store(live, Relaxed);
    CEILING.store(live.saturating_add(limit).saturating_add(HEADROOM), Relaxed);
}

/// Takes the ceiling away, for the answer itself.
pub(super) fn disarm() {
    CEILING.store(usize::MAX, Relaxed);
}

fn grow(bytes: usize) {
    if ARMED.load(Relaxed)
        && LIVE_MEMORY.fetch_add(bytes, Relaxed).saturating_add(bytes) > CEILING.load(Relaxed)
    {
        // No unwinding and no message: both allocate. The exit code is the message.
        disarm();
        std::process::exit(OOM_EXIT_CODE);
    }
}

fn shrink(bytes: usize) {
    if ARMED.load(Relaxed) {
        LIVE_MEMORY.fetch_sub(bytes, Relaxed);
    }
}

// SAFETY: every call goes to the system's allocator with the same arguments, and its result comes back unchanged.
unsafe impl GlobalAlloc for Meter {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        shrink(layout.size());
        unsafe { System.dealloc(pointer, layout) }
    }

    // The default of the next two would allocate and fill or copy; the system often knows a cheaper way.
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        match size.checked_sub(layout.size()) {
            Some(more) => grow(more),
            None => shrink(layout.size() - size),
        }
        unsafe { System.realloc(pointer, layout, size) }
    }
}
// ANCHOR_END: allocator

// ANCHOR: head
//! Ctrl-C that saves before it stops.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
// ANCHOR_END: head

// ANCHOR: interrupt
/// Set by Ctrl-C, asked by the training loop after every step. A second Ctrl-C ends the program at once.
#[derive(Clone, Default)]
pub struct Interrupt(Arc<AtomicUsize>);

impl Interrupt {
    /// Listens to Ctrl-C. Call once per program; a second call leaves the first in charge.
    pub fn listen() -> Self {
        let interrupt = Interrupt::default();
        let presses = interrupt.0.clone();
        // The only error is "a handler exists already": then that one keeps listening.
        let _ = ctrlc::set_handler(move || {
            if presses.fetch_add(1, Ordering::SeqCst) > 0 {
                std::process::exit(130);
            }
            eprintln!(
                "\nstopping at the next place where nothing is lost; press again to stop at once"
            );
        });
        interrupt
    }

    /// One that nobody presses: for tests.
    pub fn never() -> Self {
        Interrupt::default()
    }

    /// Presses it, as Ctrl-C would.
    pub fn press(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    pub fn pressed(&self) -> bool {
        self.0.load(Ordering::SeqCst) > 0
    }
}
// ANCHOR_END: interrupt

// ANCHOR: head
//! Ctrl-C that saves before it stops, and the same for a scheduler that wants the machine back.

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;
use std::time::Duration;
// ANCHOR_END: head

// ANCHOR: interrupt
/// Set by Ctrl-C or SIGTERM, asked by the training loop after every step. The signal's number, 0: none.
#[derive(Clone, Default)]
pub struct Interrupt(Arc<AtomicI32>);

impl Interrupt {
    /// Schedulers send SIGTERM and, when they lose patience, SIGKILL: SLURM and Kubernetes after 30 seconds, if nobody has told
    /// them otherwise. Leaving by ourselves shortly before says in the exit code what it was.
    pub const GRACE: Duration = Duration::from_secs(25);

    /// Listens to Ctrl-C and SIGTERM, with 25 seconds of grace.
    pub fn listen() -> Self {
        Interrupt::listen_within(Interrupt::GRACE)
    }

    /// The first signal is remembered; a second one ends the program at once, and after a SIGTERM
    /// it ends when `grace` is over. Nothing is lost then but the steps since the last checkpoint.
    pub fn listen_within(grace: Duration) -> Self {
        let interrupt = Interrupt::default();
        let heard = interrupt.0.clone();
        let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) else {
            eprintln!("Ctrl-C cannot be listened to: it will end the program at once");
            return interrupt;
        };
        thread::spawn(move || {
            for signal in signals.forever() {
                let before = heard.swap(signal, Ordering::SeqCst);
                if before != 0 {
                    leave(signal);
                }
                eprintln!(
                    "\nstopping at the next place where nothing is lost; press again to stop at once"
                );
                if signal == SIGTERM {
                    thread::spawn(move || {
                        thread::sleep(grace);
                        leave(signal);
                    });
                }
            }
        });
        interrupt
    }

    /// One that nobody presses: for tests.
    pub fn never() -> Self {
        Interrupt::default()
    }

    /// Presses it, as Ctrl-C would.
    pub fn press(&self) {
        self.0.store(SIGINT, Ordering::SeqCst);
    }

    pub fn pressed(&self) -> bool {
        self.0.load(Ordering::SeqCst) != 0
    }

    /// What a shell reports for a program that this signal has ended, and schedulers understand: 130 after Ctrl-C, 143 after
    /// SIGTERM.
    pub fn exit_code(&self) -> u8 {
        match self.0.load(Ordering::SeqCst) {
            0 => 0,
            signal => 128 + signal as u8,
        }
    }
}

/// Without running what was registered for the end of the program: other threads are in the middle of their work.
fn leave(signal: i32) -> ! {
    low_level::exit(128 + signal)
}
// ANCHOR_END: interrupt

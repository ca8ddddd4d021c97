// ANCHOR: head
//! How long a program takes to hand its work over, beside how long the device takes to do it.
//!
//! A GPU's operations go into a queue: the program is told at once that all is well, and asks for the next. If the two times are
//! far apart, the queue was long and the launches cost nothing. If they are nearly equal, the device has waited for the program after
//! each of its operations, and the work is as long as its launches. On a CPU they are the same time.

use std::time::Instant;

use tch::Device;

use super::Error;
use super::turns::{Spread, wait};
// ANCHOR_END: head

// ANCHOR: handing_over
/// Seconds, from a moment at which the device has nothing to do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HandingOver {
    /// Until the program was through.
    pub given: Spread,
    /// Until the device was.
    pub done: Spread,
}

impl HandingOver {
    /// Once uncounted, then so many times.
    ///
    /// # Errors
    /// Whatever the work says.
    pub fn of(
        device: Device,
        times: usize,
        mut work: impl FnMut() -> Result<(), Error>,
    ) -> Result<HandingOver, Error> {
        let (mut given, mut done) = (Vec::new(), Vec::new());
        for turn in 0..=times {
            wait(device);
            let begin = Instant::now();
            work()?;
            let through = begin.elapsed().as_secs_f64();
            wait(device);
            if turn > 0 {
                given.push(through);
                done.push(begin.elapsed().as_secs_f64());
            }
        }
        Ok(HandingOver {
            given: Spread::of(given),
            done: Spread::of(done),
        })
    }

    /// Both spreads, in seconds.
    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({ "given_seconds": self.given.json(), "done_seconds": self.done.json() })
    }
}
// ANCHOR_END: handing_over

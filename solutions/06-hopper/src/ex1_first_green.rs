//! # First green
//!
//! Goal: turn an exercise green by deleting one line, and see that memory is a roof as hard as arithmetic.
//!
//! Minutes: 5. Difficulty: 1 of 5.
//!
//! A machine has two roofs: so many operations per second, and so many bytes per second between its memory and its cores. It
//! computes and moves at the same time, so an operation lasts as long as the slower of the two. The function below says so,
//! but for one line that makes memory free. Delete that line, save the file, and run `cargo course check 06.1`.
//!
//! ## Hint 1
//!
//! Run `cargo course check 06.1` before you change anything, and compare what is expected with what comes.
//!
//! ## Hint 2
//!
//! The line to delete says so at its end.
//!
//! ## Hint 3
//!
//! Delete `let moving = 0.0 * moving;`. What remains is the longer of two times.
//!
//! ## Notes
//!
//! Operations per byte are the *arithmetic intensity* of an operation, and the machine's operations per second divided by its
//! bytes per second are its *ridge*: below it memory decides, above it arithmetic does. Adding two rows of fp32 makes one
//! operation of 12 bytes. An H100 has its ridge at 989 · 10¹² / 3.35 · 10¹² = 295 operations per byte, so in such an addition
//! its arithmetic units are busy for one part in 3,500 of the time.

/// How long an operation takes, in seconds, on a machine with `peak` operations per second and `bandwidth` bytes per second.
pub fn seconds(operations: f64, bytes: f64, peak: f64, bandwidth: f64) -> f64 {
    let computing = operations / peak;
    let moving = bytes / bandwidth;
    //+ let moving = 0.0 * moving; // the marker: delete this line
    computing.max(moving)
}

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
//! Help: `cargo course hint 06.1`. Judge it: `cargo course check 06.1`.

/// How long an operation takes, in seconds, on a machine with `peak` operations per second and `bandwidth` bytes per second.
pub fn seconds(operations: f64, bytes: f64, peak: f64, bandwidth: f64) -> f64 {
    let computing = operations / peak;
    let moving = bytes / bandwidth;
    let moving = 0.0 * moving; // the marker: delete this line
    computing.max(moving)
}

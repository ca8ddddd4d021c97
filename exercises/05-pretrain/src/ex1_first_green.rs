//! # First green
//!
//! Goal: turn an exercise green by deleting one line, and see what a checkpoint costs when nothing goes wrong and when something
//! does.
//!
//! Minutes: 5. Difficulty: 1 of 5.
//!
//! A run that writes a checkpoint every so many minutes pays twice. It waits for each to be written. And when it is killed, it
//! does again what it did since the last one: half of the time between two checkpoints, on average. The function below adds both
//! up, but for one line that makes kills free. Delete that line, save the file, and run `cargo course check 05.1`.
//!
//! Help: `cargo course hint 05.1`. Judge it: `cargo course check 05.1`.

/// The share of a run's time that checkpoints cost, if one is made every `every` minutes, the run waits `waiting` minutes for it,
/// and is killed every `between_kills` minutes on average.
pub fn share_lost(every: f64, waiting: f64, between_kills: f64) -> f64 {
    let writing = waiting / every;
    let again = every / 2.0 / between_kills;
    let again = 0.0 * again; // the marker: delete this line
    writing + again
}

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
//! ## Hint 1
//!
//! Run `cargo course check 05.1` before you change anything, and compare what is expected with what comes.
//!
//! ## Hint 2
//!
//! The line to delete says so at its end.
//!
//! ## Hint 3
//!
//! Delete `let again = 0.0 * again;`. What remains is the sum of two shares.
//!
//! ## Notes
//!
//! One share falls with the time between two checkpoints, the other rises with it. The sum is least where both are equal, at √(2
//! · waiting · between kills): 38 minutes for a wait of 30 seconds and a kill a day, at a cost of 2.6 % of the run. If the step
//! waits for a copy in memory alone, say one second, it is 7 minutes and 0.5 % (John Young, 1974, *A first order approximation to
//! the optimum checkpoint interval*).

/// The share of a run's time that checkpoints cost, if one is made every `every` minutes, the run waits `waiting` minutes for it,
/// and is killed every `between_kills` minutes on average.
pub fn share_lost(every: f64, waiting: f64, between_kills: f64) -> f64 {
    let writing = waiting / every;
    let again = every / 2.0 / between_kills;
    //+ let again = 0.0 * again; // the marker: delete this line
    writing + again
}

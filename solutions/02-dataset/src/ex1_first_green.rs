//! # First green
//!
//! Goal: turn an exercise green by deleting one line.
//!
//! Minutes: 2. Difficulty: 1 of 5.
//!
//! A row of T positions takes T + 1 ids. The model reads the first T, and at each of them it is asked for the id that
//! comes next; so the targets are the same row, one place further on. The function below says so for T = 4, but for one
//! line that takes the fifth id away. Delete that line, save the file, and run `cargo course check 02.1`.
//!
//! ## Hint 1
//!
//! Run `cargo course check 02.1` before you change anything, and compare what is expected with what comes.
//!
//! ## Hint 2
//!
//! The line to delete says so at its end.
//!
//! ## Hint 3
//!
//! Delete `let row = &row[..4];`. What remains has five ids, so four inputs and four targets.
//!
//! ## Notes
//!
//! The last target is 73 and the one before it is 0: behind the end of a document the model is asked for BOS. It learns
//! there that anything may follow, and that texts end.

/// Inputs and targets of a row of T = 4. BOS is 0: the row holds a document of two ids, and the beginning of the next.
pub fn inputs_and_targets() -> (Vec<u32>, Vec<u32>) {
    let row = [0, 71, 72, 0, 73];
    //+ let row = &row[..4]; // the marker: delete this line
    let time = row.len() - 1;
    (row[..time].to_vec(), row[1..].to_vec())
}

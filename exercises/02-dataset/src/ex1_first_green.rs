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
//! Help: `cargo course hint 02.1`. Judge it: `cargo course check 02.1`.

/// Inputs and targets of a row of T = 4. BOS is 0: the row holds a document of two ids, and the beginning of the next.
pub fn inputs_and_targets() -> (Vec<u32>, Vec<u32>) {
    let row = [0, 71, 72, 0, 73];
    let row = &row[..4]; // the marker: delete this line
    let time = row.len() - 1;
    (row[..time].to_vec(), row[1..].to_vec())
}

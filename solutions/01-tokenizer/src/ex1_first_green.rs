//! # First green
//!
//! Goal: turn an exercise green by deleting one line.
//!
//! Minutes: 2. Difficulty: 1 of 5.
//!
//! 🦀 is one character and four bytes. In a vocabulary without merges each byte is an id, so its ids are four numbers.
//! The function below says so, but for one line that takes the last of them away. Delete that line, save the file, and
//! run `cargo course check 01.1`.
//!
//! ## Hint 1
//!
//! Run `cargo course check 01.1` before you change anything, and compare what is expected with what comes.
//!
//! ## Hint 2
//!
//! The line to delete says so at its end.
//!
//! ## Hint 3
//!
//! Delete `let ids = &ids[..3];`. What remains makes a vector of all four.

/// The ids of 🦀 in a vocabulary that has the 256 bytes and no merges.
pub fn crab_ids() -> Vec<u32> {
    let ids: Vec<u32> = "🦀".bytes().map(u32::from).collect();
    //+ let ids = &ids[..3]; // the marker: delete this line
    ids.to_vec()
}

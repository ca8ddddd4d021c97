//! # What digit groups do to arithmetic
//!
//! Goal: group digits from the left and from the right, and measure how often a sum's columns fail to line up.
//!
//! Minutes: 30. Difficulty: 2 of 5.
//!
//! The split pattern takes digits in runs of up to two, from the left: `123` is `12` `3`, `4567` is `45` `67`. On paper one
//! writes the numbers of a sum below each other, units below units. A model that reads `12` `3` and `45` `67` gets tokens that
//! mean tens-and-hundreds in one number and something else in the next. Grouped from the right, `1` `23` and `45` `67`, every
//! token has the same meaning in all numbers.
//!
//! A *border* lies between two groups, and its *height* is the number of digits to its right: `12|3` has a border of height 1,
//! `45|67` one of height 2. Two numbers are *aligned* if they have the same borders as far as both reach: at every height that
//! is less than the length of the shorter one, either both have a border or none has. A sum a + b = c is aligned if each two of
//! its three numbers are.
//!
//! Help: `cargo course hint 01.7`. Judge it: `cargo course check 01.7`.

/// The digits in groups of `size`, the last one shorter if they do not come out even.
pub fn from_left(digits: &str, size: usize) -> Vec<&str> {
    let _ = (digits, size); // delete this line
    todo!("exercise 01.7")
}

/// The digits in groups of `size`, the first one shorter if they do not come out even.
pub fn from_right(digits: &str, size: usize) -> Vec<&str> {
    let _ = (digits, size); // delete this line
    todo!("exercise 01.7")
}

/// The share of the sums a + b = c that are aligned when the three numbers are grouped from the left. 1 without sums.
pub fn aligned_share(sums: &[(u64, u64)], size: usize) -> f64 {
    let _ = (sums, size); // delete this line
    todo!("exercise 01.7")
}

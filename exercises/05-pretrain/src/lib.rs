//! Chapter 05's exercises: the loop, and what survives. One file each, in the order in which the chapter needs them.
//!
//! `cargo course next` says which is next, `cargo course check 05.3` judges the third, `cargo course hint 05.3` helps.
//!
//! Letters in shapes are the chapter's: B rows, T positions, N = B · T, C width, V vocabulary.

#[cfg(not(feature = "reference"))]
pub mod ex1_first_green;
#[cfg(not(feature = "reference"))]
pub mod ex2_trapezoid;
#[cfg(not(feature = "reference"))]
pub mod ex3_uneven_batches;
#[cfg(not(feature = "reference"))]
pub mod ex4_which_is_better;
#[cfg(not(feature = "reference"))]
pub mod ex5_power_cut;
#[cfg(not(feature = "reference"))]
pub mod ex6_not_the_same_run;

#[cfg(feature = "reference")]
pub use solutions_05::*;

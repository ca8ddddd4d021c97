//! Chapter 04's exercises: from a gradient to a step, alone and shared. One file each, in the order in which the chapter needs them.
//!
//! `cargo course next` says which is next, `cargo course check 04.3` judges the third, `cargo course hint 04.3` helps.
//!
//! Letters in shapes are the chapter's: N matrices of a stack, R rows, C columns. `world` is the number of ranks.

#[cfg(not(feature = "reference"))]
pub mod ex1_first_green;
#[cfg(not(feature = "reference"))]
pub mod ex2_adamw;
#[cfg(not(feature = "reference"))]
pub mod ex3_orthogonalise;
#[cfg(not(feature = "reference"))]
pub mod ex4_who_owns_what;
#[cfg(not(feature = "reference"))]
pub mod ex5_same_order;
#[cfg(not(feature = "reference"))]
pub mod ex6_three_phases;

#[cfg(feature = "reference")]
pub use solutions_04::*;

//! Chapter 06's exercises: making the step fast. One file each, in the order in which the chapter needs them.
//!
//! `cargo course next` says which is next, `cargo course check 06.3` judges the third, `cargo course hint 06.3` helps.
//!
//! Letters in shapes are the chapter's: B rows, T positions, N = B · T, C width, D head width, V vocabulary, L layers. Where
//! numbers come as slices, a slice is one row.

#[cfg(not(feature = "reference"))]
pub mod ex10_relu_squared;
#[cfg(not(feature = "reference"))]
pub mod ex1_first_green;
#[cfg(not(feature = "reference"))]
pub mod ex2_step_on_paper;
#[cfg(not(feature = "reference"))]
pub mod ex3_add_norm;
#[cfg(not(feature = "reference"))]
pub mod ex4_turning_back;
#[cfg(not(feature = "reference"))]
pub mod ex5_online_softmax;
#[cfg(not(feature = "reference"))]
pub mod ex6_loss_on_the_way;
#[cfg(not(feature = "reference"))]
pub mod ex7_bf16_bugs;
#[cfg(not(feature = "reference"))]
pub mod ex8_by_chance;
#[cfg(not(feature = "reference"))]
pub mod ex9_fusion_plan;

#[cfg(feature = "reference")]
pub use solutions_06::*;

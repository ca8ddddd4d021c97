//! Chapter 06's exercises: making the step fast. One file each, in the order in which the chapter needs them.
//!
//! `cargo course next` says which is next, `cargo course check 06.3` judges the third, `cargo course hint 06.3` helps.
//!
//! Letters in shapes are the chapter's: B rows, T positions, N = B · T, C width, D head width, V vocabulary, L layers. Where
//! numbers come as slices, a slice is one row.

pub mod ex10_relu_squared;
pub mod ex1_first_green;
pub mod ex2_step_on_paper;
pub mod ex3_add_norm;
pub mod ex4_turning_back;
pub mod ex5_online_softmax;
pub mod ex6_loss_on_the_way;
pub mod ex7_bf16_bugs;
pub mod ex8_by_chance;
pub mod ex9_fusion_plan;
